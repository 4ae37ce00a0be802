/** What becomes of a job when the provider fails: outcome, calls made, what is stored. The provider is a scripted server on loopback. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { createDatabase, type Database } from '../../../src/core/database.ts';
import { findLlmReply, keepLlmReply } from '../../../src/models/queries/llm-replies.ts';
import { loadTaxonomy } from '../../../src/models/taxonomy.ts';
import type { Classifier } from '../../../src/services/classification/classifier.ts';
import { hashInput } from '../../../src/services/classification/classify-meeting.ts';
import { createChatClient } from '../../../src/services/classification/llm/chat-client.ts';
import { createLlmClassifier } from '../../../src/services/classification/llm/llm-classifier.ts';
import { createPostJson, type PostBounds } from '../../../src/services/classification/llm/post-json.ts';
import { createTryAgain } from '../../../src/services/classification/llm/try-again.ts';
import { withFallback } from '../../../src/services/classification/llm/with-fallback.ts';
import { createOfflineClassifier } from '../../../src/services/classification/offline/offline-classifier.ts';
import {
  answerByReading,
  breakOff,
  type FakeLlm,
  flood,
  hangUp,
  refuse,
  say,
  stall,
  startFakeLlm,
  transcriptOf,
  trickle,
} from '../../helpers/fake-llm.ts';
import { insertMeetings, spanishTranscript } from '../../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';
import { type JobRow, query, startApp, type TestApp } from '../../helpers/start-app.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const taxonomy = loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml');
const bounds: PostBounds = { connectMs: 2_000, firstByteMs: 300, wholeMs: 600, maxReplyBytes: 256 * 1_024 };
const apiKey = 'sk-key-of-nobody-0123456789';
const good = answerByReading(taxonomy);

let namespace: Namespace;
let database: Database;
let fake: FakeLlm;

beforeAll(async () => {
  namespace = await createNamespace();
  database = createDatabase({ url: namespace.postgresUrl, poolSize: 2, prepared: false, applicationName: 'tests' });
});

beforeEach(async () => {
  fake = await startFakeLlm();
  return () => fake.close();
});

afterAll(async () => {
  await database.close();
  await namespace.close();
});

interface Choices {
  readonly hasFallback?: boolean;
  readonly redacts?: boolean;
  readonly maxConcurrency?: number;
}

/** As the settings make it, with short bounds and no pause between tries. */
function makeClassifier({ hasFallback = false, redacts = false, maxConcurrency = 20 }: Choices = {}): Classifier {
  const client = createChatClient({
    model: 'model-of-tests',
    apiKey,
    host: new URL(fake.baseUrl).host,
    tokenLimitName: 'max_tokens',
    maxConcurrency,
    post: createPostJson({ url: `${fake.baseUrl}/chat/completions`, bounds }),
    tryAgain: createTryAgain({ clock: systemClock, random: () => 0 }),
    clock: systemClock,
  });
  const memory = {
    find: (key: string) => findLlmReply(database, key),
    keep: (reply: Parameters<typeof keepLlmReply>[1]) => keepLlmReply(database, reply),
  };
  const llm = createLlmClassifier({ taxonomy, client, memory, redacts });
  return hasFallback ? withFallback(llm, createOfflineClassifier(taxonomy)) : llm;
}

interface Ended {
  readonly row: JobRow;
  readonly calls: number;
  /** Replies kept of the meeting. */
  readonly kept: number;
  /** The run that stands; undefined: the meeting was not classified. */
  readonly run:
    | { classifier: string; model: string; needs_review: boolean; fields: Record<string, { value: unknown }> }
    | undefined;
  readonly app: TestApp;
  readonly meetingId: number;
}

let texts = 0;
/** A text of its own for each meeting: a reply that was kept of another would answer for it. */
const newTranscript = () => {
  texts += 1;
  return `${spanishTranscript} Caso ${texts}.`;
};

