/** Keeps one server alive: checks its heartbeat, kills it when it no longer answers, and restarts it on the same port. */

import { type EndStep, endProcess } from './process-identity.ts';
import type { ServerProcess } from './server-processes.ts';

/** A running server: what PostgreSQL and the broker have in common. */
export interface RunningServer {
  readonly port: number;
  readonly processes: readonly ServerProcess[];
  /** Resolves with the reason when the server has ended. */
  readonly ended: Promise<string>;
  /** Rejects or stays pending when the server does not answer. */
  ping(): Promise<void>;
  kill(): void;
  stop(): Promise<void>;
}

export type Report = (name: string, fields: Record<string, unknown>) => void;

export interface SuperviseOptions {
  readonly name: 'broker' | 'postgres';
  /** `port` undefined: the first start, on any port. Later starts must use the given port. */
  start(port: number | undefined): Promise<RunningServer>;
  readonly report: Report;
  /** Called with the server's processes after each start. */
  onStart(processes: readonly ServerProcess[]): void;
}

export interface SupervisedServer {
  readonly port: number;
  stop(): Promise<void>;
}

const heartbeatMs = 2_000;
const allowedMisses = 3;
const maxRestartDelayMs = 30_000;
const restartsCountedMs = 300_000;
/** For child processes that outlive the watched process. */
const endOfRest: readonly EndStep[] = [
  ['SIGTERM', 2_000],
  ['SIGKILL', 500],
];

/**
 * Throws if the first start fails. Later starts are retried without limit, because clients only know this port. The delay
 * grows, because a client that resends a script after each reconnect may kill the broker each time.
 */
export async function supervise(options: SuperviseOptions): Promise<SupervisedServer> {
  const { name, report } = options;
  const stopping = new AbortController();
  let current = await options.start(undefined);
  options.onStart(current.processes);
  const { port } = current;
  const watched = watch();
  return {
    port,
    async stop() {
      stopping.abort();
      await current.stop();
      await watched;
    },
  };

  async function watch(): Promise<void> {
    const restarts: number[] = [];
    for (;;) {
      const heart = beat(current);
      const reason = await current.ended;
      heart.stop();
      if (stopping.signal.aborted) return;
      const endedAt = performance.now();
      restarts.push(endedAt);
      while ((restarts[0] ?? endedAt) < endedAt - restartsCountedMs) restarts.shift();
      await Promise.all(current.processes.map((known) => endProcess(known, endOfRest)));
      report(`${name}.ended`, {
        reason: heart.isDead() ? 'it did not answer any more' : reason,
        restarts: restarts.length,
      });
      if (!(await startAgain(restarts.length))) return;
      report(`${name}.restarted`, { port, durationMs: Math.round(performance.now() - endedAt) });
    }
  }

  async function startAgain(restarts: number): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      await pause(restartDelayMs(restarts + attempt), stopping.signal);
      if (stopping.signal.aborted) return false;
      try {
        const started = await options.start(port);
        if (stopping.signal.aborted) {
          await started.stop();
          return false;
        }
        current = started;
        options.onStart(started.processes);
        return true;
      } catch (error) {
        report(`${name}.start_failed`, { reason: error instanceof Error ? error.message : String(error) });
      }
    }
  }
}

/** 0 for the first two restarts of the last five minutes, then 0.5 s, 1 s, 2 s … 30 s. */
export function restartDelayMs(restarts: number): number {
  return restarts <= 2 ? 0 : Math.min(maxRestartDelayMs, 250 * 2 ** (restarts - 2));
}

function beat(server: RunningServer): { stop(): void; isDead(): boolean } {
  const stopped = new AbortController();
  let misses = 0;
  void run();
  return { stop: () => stopped.abort(), isDead: () => misses >= allowedMisses };

  async function run(): Promise<void> {
    while (misses < allowedMisses) {
      if (misses === 0) await pause(heartbeatMs, stopped.signal);
      if (stopped.signal.aborted) return;
      misses = (await answers(server, stopped.signal)) ? 0 : misses + 1;
    }
    if (!stopped.signal.aborted) server.kill();
  }
}

async function answers(server: RunningServer, signal: AbortSignal): Promise<boolean> {
  const answered = server.ping().then(
    () => true,
    // A refusal comes at once. Wait until the next heartbeat, else three misses would take only a moment.
    () => pause(heartbeatMs, signal).then(() => false),
  );
  return Promise.race([answered, pause(heartbeatMs, signal).then(() => false)]);
}

/** Resolves after `ms`, or at once when the signal is given. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (ms === 0 || signal.aborted) return resolve();
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish, { once: true });
  });
}
