/** Anthropic and Google as their APIs speak, on loopback; what a check and the figures of cost say of a model. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CommandModule } from '../../../src/cli/kit/cli.ts';
import { run } from '../../../src/cli/kit/program.ts';
import { createDatabase, type Database } from '../../../src/core/connections/database.ts';
import { anthropicDialect } from '../../../src/services/classification/model/providers/anthropic-dialect.ts';
import { googleDialect } from '../../../src/services/classification/model/providers/google-dialect.ts';
import { answerByReading, modelThatReads, refuse, say, startFakeLlm } from '../../helpers/fake-llm.ts';
import { makeLlmClassifier, makeMemory, salesTaxonomy, testKey, testModel } from '../../helpers/llm-classifier.ts';
import { insertMeetings, spanishTranscript } from '../../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';
import { makeIo, makeStream } from '../../unit/cli/fake-io.ts';

interface Seen {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

type Reply = (seen: Seen) => { status?: number; body: unknown };
let stops: (() => Promise<void>)[] = [];

/** A server that answers in a provider's own words, one reply after the other, the last one for good. */
async function startProvider(...replies: Reply[]) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      seen.push({ url: request.url ?? '', headers: request.headers, body });
      const one = seen.at(-1);
      const reply = one && replies[Math.min(seen.length, replies.length) - 1]?.(one);
      response.writeHead(reply?.status ?? 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(reply?.body ?? {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => new Promise((resolve) => void server.close(() => resolve())));
  const { port } = server.address() as AddressInfo;
  return { seen, baseUrl: `http://127.0.0.1:${port}` };
}

afterEach(async () => {
  for (const stop of stops) await stop();
  stops = [];
});

const read = modelThatReads(salesTaxonomy);
const answer = await read(spanishTranscript);
const signal = new AbortController().signal;
const classify = (baseUrl: string, dialect: typeof anthropicDialect) =>
  makeLlmClassifier(baseUrl, { dialect, bounds: { wholeMs: 10_000 } }).classify({
    transcript: spanishTranscript,
    sellerPrompt: null,
    signal,
  });

describe('Anthropic', () => {
  const usage = { input_tokens: 900, cache_read_input_tokens: 100, output_tokens: 200 };
  const reply =
    (more: object): Reply =>
    () => ({ body: { type: 'message', model: testModel, usage, ...more } });
  const called = reply({ stop_reason: 'tool_use', content: [{ type: 'tool_use', name: 'x', input: answer }] });

  test('is asked over its messages, and answers as the input of a tool', async () => {
    const { seen, baseUrl } = await startProvider(called);
    const { fields, usage: used } = await classify(baseUrl, anthropicDialect);
    expect(fields.business_sector?.value).toBe('healthcare');
    expect(used).toMatchObject({ inputTokens: 1_000, outputTokens: 200, costUsd: 1.31 });
    const [request] = seen;
    expect([request?.url, request?.headers['x-api-key']]).toEqual(['/v1/messages', testKey]);
    expect(request?.headers['anthropic-version']).toBe('2023-06-01');
    expect(request?.body).toMatchObject({ model: testModel, max_tokens: 4_096, temperature: 0 });
    expect(JSON.stringify(request?.body.system)).toContain('You label transcripts');
    expect(request?.body).toHaveProperty('tools.0.input_schema.properties.fields');
    expect(request?.body).toHaveProperty('tool_choice.type', 'tool');
  });

  test.each([
    ['a refusal', reply({ stop_reason: 'refusal', content: [] }), 'MODEL_REFUSED_CONTENT'],
    [
      'its key',
      () => ({ status: 401, body: { type: 'error', error: { type: 'authentication_error' } } }),
      'MODEL_REFUSED_KEY',
    ],
    [
      'no credit',
      () => ({
        status: 400,
        body: { error: { type: 'invalid_request_error', message: 'Your credit balance is too low' } },
      }),
      'MODEL_QUOTA',
    ],
  ] as [string, Reply, string][])('says so: %s', async (_name, said, code) => {
    const { baseUrl } = await startProvider(said);
    await expect(classify(baseUrl, anthropicDialect)).rejects.toMatchObject({ code });
  });

  test('that ran out of tokens is asked with more', async () => {
    const { seen, baseUrl } = await startProvider(reply({ stop_reason: 'max_tokens', content: [] }), called);
    await classify(baseUrl, anthropicDialect);
    expect(seen.map(({ body }) => body.max_tokens)).toEqual([4_096, 8_192]);
  });
});

describe('Google', () => {
  const usageMetadata = { promptTokenCount: 1_000, candidatesTokenCount: 150, thoughtsTokenCount: 50 };
  const reply =
    (more: object): Reply =>
    () => ({ body: { modelVersion: testModel, usageMetadata, ...more } });
  const parts = [{ text: 'thinking', thought: true }, { text: JSON.stringify(answer) }];
  const said = reply({ candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP' }] });

  test('is asked over generateContent, with a JSON schema', async () => {
    const { seen, baseUrl } = await startProvider(said);
    const { fields, usage } = await classify(baseUrl, googleDialect);
    expect(fields.business_sector?.value).toBe('healthcare');
    expect(usage).toMatchObject({ inputTokens: 1_000, outputTokens: 200, costUsd: 1.4 });
    const [request] = seen;
    expect(request?.url).toBe(`/v1beta/models/${testModel}:generateContent`);
    expect(request?.headers['x-goog-api-key']).toBe(testKey);
    expect(request?.body).toMatchObject({
      generationConfig: { temperature: 0, maxOutputTokens: 4_096, responseMimeType: 'application/json' },
    });
    expect(request?.body).toHaveProperty('generationConfig.responseJsonSchema.properties.fields');
    expect(JSON.stringify(seen)).not.toContain('OPENAI');
  });

  test.each([
    ['a blocked prompt', reply({ promptFeedback: { blockReason: 'SAFETY' } }), 'MODEL_REFUSED_CONTENT'],
    ['a filter', reply({ candidates: [{ finishReason: 'PROHIBITED_CONTENT' }] }), 'MODEL_REFUSED_CONTENT'],
    [
      'its key',
      () => ({
        status: 400,
        body: { error: { status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }] } },
      }),
      'MODEL_REFUSED_KEY',
    ],
    [
      'a wait',
      () => ({ status: 429, body: { error: { status: 'RESOURCE_EXHAUSTED', details: [{ retryDelay: '30s' }] } } }),
      'MODEL_RATE_LIMITED',
    ],
  ] as [string, Reply, string][])('says so: %s', async (_name, told, code) => {
    const { baseUrl } = await startProvider(told);
    await expect(classify(baseUrl, googleDialect)).rejects.toMatchObject({ code });
  });

  test('that knows no such schema is asked without it', async () => {
    const refused: Reply = () => ({
      status: 400,
      body: { error: { status: 'INVALID_ARGUMENT', message: 'Unknown name "responseJsonSchema"' } },
    });
    const { seen, baseUrl } = await startProvider(refused, said);
    await classify(baseUrl, googleDialect);
    expect(JSON.stringify(seen[1]?.body)).not.toContain('responseJsonSchema');
  });
});

describe('vambe', () => {
  let namespace: Namespace;
  let database: Database;
  beforeAll(async () => {
    namespace = await createNamespace();
    database = createDatabase({ url: namespace.postgresUrl, poolSize: 1, prepared: false, applicationName: 'tests' });
  });
  afterAll(async () => {
    await database.close();
    await namespace.close();
  });
  const commands = ['check', 'classify', 'stats'].map((name) => ({
    name,
    load: (): Promise<CommandModule> => import(`../../../src/cli/commands/${name}.ts`),
  }));
  const vambe = async (args: readonly string[], environment: Record<string, string> = {}) => {
    const { io, stdout, stderr } = makeIo({
      environment: { REDIS_URL: namespace.redisUrl, DATABASE_URL: namespace.postgresUrl, ...environment },
      stderr: makeStream(),
    });
    const code = await run([...args, '--json'], { commands, version: '1.2.3', io });
    return { code, document: JSON.parse(stdout.text()), err: stderr.text() };
  };

  test('check llm makes one small call, and says what is wrong where it fails', async () => {
    const fake = await startFakeLlm();
    stops.push(() => fake.close());
    const environment = { LLM_BASE_URL: fake.baseUrl, LLM_API_KEY: testKey, LLM_MODEL: 'gpt-4o-mini' };
    fake.otherwise(answerByReading(salesTaxonomy));
    const good = await vambe(['check', 'llm'], environment);
    expect(good).toMatchObject({ code: 0, document: { checks: [{ ok: true, facts: { model: 'gpt-4o-mini' } }] } });
    fake.otherwise(refuse(401, 'invalid_api_key'));
    const bad = await vambe(['check', 'llm'], environment);
    expect(bad).toMatchObject({ code: 5, document: { code: 'MODEL_REFUSED_KEY' } });
    fake.otherwise(refuse(500, 'server_error'));
    expect(await vambe(['check', 'llm'], environment)).toMatchObject({ document: { code: 'MODEL_UNREACHABLE' } });
    expect(fake.seen.length).toBe(3);
    expect(JSON.stringify([good, bad])).not.toContain(testKey);
  });

  test('check llm reads the answer, and warns of a near end and of a model without a price (M9, M11)', async () => {
    const fake = await startFakeLlm();
    stops.push(() => fake.close());
    const environment = { LLM_BASE_URL: fake.baseUrl, LLM_API_KEY: testKey, LLM_MODEL: 'gpt-6-luna' };
    const look = async () => (await vambe(['check', 'llm'], environment)).document.checks[0];
    fake.otherwise(answerByReading(salesTaxonomy));
    expect(await look()).toMatchObject({ ok: true, warnings: [], facts: { labels_found: expect.any(Number) } });
    expect((await look()).facts.labels_found).toBeGreaterThan(3);
    fake.otherwise(say('Sí, el servicio funciona.'));
    expect((await look()).warnings).toEqual([expect.stringContaining('without the JSON')]);
    fake.otherwise(say(JSON.stringify({ fields: { business_sector: null } })));
    expect((await look()).warnings).toEqual([expect.stringContaining('found no label')]);
    expect(fake.seen.length).toBe(4);
  });

  test.each(['OPENAI_BASE_URL', 'OPENAI_API_BASE'])(
    'check llm calls the address of %s, and says so (S4)',
    async (name) => {
      const fake = await startFakeLlm();
      stops.push(() => fake.close());
      fake.otherwise(answerByReading(salesTaxonomy));
      const found = await vambe(['check', 'llm'], { [name]: fake.baseUrl, OPENAI_API_KEY: testKey });
      const facts = { address_from: name, key_from: 'OPENAI_API_KEY', host: new URL(fake.baseUrl).host };
      expect(found).toMatchObject({ code: 0, document: { checks: [{ ok: true, facts }] } });
      expect(fake.seen.length).toBe(1);
    },
  );

  test('a dry run says what its calls cost', async () => {
    const [meetingId = 0] = await insertMeetings(database, [spanishTranscript]);
    const fake = await startFakeLlm();
    stops.push(() => fake.close());
    fake.otherwise(answerByReading(salesTaxonomy));
    const environment = { LLM_BASE_URL: fake.baseUrl, LLM_API_KEY: testKey, LLM_MODEL: 'gpt-4o-mini' };
    const { code, document } = await vambe(['classify', String(meetingId), '--dry-run', '--yes'], environment);
    expect({ code, document }).toMatchObject({
      code: 0,
      document: { meetings: 1, cost: { input_tokens: expect.any(Number) } },
    });
    expect(document.cost.cost_usd).toBeGreaterThan(0);
  });

  test('stats cost adds up calls by day, model and seller', async () => {
    const [meetingId = 0] = await insertMeetings(database, [spanishTranscript]);
    const call = {
      model: 'gpt-4o-mini',
      outcome: 'whole',
      inputTokens: 1_000,
      outputTokens: 200,
      latencyMs: 800,
    } as const;
    const { record } = makeMemory(database);
    await record({ ...call, meetingId, costUsd: 0.25 });
    await record({ ...call, meetingId, costUsd: 0.5 });
    await record({ ...call, outcome: 'abandoned', meetingId: null, model: 'own', costUsd: null });
    const bySeller = (await vambe(['stats', 'cost', '--by', 'seller'])).document;
    expect(bySeller.rows[0]).toMatchObject({
      name: 'Ana Pérez',
      calls: 2,
      meetings: 1,
      cost_usd: 0.75,
      input_tokens: 2_000,
    });
    expect(bySeller.total).toMatchObject({ calls: 3, cost_usd: 0.75, unpriced_calls: 1 });
    const byModel = (await vambe(['stats', 'cost', '--by', 'model'])).document;
    expect(byModel.rows).toMatchObject([
      { name: 'gpt-4o-mini', cost_usd: 0.75 },
      { name: 'own', cost_usd: null, unpriced_calls: 1, abandoned_calls: 1 },
    ]);
    const byDay = await vambe(['stats', 'cost', '--days', '1'], { LLM_BUDGET_USD_PER_DAY: '5' });
    expect(byDay.document).toMatchObject({ rows: [{ calls: 3 }], spent_today_usd: 0.75, budget_usd_per_day: 5 });
  });
});
