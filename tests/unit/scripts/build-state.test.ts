import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { buildAlone, isBuildNewest, isBuilt, markBuilt } from '../../../scripts/build-state.mjs';

const marker = 'dist/taxonomies/sales-meeting.cues.json';
const old = new Date('2026-01-01T00:00:00Z');
const built = new Date('2026-01-02T00:00:00Z');
const later = new Date('2026-01-03T00:00:00Z');

/** A checkout whose sources are old; with `builtAt` it has a dist/. */
function makeCheckout(builtAt?: Date): string {
  const root = mkdtempSync(path.join(tmpdir(), 'vambe-build-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const files = ['src/a/b.ts', 'taxonomies/x.yaml', 'scripts/build.mjs', 'package.json', ...(builtAt ? [marker] : [])];
  for (const file of files) {
    mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(root, file), '');
  }
  for (const entry of [...files, 'src', 'src/a', 'taxonomies']) utimesSync(path.join(root, entry), old, old);
  if (builtAt) markBuilt(root, builtAt);
  return root;
}

describe('"prepare" (N1)', () => {
  test('leaves a dist/ alone that is newer than its sources', () => {
    const root = makeCheckout(built);
    expect([isBuilt(root), isBuildNewest(root)]).toEqual([true, true]);
  });

  test('builds where there is no dist/, or one of a build that never ended', () => {
    const root = makeCheckout();
    mkdirSync(path.join(root, 'dist/cli'), { recursive: true });
    writeFileSync(path.join(root, 'dist/cli/main.js'), '');
    expect([isBuilt(root), isBuildNewest(root)]).toEqual([false, false]);
  });

  test.each(['src/a/b.ts', 'taxonomies/x.yaml', 'scripts/build.mjs', 'package.json'])(
    'builds after a change of %s',
    (file) => {
      const root = makeCheckout(built);
      utimesSync(path.join(root, file), later, later);
      expect(isBuildNewest(root)).toBe(false);
    },
  );

  test('builds after a source was deleted', () => {
    const root = makeCheckout(built);
    rmSync(path.join(root, 'src/a/b.ts'));
    expect(isBuildNewest(root)).toBe(false);
  });

  test('builds where a source was saved while the last build ran', () => {
    const root = makeCheckout(old);
    utimesSync(path.join(root, 'src/a/b.ts'), built, built);
    markBuilt(root, old);
    expect(isBuildNewest(root)).toBe(false);
  });
});

describe('builds at the same time (N1)', () => {
  test('run one after the other, and the second sees what the first has built', async () => {
    const root = makeCheckout();
    let running = 0;
    let builds = 0;
    const isNeeded = () => builds === 0;
    const build = async () => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      builds += 1;
    };
    await Promise.all([1, 2, 3].map(() => buildAlone(root, { isNeeded, build, pollMs: 1 })));
    expect(builds).toBe(1);
  });

  test('do not wait for one that was killed', async () => {
    const root = makeCheckout();
    const killed = spawn(process.execPath, ['--eval', '']);
    await once(killed, 'exit');
    mkdirSync(path.join(root, 'build'));
    writeFileSync(path.join(root, 'build/.lock'), String(killed.pid));
    let builds = 0;
    await buildAlone(root, { isNeeded: () => true, build: () => void builds++, pollMs: 1 });
    expect(builds).toBe(1);
  });

  test('end with the name of the lock when a running one keeps it', async () => {
    const root = makeCheckout();
    mkdirSync(path.join(root, 'build'));
    writeFileSync(path.join(root, 'build/.lock'), String(process.pid));
    const waiting = buildAlone(root, { isNeeded: () => true, build: () => {}, timeoutMs: 5, pollMs: 1 });
    await expect(waiting).rejects.toThrow('.lock');
  });

  test('give the lock back after one that failed', async () => {
    const root = makeCheckout();
    const failing = { isNeeded: () => true, build: () => Promise.reject(new Error('no')), pollMs: 1 };
    await expect(buildAlone(root, failing)).rejects.toThrow('no');
    await expect(buildAlone(root, failing)).rejects.toThrow('no');
  });
});
