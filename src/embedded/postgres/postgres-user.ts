/** Chooses the user that PostgreSQL runs as: PostgreSQL refuses root and a user without a name. */
import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { serverUnavailable } from '../unavailable.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { type Command, type Finished, runProgram } from './run-program.ts';

export interface PostgresUser {
  readonly how: 'as is' | 'user namespace' | 'nobody';
  /** The user that must own the data; undefined: the present owner. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** The command line to run a PostgreSQL binary as this user. */
  command(program: string, args: readonly string[]): Command;
}

/** Facts about this machine; tests pass their own. */
export interface UserFacts {
  /** undefined: Windows, which has no user ids. */
  readonly uid: number | undefined;
  /** Whether this process's user has a name. */
  readonly hasName: () => boolean;
  /** Text of /etc/passwd; empty where there is none. */
  readonly passwd: () => string;
  readonly tryProgram: (command: Command) => Promise<Finished>;
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Throws EMBEDDED_UNAVAILABLE when no user of this machine can run it. */
export async function choosePostgresUser(
  binaries: PostgresBinaries,
  dataDir: string,
  facts: Partial<UserFacts> = {},
): Promise<PostgresUser> {
  const { uid, hasName, passwd, tryProgram } = { ...thisUser(), ...facts };
  const env = postgresEnvironment(binaries);
  if (uid === undefined || (uid !== 0 && hasName())) {
    return { how: 'as is', owner: undefined, command: (program, args) => ({ program, args, env }) };
  }
  const accounts = readAccounts(passwd());
  const tryAs = (user: PostgresUser) => tryProgram(user.command(binaries.initdb, probeArguments(dataDir)));

  const unprivileged = accounts.find(({ name }) => name === 'nobody');
  const named = unprivileged ?? accounts[0];
  if (named === undefined) throw noAccount(uid);
  const inNamespace: PostgresUser = {
    how: 'user namespace',
    owner: uid === 0 ? { uid: 0, gid: 0 } : undefined,
    command: (program, args) => ({
      program: 'unshare',
      args: ['--user', `--map-user=${named.uid}`, program, ...args],
      env,
    }),
  };
  if ((await tryAs(inNamespace)).code === 0) return inNamespace;
  if (uid !== 0) throw noName(uid);
  // In a namespace only the name of the account is used. Here the account would own the data, so a person's account is no choice.
  if (unprivileged === undefined) throw noAccount(uid);

  const owner = { uid: unprivileged.uid, gid: unprivileged.gid };
  const asNobody: PostgresUser = {
    how: 'nobody',
    owner,
    command: (program, args) => ({ program, args, env, ...owner }),
  };
  const closed = [dataDir, binaries.home].flatMap(pathUpwards).find((folder) => isClosedTo(folder, owner.uid));
  const outcome = closed === undefined ? await tryAs(asNobody) : undefined;
  if (outcome?.code === 0) return asNobody;
  throw nobodyCannot(closed === undefined ? `run it (${outcome?.stderr.trim() ?? 'no answer'})` : `enter ${closed}`);
}

/**
 * With --show, initdb checks the user and exits before it writes anything. `postgres -V` exits before these checks and
 * would succeed for a user that initdb refuses.
 */
function probeArguments(dataDir: string): readonly string[] {
  return ['--show', '-D', dataDir];
}

function thisUser(): UserFacts {
  return { uid: process.getuid?.(), hasName, passwd: readPasswd, tryProgram: runProgram };
}

function hasName(): boolean {
  try {
    return userInfo().username !== '';
  } catch {
    return false;
  }
}

function readPasswd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return ''; // Container images built from scratch have no such file.
  }
}

/** Every account whose user id is not 0. */
function readAccounts(passwd: string): Account[] {
  return passwd
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([name, , uid, gid]) => name && /^[1-9]\d*$/.test(uid ?? '') && /^\d+$/.test(gid ?? ''))
    .map(([name, , uid, gid]) => ({ name: String(name), uid: Number(uid), gid: Number(gid) }));
}

function nobodyCannot(obstacle: string): Error {
  const reason =
    'PostgreSQL does not run as root, user namespaces are refused here, and the user "nobody" cannot ' +
    `${obstacle}. Run as an ordinary user, or set VAMBE_DATA_DIR to a folder that others may enter.`;
  return serverUnavailable('postgres', reason);
}

function noAccount(uid: number): Error {
  if (uid !== 0) return noName(uid);
  const reason =
    'PostgreSQL does not run as root, and /etc/passwd has no user "nobody" to run it as. ' +
    'Add the line "nobody:x:65534:65534::/:/bin/false" to it.';
  return serverUnavailable('postgres', reason);
}

function noName(uid: number): Error {
  const reason =
    `PostgreSQL looks up the name of its user, and the user id ${uid} has none here. ` +
    `Add the line "vambe:x:${uid}:0::/:/bin/false" to /etc/passwd.`;
  return serverUnavailable('postgres', reason);
}

/**
 * A fixed environment, because the caller's variables (PGPORT, LD_PRELOAD, a locale that is not installed) would change
 * what the server does. On Windows the caller's environment is passed on: opening a socket needs its variables.
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

/** Checks mode bits. Starting a program proves nothing, because Node enters the working folder while it is still root. */
function isClosedTo(folder: string, uid: number): boolean {
  const { mode, uid: owner } = statSync(folder);
  return owner !== uid && (mode & 1) === 0;
}

function pathUpwards(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...pathUpwards(parent)];
}
