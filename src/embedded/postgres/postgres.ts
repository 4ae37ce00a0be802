/** Runs the embedded PostgreSQL: one postmaster on a loopback port, with a log file of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { folderUnusable, freeMegabytes } from '../data-folder.ts';
import { openLog } from '../log-file.ts';
import { findFreePort, loopback } from '../loopback-port.ts';
import { readText } from '../private-file.ts';
import { knowProcess } from '../process-identity.ts';
import type { ServerProcess } from '../server-processes.ts';
import type { RunningServer } from '../supervise.ts';
import { findPostgresHome, prepareBinaries, thisMachine } from './postgres-binaries.ts';
import { type ClusterRequest, clusterFolder, prepareCluster, syncCluster } from './postgres-cluster.ts';
import { disarmPidFile, endPostgres, endPostgresRest } from './postgres-leftovers.ts';
import { choosePostgresUser } from './postgres-user.ts';

export interface PostgresRequest {
  readonly dataDir: string;
  readonly password: string;
  readonly isNewPassword: boolean;
  /** The port to take at the first start if it is free; 0: none. */
  readonly lastPort: number;
}

/** Room for a segment of the write-ahead log and for the files of a crash recovery. */
const startMegabytes = 32;
/** A recovery after a crash may read a gigabyte of write-ahead log. */
const startTimeoutMs = 300_000;
const portAttempts = 4;
const pollMs = 10;

/** Creates or checks the database, and returns the function that starts it. Throws EMBEDDED_UNAVAILABLE, DATA_FOLDER_UNUSABLE. */
export async function preparePostgres(
  request: PostgresRequest,
): Promise<(port: number | undefined) => Promise<RunningServer>> {
  const { dataDir, password, isNewPassword, lastPort } = request;
  const binaries = prepareBinaries(findPostgresHome(thisMachine()), dataDir);
  const user = await choosePostgresUser(binaries, dataDir);
  const clusterRequest: ClusterRequest = { dataDir, binaries, user, password, isNewPassword };
  const cluster = clusterFolder(dataDir);
  disarmPidFile(cluster); // `postgres --single` checks this file too.
  let isUnsynced = await prepareCluster(clusterRequest);

  return async (port) => {
    // Backends of a dead postmaster keep its shared memory, and PostgreSQL would refuse to start.
    await endPostgresRest(cluster);
    disarmPidFile(cluster);
    const server = await startOnPort(clusterRequest, port ?? lastPort, port !== undefined);
    if (isUnsynced) void syncCluster(clusterRequest, cluster);
    isUnsynced = false;
    return server;
  };
}

async function startOnPort(request: ClusterRequest, wanted: number, mustBeThatPort: boolean): Promise<RunningServer> {
  for (let attempt = 1; ; attempt++) {
    const port = mustBeThatPort ? wanted : await findFreePort(wanted);
    const outcome = await startPostmaster(request, port);
    if ('server' in outcome) return outcome.server;
    // Another program took the port after the check.
    if (!mustBeThatPort && attempt < portAttempts && /could not (bind|create any TCP)/.test(outcome.log)) continue;
    throw startFailed(request.dataDir, outcome.log);
  }
}

async function startPostmaster(
  { user, binaries, dataDir }: ClusterRequest,
  port: number,
): Promise<{ server: RunningServer } | { log: string }> {
  const cluster = clusterFolder(dataDir);
  const log = openLog(postgresLog(dataDir));
  const settings = Object.entries(serverSettings(port)).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const { program, args, ...identity } = user.command(binaries.postgres, ['-D', cluster, ...settings]);
  const child = spawn(program, args, {
    ...identity,
    cwd: cluster,
    stdio: ['ignore', log.descriptor, log.descriptor],
    detached: true,
  });
  log.close();
  const ended = endOf(child);
  let reason: string | undefined;
  void ended.then((words) => {
    reason = words;
  });
  for (const until = Date.now() + startTimeoutMs; reason === undefined; await sleep(pollMs)) {
    if (isReady(cluster, child)) return { server: runningServer(child, port, ended) };
    if (Date.now() > until) {
      child.kill('SIGQUIT');
      reason = `not ready after ${startTimeoutMs / 1000} s`;
    }
  }
  return { log: log.readNew() || reason };
}

/** Reads line 8 of postmaster.pid, as `pg_ctl -w` does. */
function isReady(cluster: string, child: ChildProcess): boolean {
  const lines = (readText(join(cluster, 'postmaster.pid')) ?? '').split('\n');
  return Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready';
}

/**
 * TCP only: a socket file would limit the path to 107 bytes. Errors of statements are not logged, because their text and
 * values may be personal data; the client reports them.
 */
function serverSettings(port: number): Record<string, string | number> {
  return {
    listen_addresses: loopback,
    port,
    unix_socket_directories: '',
    max_connections: 100,
    shared_buffers: '32MB',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    logging_collector: 'off',
    log_checkpoints: 'off',
    log_min_messages: 'log',
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    password_encryption: 'scram-sha-256',
  };
}

function runningServer(child: ChildProcess, port: number, ended: Promise<string>): RunningServer {
  const known: ServerProcess = { ...knowProcess(child.pid ?? 0), role: 'postgres' };
  return {
    port,
    processes: [known],
    ended,
    ping: () => askForTls(port),
    kill: () => {
      child.kill('SIGKILL');
    },
    async stop() {
      await endPostgres(known);
    },
  };
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `ended with code ${code}`));
  });
}

/**
 * SSLRequest ("do you support TLS?") is the shortest message that PostgreSQL answers without a password. A postmaster that
 * can no longer fork does not answer. https://www.postgresql.org/docs/15/protocol-message-formats.html
 */
function askForTls(port: number): Promise<void> {
  const request = Buffer.alloc(8);
  request.writeInt32BE(8, 0);
  request.writeInt32BE(80_877_103, 4);
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: loopback, timeout: 2_000 });
    socket.once('connect', () => socket.write(request));
    socket.once('data', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => socket.destroy(new Error('no answer')));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed without an answer')));
  });
}

function startFailed(dataDir: string, log: string): Error {
  const telling = log.split('\n').filter((line) => /FATAL|PANIC|ERROR/.test(line));
  const words = (telling.length > 0 ? telling : log.trim().split('\n')).slice(0, 3).join(' | ');
  const free = freeMegabytes(dataDir);
  const room = free < startMegabytes ? `; its disk has ${free} MB left, and ${startMegabytes} MB are needed` : '';
  const reason = `PostgreSQL did not start (${words}${room}). Its log is ${postgresLog(dataDir)}; restore the folder from a copy if it is damaged`;
  return folderUnusable(clusterFolder(dataDir), reason);
}

const postgresLog = (dataDir: string) => join(dataDir, 'postgres.log');
