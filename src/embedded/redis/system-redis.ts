/** Runs the redis-server that is installed on this machine, for VAMBE_BROKER=system. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LogFile, openLog } from '../log-file.ts';
import { findFreePort, loopback } from '../loopback-port.ts';
import { knowProcess, waitForEnd } from '../process-identity.ts';
import { serverUnavailable } from '../unavailable.ts';
import type { BrokerEngine, EngineRequest } from './broker-engine.ts';
import { brokerLog, systemRedisFolder } from './broker-files.ts';
import { CommandLine } from './redis-wire.ts';

const loadTimeoutMs = 280_000;
const stopTimeoutMs = 3_500;
const portAttempts = 4;
const pollMs = 20;

/** Exit code of a process whose redis-server ended while it ran. */
const serverEnded = 71;

/** Throws EMBEDDED_UNAVAILABLE when there is no redis-server on PATH. */
export async function startSystemRedis(request: EngineRequest): Promise<BrokerEngine> {
  for (let attempt = 1; ; attempt++) {
    const port = request.port === 0 ? await findFreePort() : request.port;
    const outcome = await tryStart(request, port);
    if ('engine' in outcome) return outcome.engine;
    const isPortTaken = /Address already in use/.test(outcome.log);
    if (isPortTaken && request.port === 0 && attempt < portAttempts) continue;
    if (isPortTaken) throw Object.assign(new Error(`port ${port} is taken`), { code: 'EADDRINUSE' });
    throw new Error(`redis-server ended while it started: ${outcome.log.trim().split('\n').slice(-3).join(' | ')}`);
  }
}

async function tryStart(
  { dataDir, password }: EngineRequest,
  port: number,
): Promise<{ engine: BrokerEngine } | { log: string }> {
  const folder = systemRedisFolder(dataDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const log = openLog(brokerLog(dataDir));
  // The configuration goes through stdin, so that the password appears neither in a file nor in the process list.
  const child = spawn('redis-server', ['-'], {
    cwd: folder,
    stdio: ['pipe', log.descriptor, log.descriptor],
    detached: true,
  });
  log.close();
  process.once('exit', () => child.kill('SIGKILL')); // Until it is ready, no other process can stop it.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(configuration(port, password));
  const socket = await waitUntilLoaded(child, { port, password });
  return socket ? { engine: systemEngine(child, port, socket) } : { log: lastWords(child, log) };
}

function configuration(port: number, password: string): string {
  return [
    `bind ${loopback}`,
    `port ${port}`,
    `requirepass ${password}`,
    'daemonize no',
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'maxmemory-policy noeviction',
    '',
  ].join('\n');
}

interface OwnLine {
  readonly socket: Socket;
  readonly line: CommandLine;
}

async function waitUntilLoaded(
  child: ChildProcess,
  { port, password }: { port: number; password: string },
): Promise<OwnLine | undefined> {
  let hasEnded = false;
  child.once('exit', () => {
    hasEnded = true;
  });
  child.once('error', () => {
    hasEnded = true;
  });
  for (const until = Date.now() + loadTimeoutMs; !hasEnded && Date.now() < until; await sleep(pollMs)) {
    const own = await openLine(port);
    if (!own) continue;
    const closed = new Promise<string>((resolve) => own.socket.once('close', () => resolve('')));
    await Promise.race([own.line.ask('AUTH', password), closed]);
    // It answers LOADING until it has read its files.
    if ((await Promise.race([own.line.ask('PING'), closed])) === '+PONG') return own;
    own.socket.destroy();
  }
  child.kill('SIGKILL');
  return undefined;
}

function openLine(port: number): Promise<OwnLine | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: loopback, noDelay: true });
    const line = new CommandLine((bytes) => socket.write(bytes));
    socket.on('data', (bytes) => line.receive(bytes));
    socket.once('connect', () => resolve({ socket, line }));
    socket.once('error', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
  });
}

function systemEngine(child: ChildProcess, port: number, { line }: OwnLine): BrokerEngine {
  const known = knowProcess(child.pid ?? 0);
  let isStopping = false;
  child.once('exit', () => {
    if (!isStopping) process.exit(serverEnded); // The host starts both again.
  });
  return {
    port,
    processes: [known],
    savesItself: true,
    ask: (...words) => line.ask(...words),
    closeClients: () => undefined, // Its own shutdown closes clients before the last write.
    async stop() {
      isStopping = true;
      child.kill('SIGTERM');
      if (!(await waitForEnd(known, stopTimeoutMs))) child.kill('SIGKILL');
    },
  };
}

function lastWords(child: ChildProcess, log: LogFile): string {
  if (child.pid === undefined) {
    throw serverUnavailable(
      'system broker',
      'VAMBE_BROKER=system needs the program redis-server, which is not on PATH.',
    );
  }
  return log.readNew();
}
