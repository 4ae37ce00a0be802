import { mkdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { PostgresBinaries } from '../../../src/embedded/postgres-binaries.ts';
import { choosePostgresUser } from '../../../src/embedded/postgres-user.ts';
import { makeDataDir } from './owner.ts';

const binaries: PostgresBinaries = {
  home: '/usr',
  libraryPath: undefined,
  initdb: '/usr/initdb',
  postgres: '/usr/postgres',
};
const outcomes = (codes: (number | null)[]) => async () => ({ code: codes.shift() ?? null, stderr: 'no' });

async function choose(options: { codes: (number | null)[]; uid: number; mode?: number }) {
  const dataDir = await makeDataDir();
  mkdirSync(dataDir, { mode: options.mode ?? 0o755 });
  return choosePostgresUser(binaries, dataDir, { uid: options.uid, tryProgram: outcomes(options.codes) });
}

test('an ordinary user runs PostgreSQL as it is, without a try', async () => {
  const user = await choose({ codes: [], uid: 1_000 });
  expect(user).toMatchObject({ how: 'as is', owner: undefined });
  expect(user.command('/usr/postgres', ['-V'])).toMatchObject({ program: '/usr/postgres', args: ['-V'] });
});

test('root runs it in a user namespace', async () => {
  const user = await choose({ codes: [0], uid: 0 });
  expect(user.how).toBe('user namespace');
  expect(user.command('/usr/postgres', ['-V'])).toMatchObject({
    program: 'unshare',
    args: ['--user', '--map-user=1000', '/usr/postgres', '-V'],
  });
});

// mkdtemp's folder is 0700, so the way to the data folder is closed to everybody else.
test('H7 root without user namespaces is told which folder keeps "nobody" out', async () => {
  const refused = choose({ codes: [1], uid: 0 });
  await expect(refused).rejects.toMatchObject({ code: 'EMBEDDED_UNAVAILABLE', exitCode: 6 });
  await expect(refused).rejects.toThrow(/"nobody" cannot enter \/.*VAMBE_DATA_DIR.*POSTGRES_HOST/);
});

test('the environment of the server is fixed, whatever stands in ours', async () => {
  const { env } = (await choose({ codes: [], uid: 1_000 })).command('/usr/postgres', []);
  expect(env).toEqual({ PATH: expect.any(String), LC_ALL: 'C', TZ: 'UTC' });
});