/** One job from its start to the state that is waited for. */
async function classifyOne(
  choices: Choices & { transcript?: string; maxRetries?: number; isForced?: boolean; until?: readonly string[] } = {},
  look: (ended: Ended) => Promise<void> | void = () => undefined,
): Promise<Ended> {
  const { transcript = newTranscript(), maxRetries = 0, until = ['completed', 'failed'] } = choices;
  const [meetingId = 0] = await insertMeetings(database, [transcript]);
  const app = await startApp(namespace, {
    classifier: makeClassifier(choices),
    settings: { maxRetries, retryDelaySeconds: 0 },
  });
  const worker = await app.work();
  try {
    const kwargs = choices.isForced ? { force_reprocess: true } : {};
    const row = await app.rowIn(await app.ask({ args: [meetingId], kwargs }), ...until);
    const ended = { row, calls: fake.seen.length, ...(await readStored(app, meetingId)), app, meetingId };
    await look(ended);
    return ended;
  } finally {
    await worker.stop(0);
    await app.close();
    await namespace.clear();
  }
}

async function readStored(app: TestApp, meetingId: number): Promise<Pick<Ended, 'kept' | 'run'>> {
  const [kept] = await query<{ count: number }>(
    app,
    'select count(*)::int from vambe_worker.llm_replies where meeting_id = $1',
    [meetingId],
  );
  const [run] = await query<NonNullable<Ended['run']>>(
    app,
    `select r.classifier, r.model, r.needs_review, r.fields from vambe_worker.runs r join vambe_worker.current c on c.run_id = r.id where c.meeting_id = $1`,
    [meetingId],
  );
  return { kept: kept?.count ?? 0, run };
}

describe('a provider that answers', () => {
  test('is asked once; the reply and its tokens are kept, every value stands on a quote of the transcript', async () => {
    fake.otherwise(good);
    const ended = await classifyOne({}, async ({ app, meetingId }) => {
      const [reply] = await query(
        app,
        'select model, input_tokens, output_tokens, cost_usd from vambe_worker.llm_replies where meeting_id = $1',
        [meetingId],
      );
      expect(reply).toEqual({ model: 'model-of-tests', input_tokens: 1_000, output_tokens: 200, cost_usd: null });
    });
    expect([ended.row.state, ended.calls, ended.kept]).toEqual(['completed', 1, 1]);
    expect(ended.run).toMatchObject({ classifier: 'llm', model: 'model-of-tests' });
    expect(ended.run?.fields.business_sector?.value).toBe('healthcare');
    const [request] = fake.seen;
    expect(request?.path).toBe('/v1/chat/completions');
    expect(request?.headers.authorization).toBe(`Bearer ${apiKey}`);
    expect(request?.body).toMatchObject({ model: 'model-of-tests', temperature: 0, max_tokens: 4_096 });
    expect(JSON.stringify(request?.body.messages)).not.toContain(apiKey);
  });

  test('is not asked again for the same input, and once more where the job is forced', async () => {
    fake.otherwise(good);
    await classifyOne({}, async ({ app, meetingId }) => {
      const again = await app.rowIn(await app.ask({ args: [meetingId] }), 'completed');
      expect(again.result).toMatchObject({ unchanged: true });
      expect(fake.seen.length).toBe(1);
      await app.rowIn(await app.ask({ args: [meetingId], kwargs: { force_reprocess: true } }), 'completed');
      expect(fake.seen.length).toBe(2);
      expect(await readStored(app, meetingId)).toMatchObject({ kept: 2 });
    });
  });

  test('is not asked again after a crash between its reply and the classification', async () => {
    fake.otherwise(good);
    const transcript = newTranscript();
    const [meetingId = 0] = await insertMeetings(database, [transcript]);
    const before = makeClassifier();
    const keepAs = { key: hashInput(transcript, before.version, ''), meetingId };
    const signal = new AbortController().signal;
    // What the process that died had done: the reply is kept, nothing else.
    await before.classify({ transcript, sellerPrompt: '', signal, keepAs });
    const app = await startApp(namespace, { classifier: makeClassifier() });
    const worker = await app.work();
    await app.rowIn(await app.ask({ args: [meetingId] }), 'completed');
    const stored = await readStored(app, meetingId);
    await worker.stop(0);
    await app.close();
    expect([fake.seen.length, stored.kept, stored.run?.classifier]).toEqual([1, 1, 'llm']);
  });

  test('never gets e-mail addresses, phone, card or ID numbers, and quotes of them are found all the same', async () => {
    const transcript = `${spanishTranscript} Nos recomendó maria@clinica.cl, su número es +56 9 8765 4321 y su RUT 12.345.678-5.`;
    fake.otherwise((seen, response) => {
      const shown = transcriptOf(seen.body.messages);
      expect(shown).toContain('[EMAIL_1]');
      const fields = { lead_source: { value: 'referral', quotes: ['Nos recomendó [EMAIL_1]'], confidence: 0.9 } };
      return say(
        JSON.stringify({
          fields: { ...allNull(), ...fields },
          key_topics: [],
          action_items: [],
          next_steps: null,
          summary: null,
        }),
      )(seen, response);
    });
    const { run, row } = await classifyOne({ transcript, redacts: true });
    expect(row.state).toBe('completed');
    const sent = JSON.stringify(fake.seen.map(({ body }) => body));
    for (const secret of ['maria@clinica.cl', '8765', '12.345.678']) expect(sent).not.toContain(secret);
    expect(run?.fields.lead_source).toMatchObject({
      value: 'referral',
      evidence: [{ quote: 'Nos recomendó maria@clinica.cl' }],
    });
  });

  test('gets the beginning, the end and the passages with evidence of a long transcript, and the answer is marked', async () => {
    fake.otherwise(good);
    const filler = 'La conversación siguió sobre el clima y el fútbol sin nada más que anotar. '.repeat(1_500);
    const { row, run } = await classifyOne({ transcript: `${spanishTranscript} ${filler} Somos 12 personas.` });
    expect(row.state).toBe('completed');
    expect(run?.needs_review).toBe(true);
    const shown = transcriptOf(fake.seen[0]?.body.messages ?? []);
    expect(shown.length).toBeLessThan(61_000);
    expect(shown).toContain('Somos 12 personas');
  });

  test('is never asked more at a time than LLM_MAX_CONCURRENCY', async () => {
    fake.otherwise(async (seen, response) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      await good(seen, response);
    });
    const ids = await insertMeetings(database, Array.from({ length: 12 }, newTranscript));
    const app = await startApp(namespace, { classifier: makeClassifier({ maxConcurrency: 3 }) });
    const worker = await app.work();
    const tasks = await Promise.all(ids.map((id) => app.ask({ args: [id] })));
    for (const task of tasks) await app.rowIn(task, 'completed');
    await worker.stop(0);
    await app.close();
    expect([fake.seen.length, fake.mostAtOnce]).toEqual([12, 3]);
  });
});

