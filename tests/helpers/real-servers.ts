/** The PostgreSQL and Redis that are installed on this machine, started on private ports and throw-away folders. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const startTimeoutMs = 30_000;
const host = '127.0.0.1';
const password = 'only-for-tests';
const database = 'vambe';

export interface RunningServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** With its defaults: fsync on, as in production. */
export async function startPostgres(folder: string): Promise<RunningServer> {
  const bin = findPostgresFolder();
  const owner = await findPostgresOwner();
  const data = join(folder, 'postgres');
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password);
  if (owner) for (const path of [folder, passwordFile]) chownSync(path, owner.uid, owner.gid);
  const initdb = [
    '-D',
    data,
    '-U',
    database,
    '-A',
    'scram-sha-256',
    `--pwfile=${passwordFile}`,
    '-E',
    'UTF8',
    '--no-sync',
  ];
  await run(join(bin, 'initdb'), initdb, { ...owner, cwd: folder });
  await createDatabase(join(bin, 'postgres'), data, owner);

  const port = await findFreePort();
  const args = ['-D', data, '-p', String(port), '-c', `listen_addresses=${host}`, '-c', 'unix_socket_directories='];
  const child = spawn(join(bin, 'postgres'), args, { ...owner, cwd: data, stdio: ['ignore', 'ignore', 'pipe'] });
  const log = collect(child);
  await waitUntil('PostgreSQL', child, log, async () => {
    const pidFile = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
    return pidFile.split('\n')[7]?.trim() === 'ready';
  });
  return {
    url: `postgresql://${database}:${password}@${host}:${port}/${database}`,
    pid: child.pid ?? 0,
    stop: () => end(child, 'SIGINT'),
  };
}

async function createDatabase(postgres: string, data: string, owner: Owner | undefined): Promise<void> {
  const child = spawn(postgres, ['--single', '-D', data, 'postgres'], {
    ...owner,
    cwd: data,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const log = collect(child);
  child.stdin.end(`CREATE DATABASE ${database};\n`);
  await once(child, 'exit');
  if (/ERROR|FATAL/.test(log())) throw new Error(`The database for the tests could not be made: ${log()}`);
}

export async function startRedis(
  folder: string,
  { persists = true }: { persists?: boolean } = {},
): Promise<RunningServer> {
  if (!isOnPath('redis-server')) {
    throw new Error('These tests need an installed redis-server on PATH (apt-get install redis-server).');
  }
  const data = await mkdtemp(join(folder, 'redis-'));
  const port = await findFreePort();
  const config = `bind ${host}\nport ${port}\n${persists ? 'appendonly yes\nappendfsync everysec' : 'save ""'}\nrequirepass ${password}\n`;
  const child = spawn('redis-server', ['-'], { cwd: data, stdio: ['pipe', 'pipe', 'inherit'] });
  const log = collect(child);
  child.stdin.end(config);
  await waitUntil('redis-server', child, log, () => answers(port));
  return { url: `redis://:${password}@${host}:${port}/0`, pid: child.pid ?? 0, stop: () => end(child, 'SIGTERM') };
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses root, so root runs it as the user that its package made. */
async function findPostgresOwner(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const [, , uid, gid] = lines.find(([name]) => name === 'postgres') ?? [];
  if (!uid || !gid)
    throw new Error('As root these tests need the system user "postgres", whom the PostgreSQL package makes.');
  return { uid: Number(uid), gid: Number(gid) };
}

function findPostgresFolder(): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const bin = versions
    .map((version) => join(root, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')));
  if (!bin) throw new Error(`These tests need an installed PostgreSQL in ${root} (apt-get install postgresql).`);
  return bin;
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes: Buffer) => {
      text = (text + bytes.toString()).slice(-4_000);
    });
  }
  return () => text;
}

async function waitUntil(
  name: string,
  child: ChildProcess,
  log: () => string,
  isReady: () => Promise<boolean>,
): Promise<void> {
  for (const until = Date.now() + startTimeoutMs; !(await isReady()); await sleep(20)) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`${name} did not start for the tests: ${log()}`);
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
