/** Two hundred meetings and a provider that fails in every way: each ends with an answer or a reason, none is paid for twice. */
import { expect, test } from 'vitest';
import { createDatabase } from '../../../src/core/connections/database.ts';
import { answerByReading, refuse, say, stall, startFakeLlm, transcriptOf } from '../../helpers/fake-llm.ts';
import { makeLlmClassifier, makeMemory, salesTaxonomy } from '../../helpers/llm-classifier.ts';
import { insertMeetings, manyTranscripts } from '../../helpers/meetings.ts';
import { createNamespace } from '../../helpers/namespace.ts';
import { query, startApp } from '../../helpers/start-app.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const meetings = 200;

test('all end classified or failed with a reason, none invented, no good reply asked for again', async () => {
  const namespace = await createNamespace();
  const database = createDatabase({
    url: namespace.postgresUrl,
    poolSize: 4,
    prepared: false,
    applicationName: 'tests',
  });
  const fake = await startFakeLlm();
  const good = answerByReading(salesTaxonomy);
  const answered = new Map<string, number>();
  let draw = 0;
  fake.otherwise((seen, response) => {
    draw = (draw * 1_103_515_245 + 12_345) % 2 ** 31;
    const share = draw / 2 ** 31;
    if (share < 0.1) return refuse(429, 'rate_limit_exceeded', { 'retry-after-ms': '5' })(seen, response);
    if (share < 0.2) return refuse(500, 'server_error')(seen, response);
    if (share < 0.3) return say('{"fields": {"business_sector": ')(seen, response);
    if (share < 0.35) return stall(seen, response);
    const text = transcriptOf(seen.body.messages);
    answered.set(text, (answered.get(text) ?? 0) + 1);
    return good(seen, response);
  });
  const bounds = { wholeMs: 3_000 };
  const classifier = makeLlmClassifier(fake.baseUrl, { bounds, memory: makeMemory(database) });
  const app = await startApp(namespace, { classifier, settings: { maxRetries: 2, retryDelaySeconds: 0 } });
  const worker = await app.work();
  try {
    const ids = await insertMeetings(database, manyTranscripts(meetings));
    await app.enqueuer.enqueue(ids.map((id) => ({ task: 'classify_meeting', args: [id], origin: 'tests' })));
    const ended = `select state, error_code from vambe_worker.jobs where origin = 'tests' and state in ('completed', 'failed')`;
    const rows = await waitFor(
      'every job to end',
      async () => {
        const found = await query<{ state: string; error_code: string | null }>(app, ended);
        return found.length === meetings && found;
      },
      120_000,
    );
    for (const { state, error_code } of rows) expect(state === 'completed' ? 'MODEL_' : error_code).toMatch(/^MODEL_/);
    expect(rows.filter(({ state }) => state === 'completed').length).toBeGreaterThan(meetings * 0.9);
    const stored = await query<{
      transcript: string;
      fields: Record<string, { evidence: { quote: string; start: number; end: number }[] }>;
    }>(
      app,
      'select m.transcript, r.fields from vambe_worker.current c join vambe_worker.runs r on r.id = c.run_id join public.meetings m on m.id = c.meeting_id',
    );
    expect(stored.length).toBe(rows.filter(({ state }) => state === 'completed').length);
    for (const { transcript, fields } of stored)
      for (const { evidence } of Object.values(fields))
        for (const { quote, start, end } of evidence) expect(transcript.slice(start, end)).toBe(quote);
    expect([...answered.values()].filter((times) => times > 1)).toEqual([]);
  } finally {
    await worker.stop(0);
    await app.close();
    await fake.close();
    await database.close();
    await namespace.close();
  }
}, 180_000);