describe('a fault that passes', () => {
  test.each([
    ['500', refuse(500, 'server_error')],
    ['502', refuse(502, 'bad_gateway')],
    ['503', refuse(503, 'overloaded')],
    ['429 with Retry-After', refuse(429, 'rate_limit_exceeded', { 'retry-after-ms': '5' })],
    ['a broken connection', hangUp],
    ['half a reply', breakOff],
    ['no first byte', stall],
    ['a reply that never ends', trickle],
  ])('is asked again within the attempt: %s', async (_name, answer) => {
    fake.script(answer, answer);
    fake.otherwise(good);
    const { row, calls, kept, run } = await classifyOne();
    expect([row.state, row.attempt, calls, kept, run?.classifier]).toEqual(['completed', 0, 3, 1, 'llm']);
  });

  test.each([
    ['500', refuse(500, 'server_error'), 'LLM_UNREACHABLE', 5],
    ['a broken connection', hangUp, 'LLM_UNREACHABLE', 5],
    ['no first byte', stall, 'LLM_TIMEOUT', 5],
    ['a reply without end', flood, 'LLM_REPLY_TOO_LARGE', 2],
    ['no completion', ((_seen, response) => void response.end('<html>')) as typeof hangUp, 'LLM_REPLY_INVALID', 2],
  ])('that does not pass fails the attempt after its tries: %s', async (_name, answer, code, calls) => {
    fake.otherwise(answer);
    const ended = await classifyOne();
    expect([ended.row.state, ended.row.error_code, ended.calls]).toEqual(['failed', code, calls]);
    expect([ended.kept, ended.run]).toEqual([0, undefined]);
    await waitFor('every socket to be closed', () => Promise.resolve(fake.openSockets === 0));
  });

  test('that outlasts an attempt is retried by the queue, and its attempt is noted', async () => {
    fake.script(...Array.from({ length: 5 }, () => hangUp));
    fake.otherwise(good);
    const { row, calls } = await classifyOne({ maxRetries: 1 });
    expect([row.state, row.attempt, calls]).toEqual(['completed', 1, 6]);
    expect(row.attempts[0]?.code).toBe('LLM_UNREACHABLE');
  });
});

