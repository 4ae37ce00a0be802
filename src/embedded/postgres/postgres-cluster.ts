/** The files of the embedded database: created once, checked at each start, and left as they are when the check fails. */

import { randomUUID } from 'node:crypto';
import {
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { AppError } from '../../core/errors.ts';
import { checkRoom, folderUnusable } from '../data-folder.ts';
import { readText } from '../private-file.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import type { PostgresUser } from './postgres-user.ts';
import { type Finished, runProgram } from './run-program.ts';

export const databaseName = 'vambe';
export const databaseUser = 'vambe';
const majorVersion = '15';
/** 55 MB of files (two databases and their templates, one log segment) plus room to grow. */
const newClusterMegabytes = 100;
const initdbTimeoutMs = 120_000;

export interface ClusterRequest {
  readonly dataDir: string;
  readonly binaries: PostgresBinaries;
  readonly user: PostgresUser;
  readonly password: string;
  /** The file with the password was lost, so the cluster still has another one. */
  readonly isNewPassword: boolean;
}

export const clusterFolder = (dataDir: string) => join(dataDir, 'postgres');

/** Creates the cluster (returns true) or checks the existing one (returns false). Throws DATA_FOLDER_UNUSABLE. */
export async function prepareCluster(request: ClusterRequest): Promise<boolean> {
  const cluster = clusterFolder(request.dataDir);
  if (isMissing(cluster)) {
    await createCluster(request, cluster);
    return true;
  }
  checkVersion(cluster);
  giveTo(request.user, cluster);
  if (request.isNewPassword) {
    await runSql(request, cluster, `ALTER ROLE ${databaseUser} PASSWORD '${request.password}'`);
  }
  return false;
}

/**
 * Flushes a new cluster to the disk. initdb skips that (--no-sync), because it takes longer than all other steps; it is done
 * while the server already runs. A power cut before it has finished may lose the new database.
 */
export async function syncCluster({ binaries, user }: ClusterRequest, cluster: string): Promise<void> {
  await runProgram(user.command(binaries.initdb, ['--sync-only', '-D', cluster]), {
    cwd: cluster,
    timeoutMs: initdbTimeoutMs,
  });
}

function isMissing(cluster: string): boolean {
  if (!existsSync(cluster)) return true;
  return statSync(cluster).isDirectory() && readdirSync(cluster).length === 0;
}

function checkVersion(cluster: string): void {
  const found = readText(join(cluster, 'PG_VERSION'))?.trim();
  if (found === majorVersion) return;
  if (found === undefined) {
    const reason = 'it is not empty and holds no database (no PG_VERSION). Nothing was changed.';
    throw folderUnusable(cluster, `${reason} Empty it, or restore it from a copy`);
  }
  const version = /^\d+$/.test(found) ? `was made by PostgreSQL ${found}` : 'has a damaged PG_VERSION file';
  const reason = `it ${version}, this program brings PostgreSQL ${majorVersion}. Nothing was changed.`;
  throw folderUnusable(cluster, `${reason} Restore it from a copy, or set POSTGRES_HOST to a server of that version`);
}

/**
 * Created under a new temporary name each time, then renamed. A killed initdb leaves nothing that looks like a database,
 * and an initdb that a killed host left running keeps writing to its own folder.
 */
async function createCluster(request: ClusterRequest, cluster: string): Promise<void> {
  const { dataDir, user, password, binaries } = request;
  removeDrafts(dataDir);
  checkRoom(dataDir, newClusterMegabytes);
  const draft = join(dataDir, `postgres.new.${randomUUID()}`);
  const passwordFile = `${draft}.password`;
  try {
    mkdirSync(draft, { mode: 0o700 });
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (user.owner) for (const path of [draft, passwordFile]) chownSync(path, user.owner.uid, user.owner.gid);
    const initdb = user.command(binaries.initdb, initdbArguments(draft, passwordFile));
    checkFinished(dataDir, 'initdb', await runProgram(initdb, { cwd: draft, timeoutMs: initdbTimeoutMs }));
    // file_copy takes half the time of the default, and no other work is running that it could slow down.
    await runSql(request, draft, `CREATE DATABASE ${databaseName} STRATEGY = file_copy`, ['-F']);
    if (existsSync(cluster)) rmdirSync(cluster);
    renameSync(draft, cluster);
  } finally {
    for (const path of [draft, passwordFile]) rmSync(path, { recursive: true, force: true });
  }
}

/**
 * Uses ICU: with the C locale lower('Á') does nothing and Álvarez sorts after Zapata. The package contains ICU, so no
 * locale of the system is needed.
 */
function initdbArguments(draft: string, passwordFile: string): string[] {
  return [
    ...['-D', draft, '-U', databaseUser, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--no-sync'],
    ...['--no-locale', '--locale-provider=icu', '--icu-locale=und'],
  ];
}

/** Runs a statement in a single-user server without network, for changes that must be made before the real server listens. */
async function runSql(
  { user, binaries }: ClusterRequest,
  cluster: string,
  statement: string,
  flags: readonly string[] = [],
): Promise<void> {
  const command = user.command(binaries.postgres, ['--single', ...flags, '-D', cluster, 'postgres']);
  const finished = await runProgram(command, { cwd: cluster, input: `${statement};\n`, timeoutMs: 60_000 });
  // It continues after a failed statement and exits with 0.
  const failed = /^.*\b(ERROR|FATAL|PANIC):/m.test(finished.stderr);
  checkFinished(cluster, 'postgres --single', failed ? { ...finished, code: 1 } : finished);
}

function checkFinished(path: string, program: string, { code, stderr }: Finished): void {
  if (code !== 0) throw programFailed(path, program, stderr);
}

function programFailed(path: string, program: string, stderr: string): AppError {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !/STATEMENT:/.test(line));
  const telling = lines.filter((line) => /error|FATAL|PANIC|could not/i.test(line));
  const words = (telling.length > 0 ? telling : lines).slice(0, 3).join(' ').trim();
  return folderUnusable(path, `${program} failed (${words || 'it said nothing'})`);
}

function removeDrafts(dataDir: string): void {
  for (const name of readdirSync(dataDir)) {
    if (!name.startsWith('postgres.new.')) continue;
    try {
      rmSync(join(dataDir, name), { recursive: true, force: true });
    } catch {
      // A killed host's initdb is still writing there; the next start removes the folder.
    }
  }
}

/** Root may have run it as another user before. */
function giveTo({ owner, how }: PostgresUser, cluster: string): void {
  if (!owner) return;
  const isOwned = (path: string) => statSync(path).uid === owner.uid;
  if (isOwned(cluster) && (how === 'user namespace' || isOwned(join(cluster, 'PG_VERSION')))) return;
  chownAll(cluster, owner.uid, owner.gid);
}

function chownAll(path: string, uid: number, gid: number): void {
  lchownSync(path, uid, gid);
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) chownAll(join(path, name), uid, gid);
}
