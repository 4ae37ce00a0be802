// Copies what the compiler leaves behind into dist/: the migrations, which are read at run time.
import { chmodSync, cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const at = (path) => fileURLToPath(new URL(path, root));

cpSync(at('src/models/migrations'), at('dist/models/migrations'), { recursive: true });
chmodSync(at('dist/cli/main.js'), 0o755);
