/** Everything killed at once, again and again, under load: no accepted job is lost, none shows twice. KILL_ROUNDS=20 for the whole of it. */
import { expect, test } from 'vitest';
import { preflight } from '../../../src/preflight.ts';
import { expectAllDoneOnce } from '../../helpers/meeting-jobs.ts';
import { insertMeetings, manyTranscripts } from '../../helpers/meetings.ts';
import { createMemoryLog } from '../../helpers/memory-log.ts';
import { spawnWorker } from '../../helpers/spawn-worker.ts';
import { startApp, type TestApp } from '../../helpers/start-app.ts';
import { findPids, makeDataDir, startOwner } from './owner.ts';

const rounds = Number(process.env.KILL_ROUNDS ?? 2);
const jobsARound = 100;

test(`${rounds} rounds of kill -9 of everything under load lose no job and double no row, and are ready in 10 s (H3)`, {
  timeout: rounds * 90_000 + 120_000,
}, async () => {
  const dataDir = await makeDataDir();
  const ids: number[] = [];
  const readyMs: number[] = [];
  const open = async () => {
    const startedMs = performance.now();
    const owner = await startOwner({ dataDir });
    readyMs.push(performance.now() - startedMs);
    const urls = { postgresUrl: owner.postgresUrl, redisUrl: owner.redisUrl };
    await preflight({
      postgresUrl: urls.postgresUrl,
      redisUrls: [],
      patienceMs: 10_000,
      migrates: true,
      createsApiTables: true,
      log: createMemoryLog(),
    });
    return { owner, urls, app: await startApp(urls) };
  };
  const enqueue = async (app: TestApp) => {
    const fresh = await insertMeetings(app.database, manyTranscripts(jobsARound));
    await app.enqueuer.enqueue(fresh.map((id) => ({ task: 'classify_meeting', args: [id], origin: 'tests' })));
    ids.push(...fresh);
  };
  for (let round = 0; round < rounds; round++) {
    const { owner, urls, app } = await open();
    const worker = spawnWorker({ ...urls, environment: { WORKER_CONCURRENCY: '4' } });
    await worker.logged('worker.ready');
    await enqueue(app);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
    worker.kill('SIGKILL');
    for (const pid of [owner.pid, ...Object.values(findPids(dataDir))]) process.kill(pid, 'SIGKILL');
    await worker.exited;
    await app.close();
  }
  const { app } = await open();
  const worker = await app.work({ concurrency: 20, withHousekeeping: true });
  await expectAllDoneOnce(app, ids, { deadlineMs: 90_000 });
  await worker.stop(0);
  await app.close();
  // The first start makes the database.
  expect(Math.max(...readyMs.slice(1)), readyMs.map(Math.round).join(', ')).toBeLessThan(10_000);
});