describe('a provider that refuses us', () => {
  test.each([
    ['401', refuse(401, 'invalid_api_key'), 'LLM_REFUSED_KEY'],
    ['403', refuse(403, 'forbidden'), 'LLM_REFUSED_KEY'],
    ['404', refuse(404, 'model_not_found'), 'LLM_REFUSED_KEY'],
    ['402', refuse(402, 'payment_required'), 'LLM_QUOTA'],
    ['429 insufficient_quota', refuse(429, 'insufficient_quota'), 'LLM_QUOTA'],
  ])('keeps the job waiting, no attempt counted and no storm: %s', async (_name, answer, code) => {
    fake.otherwise(answer);
    const classifier = makeClassifier();
    const [one = 0, two = 0] = await insertMeetings(database, [newTranscript(), newTranscript()]);
    const app = await startApp(namespace, { classifier });
    const worker = await app.work();
    const tasks = [await app.ask({ args: [one] }), await app.ask({ args: [two] })];
    await waitFor('both jobs to step back', async () => (await app.redis.zcard('vambe:classification:delayed')) === 2);
    for (const task of tasks) expect(await app.rowIn(task, 'queued')).toMatchObject({ attempt: 0, error_code: null });
    await worker.stop(0);
    await app.close();
    await namespace.clear();
    expect(fake.seen.length).toBeLessThanOrEqual(2);
    await expect(classify(classifier)).rejects.toMatchObject({ code, fault: 'throttled' });
    expect(fake.seen.length).toBeLessThanOrEqual(2);
  });

  test.each([
    ['a refusal', say('', { refusal: 'I cannot help with that.' }), 'LLM_REFUSED'],
    ['a content filter', say('', { finish: 'content_filter' }), 'LLM_REFUSED'],
    ['a request that it does not take', refuse(400, 'context_length_exceeded'), 'LLM_REQUEST_REFUSED'],
  ])('for this transcript fails the job at once: %s', async (_name, answer, code) => {
    fake.otherwise(answer);
    const { row, calls, kept, run } = await classifyOne({ maxRetries: 3 });
    expect([row.state, row.error_code, calls, kept, run]).toEqual(['failed', code, 1, 0, undefined]);
  });

  test('a parameter is asked again without it, and remembers', async () => {
    fake.script(refuse(400, 'unsupported', {}, "'response_format' of type 'json_schema' is not supported"));
    fake.otherwise(good);
    const classifier = makeClassifier();
    await classify(classifier);
    await classify(classifier);
    expect(fake.seen.map(({ body }) => 'response_format' in body)).toEqual([true, false, false]);
  });
});

