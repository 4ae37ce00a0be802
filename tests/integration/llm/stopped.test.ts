/** A worker with settings alone that is stopped while a model thinks: what was sent is recorded, as it may be charged. */
import { expect, onTestFinished, test } from 'vitest';
import { createDatabase } from '../../../src/core/connections/database.ts';
import { stall, startFakeLlm } from '../../helpers/fake-llm.ts';
import { insertMeetings, manyTranscripts } from '../../helpers/meetings.ts';
import { createNamespace } from '../../helpers/namespace.ts';
import { spawnWorker } from '../../helpers/spawn-worker.ts';
import { query, startApp } from '../../helpers/start-app.ts';
import { waitFor } from '../../helpers/wait-for.ts';

test('calls in flight at SIGTERM are recorded as abandoned, and their jobs wait for the next worker (M4, S4)', async () => {
  const namespace = await createNamespace();
  const { postgresUrl: url } = namespace;
  const database = createDatabase({ url, poolSize: 2, prepared: false, applicationName: 'tests' });
  const fake = await startFakeLlm();
  const app = await startApp(namespace);
  onTestFinished(async () => {
    await app.close();
    await fake.close();
    await database.close();
    await namespace.close();
  });
  fake.otherwise(stall);
  // Under the names that OpenAI's own libraries read.
  const environment = { OPENAI_BASE_URL: fake.baseUrl, OPENAI_API_KEY: 'sk-invented-key' };
  const worker = spawnWorker({ ...namespace, environment });
  expect(await worker.logged('classifier.llm')).toMatchObject({
    model: 'gpt-6-luna',
    address_from: 'OPENAI_BASE_URL',
    key_from: 'OPENAI_API_KEY',
  });
  const ids = await insertMeetings(database, manyTranscripts(3));
  const tasks = await Promise.all(ids.map((id) => app.ask({ args: [id] })));
  await waitFor('three calls to be made', () => fake.seen.length === 3);
  worker.kill('SIGTERM');
  await worker.logged('worker.finishing');
  // The second signal gives the jobs back at once.
  worker.kill('SIGTERM');
  await worker.exited;
  const calls = await query<{ meeting_id: number; outcome: string; cost_usd: string }>(
    { database },
    'select meeting_id, outcome, cost_usd from vambe_worker.llm_calls order by meeting_id',
  );
  expect(calls.map(({ meeting_id, outcome }) => [meeting_id, outcome])).toEqual(ids.map((id) => [id, 'abandoned']));
  for (const { cost_usd } of calls) expect(Number(cost_usd)).toBeGreaterThan(0);
  const jobs = await query(
    { database },
    'select distinct state, attempt, error_code from vambe_worker.jobs where task_id = any($1)',
    [tasks],
  );
  expect(jobs).toMatchObject([{ attempt: 0, error_code: null }]);
  expect(worker.output()).not.toContain('sk-invented-key');
}, 180_000);
