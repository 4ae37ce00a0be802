/** A stop ends in time whatever hangs, and a worker goes on where only its log is lost. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { listWorkers } from '../../src/core/queue/presence.ts';
import { type FaultProxy, startFaultProxy } from '../helpers/fault-proxy.ts';
import { enqueueMeetings, expectAllDoneOnce } from '../helpers/meeting-jobs.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { type SpawnOptions, spawnWorker } from '../helpers/spawn-worker.ts';
import { query, startApp, type TestApp } from '../helpers/start-app.ts';
import { waitFor } from '../helpers/wait-for.ts';

let namespace: Namespace;
/** Accepts and looks; it runs nothing. */
let app: TestApp;
let postgres: FaultProxy;
let redis: FaultProxy;

beforeAll(async () => {
  namespace = await createNamespace();
});
beforeEach(async () => {
  app = await startApp(namespace);
  [postgres, redis] = [await startFaultProxy(namespace.postgresUrl), await startFaultProxy(namespace.redisUrl)];
});
afterEach(async () => {
  await app.close();
  await namespace.clear();
});
afterAll(() => namespace?.close());

const spawn = (options: Partial<SpawnOptions> = {}) =>
  spawnWorker({ postgresUrl: postgres.url, redisUrl: redis.url, ...options });
const openRows = async () => {
  const [row] = await query<{ open: number }>(
    app,
    `select count(*)::int as open from vambe_worker.jobs where state in ('queued', 'retrying') and origin = 'tests'`,
  );
  return row?.open;
};

test.each([
  ['Redis', 'Redis did not answer', () => [redis]],
  ['PostgreSQL', 'PostgreSQL did not answer', () => [postgres]],
  ['everything', 'Redis and PostgreSQL did not answer', () => [redis, postgres]],
])(
  'with %s frozen a worker with running jobs leaves in time, with 1 and the name of what hung (A4)',
  {
    timeout: 60_000,
  },
  async (_what, words, frozen) => {
    const graceMs = 1_000;
    const worker = spawn({ steer: { classifyMs: 500, graceMs }, environment: { WORKER_CONCURRENCY: '3' } });
    await worker.logged('worker.ready');
    await enqueueMeetings(app, 20);
    await waitFor('some to run', async () => ((await openRows()) ?? 0) < 20);
    for (const proxy of frozen()) proxy.freeze();
    const startedMs = performance.now();
    worker.kill('SIGTERM');
    expect(await worker.exited).toBe(1);
    // As much of the bound of 30 s as is not grace, and a second for the process to end.
    expect(performance.now() - startedMs).toBeLessThan(graceMs + 6_000);
    expect(await worker.logged('worker.stop_failed')).toMatchObject({ error: expect.stringContaining(words) });
    for (const proxy of frozen()) await proxy.pass();
    expect(await openRows()).toBeGreaterThan(0);
  },
);

test('a worker that is stopped while a connection to Redis is being made again stops in order (A4)', async () => {
  const worker = spawn();
  await worker.logged('worker.ready');
  // Each queue waits for jobs on a connection of its own; this one is made again after 375 ms at the soonest.
  redis.cutAt('bzpopmin', 'before');
  await waitFor('the connection to be lost', () => redis.traps === 0);
  worker.kill('SIGTERM');
  expect(await worker.exited, JSON.stringify(worker.events.at(-1))).toBe(0);
});

test('an exception outside a job is told as BUG, and the worker leaves in order with 1 (A8)', async () => {
  const worker = spawn({ environment: { FAILPOINTS: 'saved=throw-later@5', WORKER_CONCURRENCY: '2' } });
  await worker.logged('worker.ready');
  const ids = await enqueueMeetings(app, 40);
  expect(await worker.exited).toBe(1);
  expect(await worker.logged('worker.bug')).toMatchObject({ level: 'error', code: 'BUG' });
  expect(worker.events.at(-1)).toMatchObject({ event: 'worker.stopped' });
  const next = spawn();
  await expectAllDoneOnce(app, ids);
  expect(next.events.filter(({ event }) => event === 'job.taken_up')).toEqual([]);
});

test('a worker whose log has no reader any more goes on, and counts the lines that are lost (A11)', async () => {
  const worker = spawn({ environment: { LOG_LEVEL: 'debug' } });
  await worker.logged('worker.ready');
  worker.closeLog();
  await expectAllDoneOnce(app, await enqueueMeetings(app, 30));
  const [state] = await waitFor('the loss to be told', async () => {
    const workers = await listWorkers(app.redis, app.clock);
    return (workers[0]?.dropped_log_lines ?? 0) > 0 && workers;
  });
  expect(state).toMatchObject({ dropped_log_lines: expect.any(Number) });
  worker.kill('SIGTERM');
  expect(await worker.exited).toBe(0);
});
