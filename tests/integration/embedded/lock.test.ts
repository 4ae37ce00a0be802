import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { findLockHolder, takeLock } from '../../../src/embedded/lock.ts';
import { makeDataDir } from './owner.ts';

let dataDir: string;
let file: string;

beforeEach(async () => {
  dataDir = await makeDataDir();
  mkdirSync(dataDir);
  file = join(dataDir, 'host.lock');
});

/** Changes the lock that this process holds into another one. */
function rewriteLock(change: Record<string, unknown>): void {
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...change }));
}

function makeOld(): void {
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(file, longAgo, longAgo);
}

test('a lock is held once, names its holder, and is free again afterwards (H1)', () => {
  const lock = takeLock(dataDir);
  expect(findLockHolder(dataDir)?.pid).toBe(process.pid);
  expect(() => takeLock(dataDir)).toThrow(`is in use by process ${process.pid} (since `);
  lock.free();
  expect(findLockHolder(dataDir)).toBeUndefined();
  expect(readdirSync(dataDir)).toEqual([]);
  takeLock(dataDir).free();
});

test.each([
  ['whose process is gone', () => rewriteLock({ pid: 2 ** 22 + 1 })],
  ['whose pid is another program’s by now', () => rewriteLock({ start: 'some other time' })],
  ['that was cut while it was written', () => writeFileSync(file, '{"pid": 12')],
  ['that is empty', () => writeFileSync(file, '')],
  ['of another run of the system', () => [rewriteLock({ place: 'another boot' }), makeOld()]],
])('a lock %s is taken over (H1)', (_title, spoil) => {
  takeLock(dataDir);
  spoil();
  const lock = takeLock(dataDir);
  expect(findLockHolder(dataDir)?.pid).toBe(process.pid);
  lock.free();
  expect(readdirSync(dataDir)).toEqual([]);
});

test('a holder in another container, whose pids we cannot see, is believed while it touches its lock (H1)', () => {
  takeLock(dataDir).touch();
  rewriteLock({ place: 'another container', host: 'container-2' });
  expect(() => takeLock(dataDir)).toThrow(/in use by process \d+ on container-2/);
});

test('a holder whose lock was taken over does not free the new one', () => {
  const old = takeLock(dataDir);
  rewriteLock({ start: 'some other time' });
  takeLock(dataDir);
  old.free();
  expect(findLockHolder(dataDir)?.pid).toBe(process.pid);
});
