/** Installed servers that end and come back while a worker runs: no job fails for it, and none is lost. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createDatabase } from '../../src/core/connections/database.ts';
import { migrateDatabase } from '../../src/models/schema-check.ts';
import { countCompleted, enqueueMeetings, expectAllDoneOnce } from '../helpers/meeting-jobs.ts';
import { type Restartable, startRestartablePostgres, startRestartableRedis } from '../helpers/restartable.ts';
import { startApp, type TestApp } from '../helpers/start-app.ts';
import { createStubClassifier } from '../helpers/stub-classifier.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** A worker on servers of its own; jobs of some milliseconds, so that an outage comes in the middle. */
async function startWorking(): Promise<{ postgres: Restartable; redis: Restartable; app: TestApp }> {
  const folder = await mkdtemp(join(tmpdir(), 'vambe-outage-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [postgres, redis] = await Promise.all([startRestartablePostgres(folder), startRestartableRedis(folder)]);
  const database = createDatabase({ url: postgres.url, poolSize: 1, prepared: false, applicationName: 'tests' });
  await migrateDatabase(database, { createsApiTables: true }).finally(() => database.close());
  const app = await startApp(
    { postgresUrl: postgres.url, redisUrl: redis.url },
    { classifier: createStubClassifier({ before: () => new Promise((resolve) => setTimeout(resolve, 5)) }) },
  );
  const worker = await app.work({ concurrency: 4, withHousekeeping: true });
  onTestFinished(async () => {
    await worker.stop(0);
    await app.close();
  });
  return { postgres, redis, app };
}

const answers = (question: Promise<unknown>) =>
  question.then(
    () => true,
    () => false,
  );
const areDone = (app: TestApp, ids: readonly number[], least: number) =>
  waitFor(`${least} to be done`, async () => (await countCompleted(app, ids)) >= least);

test.each(['SIGINT', 'SIGQUIT'] as const)(
  'C2 C3 PostgreSQL that ends by %s in the middle of 250 jobs and comes back after some vain probes fails none',
  { timeout: 120_000 },
  async (signal) => {
    const { postgres, app } = await startWorking();
    const ids = await enqueueMeetings(app, 250);
    await areDone(app, ids, 20);
    await postgres.end(signal);
    await waitFor('the outage to be told', () => app.log.named('database.down').length > 0);
    // As many vain questions as a worker's probes of about five seconds.
    const awayUntil = performance.now() + 5_000;
    await waitFor(
      'it to have been away',
      async () => !(await answers(app.database.testConnection())) && performance.now() > awayUntil,
    );
    await postgres.start();
    await waitFor('its return to be told', () => app.log.named('database.back').length > 0);
    await expectAllDoneOnce(app, ids);
    expect(app.log.named('job.retry')).toEqual([]);
    expect(app.log.named('database.down').length).toBeLessThan(4);
  },
);

test('B3 a Redis that is killed twice in the middle of 500 jobs and comes back with its data fails none', {
  timeout: 120_000,
}, async () => {
  const { redis, app } = await startWorking();
  const ids = await enqueueMeetings(app, 500);
  for (const least of [20, 200]) {
    await areDone(app, ids, least);
    await redis.end('SIGKILL');
    await redis.start();
    await waitFor('Redis to answer', () => answers(app.redis.ping()));
  }
  await expectAllDoneOnce(app, ids);
  expect(app.log.named('redis.back').length).toBeGreaterThan(0);
});

test('B4 a Redis that comes back empty is filled again from the database', { timeout: 120_000 }, async () => {
  const { redis, app } = await startWorking();
  const ids = await enqueueMeetings(app, 250);
  await areDone(app, ids, 20);
  await redis.end('SIGKILL');
  await redis.start({ isEmpty: true });
  await expectAllDoneOnce(app, ids);
  expect(app.log.named('queue.redelivered').at(-1)?.fields).toMatchObject({ reason: 'redis came back empty' });
});

test('B1 what is accepted while Redis is away waits in the database, and is done when it is back', {
  timeout: 120_000,
}, async () => {
  const { redis, app } = await startWorking();
  await redis.end('SIGKILL');
  await waitFor('the outage to be told', () => app.log.named('redis.down').length > 0);
  const taskId = '00000000-0000-4000-8000-000000000001';
  const report = await app.enqueuer.enqueue([{ task: 'health_check', taskId, origin: 'tests' }]);
  expect(report).toMatchObject({ queued: 'database', accepted: [{ taskId, isNew: true }] });
  await redis.start({ isEmpty: true });
  await app.rowIn(taskId, 'completed');
});
