// Puts into dist/ what the compiler leaves behind: the migrations, the watchdog's thread, and the taxonomy as data, so that a start
// parses no YAML.
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const at = (path) => fileURLToPath(new URL(path, root));

cpSync(at('src/models/migrations'), at('dist/models/migrations'), { recursive: true });
cpSync(at('src/core/watchdog-thread.cjs'), at('dist/core/watchdog-thread.cjs'));
chmodSync(at('dist/cli/main.js'), 0o755);

const { compileTaxonomy } = await import(new URL('dist/models/taxonomy.js', root));
const taxonomy = 'sales-meeting';
mkdirSync(at('dist/taxonomies'), { recursive: true });
const text = readFileSync(at(`taxonomies/${taxonomy}.yaml`), 'utf8');
writeFileSync(at(`dist/taxonomies/${taxonomy}.json`), JSON.stringify(compileTaxonomy(text, `${taxonomy}.yaml`)));
