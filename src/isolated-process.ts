/** The child process of a suspect job: one app of its own, one job at a time, the outcome sent to the worker that asked. */

import { createApp } from './app.ts';

import { softTaskTimeoutSeconds } from './config/derived.ts';
import { messageOf } from './core/errors.ts';
import { succeededTransition } from './core/lifecycle.ts';
import { createLogger } from './core/log/logger.ts';
import { closed, retry, snooze } from './core/outcome.ts';
import { createWatchdog } from './core/process/watchdog.ts';
import { isServerFault } from './core/queue/availability.ts';
import { type FromChild, type ToChild, toSent } from './core/queue/isolation.ts';
import { runJob, stopwatch } from './core/queue/run-job.ts';
import type { App, AppOptions } from './wiring.ts';

/** What the worker hands over; everything here survives JSON. */
export type IsolatedStart = Pick<
  AppOptions,
  'config' | 'postgresUrl' | 'redisUrl' | 'schema' | 'taskFolders' | 'workerName'
>;

const faultDelayMs = 5_000;

let app: Promise<App> | undefined;
let controller = new AbortController();

const log = createLogger({ level: 'warn', format: 'json' });
const send = (message: FromChild) => process.send?.(message);

process.on('message', (message: ToChild) => {
  if (message.kind === 'start') start(message.options as IsolatedStart);
  else if (message.kind === 'abort') controller.abort(message.reason);
  else void run(message.rowId).catch(tellFault);
});
// The worker has ended, and nothing reads the outcome.
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole process group; the worker decides what becomes of its jobs.
process.on('SIGINT', () => undefined);

function start(options: IsolatedStart): void {
  app = createApp({ ...options, log });
  // A job that blocks this process must end it, or its worker would never hear of the job again.
  void createWatchdog({ limitMs: options.config.taskTimeoutSeconds * 1_000, format: 'json' }).start();
}

/** A bug of ours or a server's fault says nothing about the job. */
function tellFault(error: unknown): void {
  if (!isServerFault(error)) log.error('job.waits', { code: 'BUG', error: messageOf(error, 300) });
  const outcome = isServerFault(error) ? retry(error) : snooze(messageOf(error), faultDelayMs);
  send({ kind: 'outcome', outcome: toSent(outcome) });
}

async function run(rowId: string): Promise<void> {
  if (!app) throw new Error('the worker sends `start` before the first job');
  const { ledger, registry, services, config, lifecycle, clock } = await app;
  controller = new AbortController();
  const take = async () => (await ledger.take([rowId]))[0];
  const job = await take();
  if (!job) return void send({ kind: 'outcome', outcome: closed('the row is gone') });
  const elapsedMs = stopwatch(clock);
  const outcome = await runJob(registry, {
    job,
    services,
    signal: controller,
    log: log.child({ job_id: rowId, task: job.task }),
    softLimitMs: softTaskTimeoutSeconds(config) * 1_000,
    hardLimitMs: config.taskTimeoutSeconds * 1_000,
    progress: () => undefined,
    takeAgain: async () => (await take()) ?? job,
    onLateEnd: ({ result, cache }) =>
      void lifecycle.tell(succeededTransition({ job, result, cache, durationMs: elapsedMs() })),
  });
  send({ kind: 'outcome', outcome: toSent(outcome) });
}
