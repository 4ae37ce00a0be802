/** A checkout that root owns: the documented command as another user, and `npx vambe` out of habit as root. */
import { type ExecFileException, execFile } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isBuilt } from '../../../scripts/build-state.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const otherUser = 65_534;

async function makeCheckout() {
  const parent = await mkdtemp(join(tmpdir(), 'vambe-checkout-'));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  chmodSync(parent, 0o755);
  const checkout = join(parent, 'clone');
  const home = join(parent, 'home');
  for (const folder of [checkout, home]) mkdirSync(folder);
  chownSync(home, otherUser, otherUser);
  const own = ['.npmrc', 'package.json', 'package-lock.json', 'vambe', 'dist', 'src', 'scripts', 'taxonomies'];
  for (const name of own) cpSync(join(root, name), join(checkout, name), { recursive: true, preserveTimestamps: true });
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
  return { checkout, home };
}

type Place = Awaited<ReturnType<typeof makeCheckout>>;

function runIn({ checkout, home }: Place, program: string, args: readonly string[], uid = 0) {
  const { PATH } = process.env;
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const env = { PATH, HOME: home, npm_config_offline: 'true', npm_config_update_notifier: 'false' };
    execFile(program, args, { cwd: checkout, env, uid, gid: uid }, (error: ExecFileException | null, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

function timesOf(folder: string): Record<string, number> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(files.map((file) => [file, statSync(join(folder, file)).mtimeMs]));
}

/** The reason for which these tests cannot run here; undefined: they can. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root: it becomes another user';
  return isBuilt(root) ? undefined : 'needs a build: run "npm run build"';
}

const why = obstacle();

const printsVersion = { code: 0, stdout: expect.stringMatching(/^\d/) };

describe.skipIf(why !== undefined)(`a checkout that root owns${why ? ` (skipped: ${why})` : ''}`, () => {
  test('runs ./vambe for a user who may not write it, and its dist/ stays as it is (N1)', async () => {
    const place = await makeCheckout();
    const before = timesOf(join(place.checkout, 'dist'));
    expect(await runIn(place, './vambe', ['--version'], otherUser)).toMatchObject(printsVersion);
    expect(timesOf(join(place.checkout, 'dist'))).toEqual(before);
  });

  test('keeps its dist/ as it is when npx runs in it, first, again and twice at a time, even after a change of a source (N1)', async () => {
    const place = await makeCheckout();
    const before = timesOf(join(place.checkout, 'dist'));
    const npx = () => runIn(place, 'npx', ['vambe', '--version']);
    expect(await npx()).toMatchObject(printsVersion);
    writeFileSync(join(place.checkout, 'src', 'new.ts'), '');
    for (const ended of await Promise.all([npx(), npx()])) expect(ended).toMatchObject(printsVersion);
    expect(timesOf(join(place.checkout, 'dist'))).toEqual(before);
  }, 180_000);
});
