/** A worker with settings alone, killed between the reply that was kept and the classification that was not saved. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createDatabase } from '../../../src/core/connections/database.ts';
import { loadTaxonomy } from '../../../src/models/taxonomy.ts';
import { answerByReading, startFakeLlm } from '../../helpers/fake-llm.ts';
import { insertMeetings, spanishTranscript } from '../../helpers/meetings.ts';
import { createNamespace } from '../../helpers/namespace.ts';
import { spawnWorker } from '../../helpers/spawn-worker.ts';
import { startApp } from '../../helpers/start-app.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const taxonomy = loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml');

const waits = `datname = current_database() and wait_event_type = 'Lock'`;

test('the reply that was paid for is used by the next worker: the model is called once', async () => {
  const namespace = await createNamespace();
  const database = createDatabase({
    url: namespace.postgresUrl,
    poolSize: 3,
    prepared: false,
    applicationName: 'tests',
  });
  const fake = await startFakeLlm();
  fake.otherwise(answerByReading(taxonomy));
  const environment = { LLM_BASE_URL: fake.baseUrl, LLM_API_KEY: 'sk-invented-key', LLM_MODEL: 'model-of-tests' };
  const start = () => spawnWorker({ ...namespace, environment });
  const app = await startApp(namespace);
  const count = async (text: string) => (await database.run<{ n: number }>({ name: '', text }, []))[0]?.n ?? 0;
  try {
    const [meetingId = 0] = await insertMeetings(database, [spanishTranscript]);
    const taskId = await database.withClient(async (client) => {
      // The save waits for this lock; the reply is kept before it.
      await client.query('begin; lock table vambe_worker.runs in access exclusive mode');
      const first = start();
      expect(await first.logged('classifier.llm')).toMatchObject({ model: 'model-of-tests', provider: 'openai' });
      const asked = await app.ask({ args: [meetingId] });
      await waitFor('the reply to be kept', () => count('select count(*)::int as n from vambe_worker.llm_replies'));
      await waitFor('the save to wait', () => count(`select count(*)::int as n from pg_stat_activity where ${waits}`));
      first.kill('SIGKILL');
      await first.exited;
      // A server process without its client would still finish what it waits to do.
      await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${waits}`);
      await client.query('rollback');
      return asked;
    });
    expect(await count('select count(*)::int as n from vambe_worker.llm_replies')).toBe(1);
    expect(await count('select count(*)::int as n from vambe_worker.runs')).toBe(0);
    const second = start();
    await second.logged('worker.ready');
    const row = await waitFor(
      'the job to be done',
      async () => {
        const text = `select state from vambe_worker.jobs where task_id = $1 and state = 'completed'`;
        return (await database.run<{ state: string }>({ name: '', text }, [taskId]))[0];
      },
      90_000,
    );
    expect(row.state).toBe('completed');
    expect(
      await count(
        `select count(*)::int as n from vambe_worker.runs where classifier = 'llm' and prompt_version = 'p3'`,
      ),
    ).toBe(1);
    expect(fake.seen.length).toBe(1);
    expect(second.output()).not.toContain('sk-invented-key');
  } finally {
    await app.close();
    await fake.close();
    await database.close();
    await namespace.close();
  }
}, 180_000);
