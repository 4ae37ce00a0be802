// Makes dist/. With --if-needed (as npm's "prepare") it leaves a dist/ alone that is newer than its sources, and under npx every
// whole dist/: npx runs "prepare" at each call, and a worker may be running from that folder.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { buildAlone, isBuildNewest, isBuilt, markBuilt } from './build-state.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const ifNeeded = process.argv.includes('--if-needed');
const isNpx = process.env.npm_command === 'exec';

function isNeeded() {
  if (!ifNeeded) return true;
  return isNpx ? !isBuilt(root) : !isBuildNewest(root);
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

function findCompiler() {
  const { resolve } = createRequire(import.meta.url);
  try {
    resolve('esbuild');
    return resolve('typescript/bin/tsc');
  } catch {
    return fail('Building dist/ needs the development packages. Run "npm ci --include=dev".');
  }
}

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exitCode = status ?? 1;
  return status === 0;
}

function build() {
  const startedAt = new Date();
  const steps = [
    [findCompiler(), '-p', 'tsconfig.build.json'],
    ['scripts/bundle-packages.mjs'],
    ['scripts/copy-assets.mjs'],
  ];
  if (steps.every((step) => run(...step))) markBuilt(root, startedAt);
}

if (isNeeded()) {
  try {
    await buildAlone(root, { isNeeded, build });
  } catch (error) {
    if (error.code !== 'EACCES' && error.code !== 'EROFS') throw error;
    fail(`dist/ has to be built, and this user may not write ${root}. Run "npm run build" as a user who may.`);
  }
}
