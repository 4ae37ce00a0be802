/** The sample meetings, of which a provider's moderation refuses one or three: those fail, all others are classified, no queue waits. */
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../../src/core/connections/database.ts';
import { type Answer, answerByReading, type FakeLlm, say, startFakeLlm, transcriptOf } from '../../helpers/fake-llm.ts';
import { makeLlmClassifier, makeMemory, salesTaxonomy } from '../../helpers/llm-classifier.ts';
import { insertMeetings } from '../../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';
import { query, startApp } from '../../helpers/start-app.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const good = answerByReading(salesTaxonomy);
const samples: Record<string, string>[] = parse(readFileSync('samples/meetings.csv'), { columns: true, bom: true });
const transcripts = samples.map((row) => Object.values(row).sort((a, b) => b.length - a.length)[0] ?? '');

let namespace: Namespace;
let database: Database;
let fake: FakeLlm;
let rounds = 0;

beforeAll(async () => {
  namespace = await createNamespace();
  database = createDatabase({ url: namespace.postgresUrl, poolSize: 2, prepared: false, applicationName: 'tests' });
});

afterEach(async () => {
  await fake.close();
  await namespace.clear();
  await query({ database }, 'truncate vambe_worker.llm_replies, vambe_worker.llm_calls');
});

afterAll(async () => {
  await database.close();
  await namespace.close();
});

const answer =
  (status: number, body: unknown): Answer =>
  (_seen, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };

const moderations: readonly (readonly [string, Answer])[] = [
  [
    'OpenRouter',
    answer(403, {
      error: {
        code: 403,
        message: 'openai/gpt-4o requires moderation on OpenAI. Your input was flagged for "violence".',
        metadata: { reasons: ['violence'], flagged_input: 'words of the client', provider_name: 'OpenAI' },
      },
    }),
  ],
  [
    'Azure',
    answer(400, {
      error: {
        message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        type: null,
        param: 'prompt',
        code: 'content_filter',
        innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: { violence: { filtered: true } } },
      },
    }),
  ],
  ['a refusal of the model', say('', { refusal: 'I cannot help with that.' })],
];

async function classifySamples(flagged: number, refusal: Answer, hasFallback = false) {
  fake = await startFakeLlm();
  rounds += 1;
  const origin = `samples-${rounds}`;
  const isFlagged = (text: string) => transcripts.slice(0, flagged).some((each) => text.startsWith(each.slice(0, 60)));
  fake.otherwise((seen, response) => (isFlagged(transcriptOf(seen.body.messages)) ? refusal : good)(seen, response));
  const memory = makeMemory(database);
  const classifier = makeLlmClassifier(fake.baseUrl, { memory, bounds: { wholeMs: 60_000 }, hasFallback });
  const app = await startApp(namespace, { classifier, settings: { maxRetries: 3, retryDelaySeconds: 0 } });
  const worker = await app.work({ concurrency: 20 });
  try {
    const ids = await insertMeetings(database, transcripts);
    await app.enqueuer.enqueue(ids.map((id) => ({ task: 'classify_meeting', args: [id], origin })));
    const text = `select state, error_code, count(*)::int as jobs from vambe_worker.jobs where origin = $1 group by 1, 2 order by 1`;
    const ended = await waitFor(
      'every job to end',
      async () => {
        const rows = await query<{ state: string; error_code: string | null; jobs: number }>(app, text, [origin]);
        return rows.every(({ state }) => state === 'completed' || state === 'failed') && rows;
      },
      120_000,
    );
    const messages = await query<{ error_message: string }>(
      app,
      `select error_message from vambe_worker.jobs where state = 'failed'`,
    );
    return { ended, held: app.log.named('queue.held'), calls: fake.seen.length, messages: JSON.stringify(messages) };
  } finally {
    await worker.stop(0);
    await app.close();
  }
}

test.each(moderations.flatMap(([name, refusal]) => [1, 3].map((flagged) => [flagged, name, refusal] as const)))(
  'of 67 meetings %i refused by %s: they alone fail, at once, and the queue is never held (M5)',
  async (flagged, _name, refusal) => {
    const { ended, held, calls, messages } = await classifySamples(flagged, refusal);
    expect(ended).toEqual([
      { state: 'completed', error_code: null, jobs: 67 - flagged },
      { state: 'failed', error_code: 'MODEL_REFUSED_CONTENT', jobs: flagged },
    ]);
    expect([held, calls]).toEqual([[], 67]);
    expect(messages).not.toContain('words of the client');
  },
  180_000,
);

test('with CLASSIFIER_FALLBACK=offline the refused meeting is classified offline (M5)', async () => {
  const [, refusal] = moderations[0] ?? [];
  if (refusal === undefined) throw new Error('no refusal is scripted');
  const { ended, held } = await classifySamples(1, refusal, true);
  expect([ended, held]).toEqual([[{ state: 'completed', error_code: null, jobs: 67 }], []]);
}, 180_000);
