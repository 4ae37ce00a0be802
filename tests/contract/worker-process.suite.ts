/** A worker process that is killed, and one whose Redis is emptied under it: nothing is lost, nothing shows twice. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { countCompleted, enqueueMeetings, expectAllDoneOnce } from '../helpers/meeting-jobs.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { type SpawnOptions, spawnWorker } from '../helpers/spawn-worker.ts';
import { startApp, type TestApp } from '../helpers/start-app.ts';
import { waitFor } from '../helpers/wait-for.ts';

export function describeWorkerProcess(servers: string): void {
  describe(`worker process on ${servers}`, () => {
    let namespace: Namespace;
    /** Accepts and looks; it runs nothing. */
    let app: TestApp;

    beforeAll(async () => {
      namespace = await createNamespace();
    });
    beforeEach(async () => {
      app = await startApp(namespace);
    });
    afterEach(async () => {
      await app.close();
      await namespace.clear();
    });
    afterAll(() => namespace?.close());

    const spawn = (options: Partial<SpawnOptions> = {}) => spawnWorker({ ...namespace, ...options });
    const someAreDone = (ids: readonly number[]) =>
      waitFor('some to be done', async () => (await countCompleted(app, ids)) > 20, 45_000);

    test('A1 kill -9 in the middle of 300 jobs loses none and shows none twice', { timeout: 120_000 }, async () => {
      const first = spawn({ environment: { WORKER_CONCURRENCY: '2', WORKER_HOSTNAME: 'first@tests' } });
      const second = spawn({ environment: { WORKER_CONCURRENCY: '2', WORKER_HOSTNAME: 'second@tests' } });
      await Promise.all([first.logged('worker.ready'), second.logged('worker.ready')]);
      const ids = await enqueueMeetings(app, 300);
      await someAreDone(ids);
      first.kill('SIGKILL');
      expect(await countCompleted(app, ids)).toBeLessThan(300);
      await expectAllDoneOnce(app, ids);
      second.kill('SIGTERM');
      expect(await second.exited).toBe(0);
    });

    test('B4 an emptied Redis in the middle of 500 jobs: all are done soon, none is lost', {
      timeout: 90_000,
    }, async () => {
      const worker = spawn({ environment: { WORKER_CONCURRENCY: '5' } });
      await worker.logged('worker.ready');
      const ids = await enqueueMeetings(app, 500);
      await someAreDone(ids);
      await app.redis.flushdb();
      await expectAllDoneOnce(app, ids);
      expect(await worker.logged('queue.redelivered')).toMatchObject({ reason: 'redis came back empty' });
      for (const name of ['sweep_unclassified', 'health_check', 'purge_expired']) {
        expect(await app.queues.get('default').getJobScheduler(name)).toMatchObject({ name });
      }
    });
  });
}
