import { mkdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { PostgresBinaries } from '../../../src/embedded/postgres/postgres-binaries.ts';
import { choosePostgresUser } from '../../../src/embedded/postgres/postgres-user.ts';
import type { Command } from '../../../src/embedded/postgres/run-program.ts';
import { makeDataDir } from './owner.ts';

const binaries: PostgresBinaries = {
  home: '/usr',
  libraryPath: undefined,
  initdb: '/usr/initdb',
  postgres: '/usr/postgres',
};
const root = 'root:x:0:0:root:/root:/bin/bash\n';
const daemon = 'daemon:x:7:8::/:/bin/false\n';
const nobody = 'nobody:x:65534:65533::/:/bin/false\n';

interface Situation {
  uid: number;
  /** Exit codes of the programs tried, in order. */
  codes?: (number | null)[];
  hasName?: boolean;
  passwd?: string;
  mode?: number;
}

async function choose({ uid, codes = [], hasName = true, passwd = root + daemon + nobody, mode = 0o755 }: Situation) {
  const dataDir = await makeDataDir();
  mkdirSync(dataDir, { mode });
  const tried: Command[] = [];
  const user = await choosePostgresUser(binaries, dataDir, {
    uid,
    hasName: () => hasName,
    passwd: () => passwd,
    tryProgram: async (command) => {
      tried.push(command);
      return { code: codes.shift() ?? null, stderr: 'no' };
    },
  });
  return { user, tried, dataDir };
}

test('an ordinary user runs PostgreSQL as it is, without a try', async () => {
  const { user, tried } = await choose({ uid: 1_000 });
  expect(tried).toEqual([]);
  expect(user).toMatchObject({ how: 'as is', owner: undefined });
  expect(user.command('/usr/postgres', ['-V'])).toMatchObject({ program: '/usr/postgres', args: ['-V'] });
});

test('root runs it in a user namespace as "nobody", and tries the checks that initdb makes of its user (V1)', async () => {
  const { user, tried, dataDir } = await choose({ uid: 0, codes: [0] });
  expect(user).toMatchObject({ how: 'user namespace', owner: { uid: 0, gid: 0 } });
  const prefix = ['--user', '--map-user=65534'];
  expect(user.command('/usr/postgres', ['-D', 'x'])).toMatchObject({
    program: 'unshare',
    args: [...prefix, '/usr/postgres', '-D', 'x'],
  });
  expect(tried).toMatchObject([{ program: 'unshare', args: [...prefix, '/usr/initdb', '--show', '-D', dataDir] }]);
});

test.each([
  ['no "nobody"', root + daemon, 7],
  ['"nobody" with another id', `${root}nobody:x:99:99::/:/bin/false\n`, 99],
  ['lines that are no accounts', `# local\n\n+::::::\nbroken:x\ntoor:x:0:0::/:/bin/sh\n${daemon}`, 7],
])('a passwd file with %s is enough for a user namespace (V1)', async (_what, passwd, mapped) => {
  const { user } = await choose({ uid: 0, codes: [0], passwd });
  expect(user.command('/usr/postgres', []).args).toContain(`--map-user=${mapped}`);
});

test.each([root, ''])(
  'root is told which line to add to a passwd file without other users: %j (V1)',
  async (passwd) => {
    const refused = choose({ uid: 0, passwd });
    await expect(refused).rejects.toMatchObject({ code: 'EMBEDDED_UNAVAILABLE', exitCode: 6 });
    await expect(refused).rejects.toThrow(/"nobody:x:65534:65534::\/:\/bin\/false".*POSTGRES_HOST/);
  },
);

test('a user id without a name runs it in a user namespace, and the data stays its own (V2)', async () => {
  const { user } = await choose({ uid: 12_345, hasName: false, codes: [0] });
  expect(user).toMatchObject({ how: 'user namespace', owner: undefined });
});

test('a user id without a name is told the line to add where user namespaces are refused (V2)', async () => {
  const refused = choose({ uid: 12_345, hasName: false, codes: [1] });
  await expect(refused).rejects.toMatchObject({ code: 'EMBEDDED_UNAVAILABLE', exitCode: 6 });
  await expect(refused).rejects.toThrow(/"vambe:x:12345:0::\/:\/bin\/false" to \/etc\/passwd.*POSTGRES_HOST/);
});

// mkdtemp's folder is 0700, so the way to the data folder is closed to everybody else.
test('H7 root without user namespaces is told which folder keeps "nobody" out', async () => {
  const refused = choose({ uid: 0, codes: [1] });
  await expect(refused).rejects.toMatchObject({ code: 'EMBEDDED_UNAVAILABLE', exitCode: 6 });
  await expect(refused).rejects.toThrow(/"nobody" cannot enter \/.*VAMBE_DATA_DIR.*POSTGRES_HOST/);
});

test('the environment of the server is fixed and does not depend on ours', async () => {
  const { user } = await choose({ uid: 1_000 });
  const { env } = user.command('/usr/postgres', []);
  expect(env).toEqual({ PATH: expect.any(String), LC_ALL: 'C', TZ: 'UTC' });
});