describe('a reply with faults', () => {
  test.each(['Con gusto. La reunión fue positiva.', '{"fields": {"business_sector"', '{"business_sector": 42}', ''])(
    'is repaired once, with the faults named: %s',
    async (content) => {
      fake.script(say(content));
      fake.otherwise(good);
      const { row, calls, kept, run } = await classifyOne();
      expect([row.state, calls, kept, run?.classifier]).toEqual(['completed', 2, 1, 'llm']);
      const messages = fake.seen[1]?.body.messages ?? [];
      expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
      expect(messages[3]?.content).toContain('That answer has faults');
    },
  );

  test('twice fails the attempt; what was kept is not taken for an answer', async () => {
    fake.otherwise(say('Claro.'));
    const { row, calls, kept, run } = await classifyOne();
    expect([row.state, row.error_code, calls, kept, run]).toEqual(['failed', 'LLM_REPLY_INVALID', 2, 1, undefined]);
  });

  test('in a few values is used for the others where it cannot be repaired', async () => {
    const sector = { value: 'healthcare', quotes: ['clínica dental'], confidence: 0.9 };
    const fields = {
      ...allNull(),
      business_sector: sector,
      lead_source: { value: 'astrology', quotes: [], confidence: 1 },
    };
    fake.otherwise(say(JSON.stringify({ fields })));
    const { row, calls, run } = await classifyOne();
    expect([row.state, calls]).toEqual(['completed', 2]);
    expect([run?.fields.business_sector?.value, run?.fields.lead_source?.value]).toEqual(['healthcare', null]);
  });

  test('cut short is asked again with more tokens, then given up', async () => {
    fake.script(say('{"fields": {', { finish: 'length' }));
    fake.otherwise(good);
    expect((await classifyOne()).row.state).toBe('completed');
    expect(fake.seen.map(({ body }) => body.max_tokens)).toEqual([4_096, 8_192]);
    fake.otherwise(say('{"fields": {', { finish: 'length' }));
    const { row, kept } = await classifyOne();
    expect([row.state, row.error_code, kept]).toEqual(['failed', 'LLM_REPLY_TRUNCATED', 0]);
  });
});

describe('with CLASSIFIER_FALLBACK=offline', () => {
  test.each([
    ['500', refuse(500, 'server_error')],
    ['401', refuse(401, 'invalid_api_key')],
    ['a refusal', say('', { refusal: 'no' })],
    ['prose', say('Claro.')],
  ])('the meeting is classified offline and marked for review: %s', async (_name, answer) => {
    fake.otherwise(answer);
    const { row, run } = await classifyOne({ hasFallback: true });
    expect(row.state).toBe('completed');
    expect(run).toMatchObject({ classifier: 'offline', model: 'offline-1', needs_review: true });
    expect(run?.fields.business_sector?.value).toBe('healthcare');
  });

  test('the next request asks the model again', async () => {
    fake.script(refuse(400, 'context_length_exceeded'));
    fake.otherwise(good);
    await classifyOne({ hasFallback: true }, async ({ app, meetingId, run }) => {
      expect(run?.classifier).toBe('offline');
      await app.rowIn(await app.ask({ args: [meetingId] }), 'completed');
      expect((await readStored(app, meetingId)).run?.classifier).toBe('llm');
    });
  });
});

test('a job that is cancelled in the middle of a call ends the call and writes nothing', async () => {
  fake.otherwise(stall);
  const controller = new AbortController();
  const work = makeClassifier().classify({
    transcript: spanishTranscript,
    sellerPrompt: null,
    signal: controller.signal,
  });
  await waitFor('the call to be made', () => Promise.resolve(fake.seen.length === 1));
  controller.abort(new Error('cancelled'));
  await expect(work).rejects.toThrow('cancelled');
  await waitFor('its socket to be closed', () => Promise.resolve(fake.openSockets === 0));
  expect(fake.seen.length).toBe(1);
});

test('neither logs nor job rows hold the key, the transcript or what the provider said', async () => {
  const spoken = 'PALABRA-SECRETA-DEL-CLIENTE';
  fake.otherwise((seen, response) => refuse(400, 'bad', {}, JSON.stringify(seen.body))(seen, response));
  const { row, app } = await classifyOne({ transcript: `${spanishTranscript} ${spoken}` });
  const told = JSON.stringify([row, app.log]);
  expect(row.error_code).toBe('LLM_REQUEST_REFUSED');
  for (const secret of [spoken, apiKey, 'You label transcripts']) expect(told).not.toContain(secret);
});

function classify(classifier: Classifier) {
  return classifier.classify({
    transcript: spanishTranscript,
    sellerPrompt: null,
    signal: new AbortController().signal,
  });
}

function allNull(): Record<string, unknown> {
  return Object.fromEntries(
    taxonomy.fields.map(({ id, type }) => [
      id,
      type === 'list' || type === 'phrases' ? { items: [] } : { value: null },
    ]),
  );
}
