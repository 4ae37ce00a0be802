// Says whether dist/ is newer than what it is built from, and lets one build run at a time.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const sources = [
  ...['src', 'taxonomies', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'],
  ...['build', 'build-state', 'bundle-packages', 'copy-assets'].map((name) => `scripts/${name}.mjs`),
];

/** The last file that a build writes: one that failed half way leaves it as it was. */
const lastBuilt = 'dist/taxonomies/sales-meeting.cues.json';

/** Whether `root` has a whole dist/, be it new or old. */
export function isBuilt(root) {
  return modifiedMs(path.join(root, lastBuilt)) !== undefined;
}

/** Whether `root` has a whole dist/ that is newer than every source. A folder counts too: it changes when a file in it is deleted. */
export function isBuildNewest(root) {
  const builtMs = modifiedMs(path.join(root, lastBuilt));
  if (builtMs === undefined) return false;
  return sources
    .flatMap((source) => filesOf(path.join(root, source)))
    .every((file) => (modifiedMs(file) ?? 0) < builtMs);
}

/** The build is as old as its start: a source saved meanwhile is newer. */
export function markBuilt(root, startedAt) {
  utimesSync(path.join(root, lastBuilt), startedAt, startedAt);
}

/** Runs `build` when no other process builds in `root`. `isNeeded` is asked after the wait. */
export async function buildAlone(root, { isNeeded, build, timeoutMs = 600_000, pollMs = 200 }) {
  const lock = path.join(root, 'build', '.lock');
  mkdirSync(path.dirname(lock), { recursive: true });
  for (const until = Date.now() + timeoutMs; !tryLock(lock); await sleep(pollMs)) {
    if (Date.now() > until) throw new Error(`Another build holds ${lock}. Delete that file if none runs.`);
  }
  try {
    if (isNeeded()) await build();
  } finally {
    rmSync(lock, { force: true });
  }
}

function tryLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  // Left by a build that was killed. An empty file is one whose process is about to write its id.
  const holder = Number(readText(lock));
  if (holder > 0 && !isRunning(holder)) rmSync(lock, { force: true });
  return false;
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function filesOf(source) {
  const within = statSync(source, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(source, { recursive: true, encoding: 'utf8' })
    : [];
  return [source, ...within.map((file) => path.join(source, file))];
}

function modifiedMs(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}
