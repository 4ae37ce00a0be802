// Puts into dist/ what the compiler leaves behind: the migrations, the watchdog's thread, and the taxonomy with its cues as data, so
// that a start parses neither.
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const at = (path) => fileURLToPath(new URL(path, root));

cpSync(at('src/models/migrations'), at('dist/models/migrations'), { recursive: true });
cpSync(at('src/core/process/watchdog-thread.cjs'), at('dist/core/process/watchdog-thread.cjs'));
chmodSync(at('dist/cli/main.js'), 0o755);

const { compileTaxonomy, loadTaxonomy } = await import(new URL('dist/models/taxonomy.js', root));
const { compileCues } = await import(new URL('dist/services/classification/rules/program.js', root));
const name = 'sales-meeting';
const text = readFileSync(at(`taxonomies/${name}.yaml`), 'utf8');
const compiled = compileTaxonomy(text, `${name}.yaml`);
const cues = compileCues(loadTaxonomy(text, `${name}.yaml`, compiled));
mkdirSync(at('dist/taxonomies'), { recursive: true });
writeFileSync(at(`dist/taxonomies/${name}.json`), JSON.stringify(compiled));
writeFileSync(at(`dist/taxonomies/${name}.cues.json`), JSON.stringify(cues));
