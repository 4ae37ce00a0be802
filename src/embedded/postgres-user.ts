/** Decides as whom PostgreSQL runs: it refuses root, and containers and CI often are root. */
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { type Command, type Finished, runProgram } from './run-program.ts';
import { serverUnavailable } from './unavailable.ts';

export interface PostgresUser {
  readonly how: 'as is' | 'user namespace' | 'nobody';
  /** Who has to own the data; undefined: whoever owns it now. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** The command line that runs a PostgreSQL binary as this user. */
  command(program: string, args: readonly string[]): Command;
}

/** Called with each program to try; given in tests. */
type Try = (command: Command) => Promise<Finished>;

/** Throws EMBEDDED_UNAVAILABLE when root cannot become anybody else here. */
export async function choosePostgresUser(
  binaries: PostgresBinaries,
  dataDir: string,
  { uid = process.getuid?.(), tryProgram = runProgram }: { uid?: number; tryProgram?: Try } = {},
): Promise<PostgresUser> {
  const env = postgresEnvironment(binaries);
  if (uid !== 0) return { how: 'as is', owner: undefined, command: (program, args) => ({ program, args, env }) };

  const inNamespace: PostgresUser = {
    how: 'user namespace',
    owner: { uid: 0, gid: 0 },
    command: (program, args) => ({
      program: 'unshare',
      args: ['--user', '--map-user=1000', program, ...args],
      env,
    }),
  };
  if ((await tryProgram(inNamespace.command(binaries.postgres, ['-V']))).code === 0) return inNamespace;

  const owner = findNobody();
  const asNobody: PostgresUser = {
    how: 'nobody',
    owner,
    command: (program, args) => ({ program, args, env, ...owner }),
  };
  const closed = [dataDir, binaries.home].flatMap(pathUpwards).find((folder) => isClosedTo(folder, owner.uid));
  const outcome = closed === undefined ? await tryProgram(asNobody.command(binaries.postgres, ['-V'])) : undefined;
  if (outcome?.code === 0) return asNobody;
  const obstacle = closed === undefined ? `run it (${outcome?.stderr.trim() ?? 'no answer'})` : `enter ${closed}`;
  const reason =
    'PostgreSQL does not run as root, user namespaces are refused here, and the user "nobody" cannot ' +
    `${obstacle}. Run as an ordinary user, or set VAMBE_DATA_DIR to a folder that others may enter.`;
  throw serverUnavailable('postgres', reason);
}

/**
 * A fixed environment: what stands in the caller's (PGPORT, LD_PRELOAD, a locale that is not installed) would change
 * what the server does. Windows needs its own variables to open a socket, so there the caller's is handed on.
 */
function postgresEnvironment({ libraryPath }: PostgresBinaries): Record<string, string> | undefined {
  if (process.platform === 'win32') return undefined;
  const loaderPath = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C',
    TZ: 'UTC',
    ...(libraryPath === undefined ? {} : { [loaderPath]: libraryPath }),
  };
}

function findNobody(): { uid: number; gid: number } {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const [, , uid, gid] = lines.map((line) => line.split(':')).find(([name]) => name === 'nobody') ?? [];
  return { uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534) };
}

/** By mode bits: Node changes to the working folder before it gives up root, so a program that starts proves nothing. */
function isClosedTo(folder: string, uid: number): boolean {
  const { mode, uid: owner } = statSync(folder);
  return owner !== uid && (mode & 1) === 0;
}

function pathUpwards(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...pathUpwards(parent)];
}
