/** The sample meetings and models that refuse parts of a request: every job ends well, and a refusal costs one call, not one a job. */
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandModule } from '../../../src/cli/kit/cli.ts';
import { run } from '../../../src/cli/kit/program.ts';
import { openAiDialect } from '../../../src/services/classification/model/providers/openai-dialect.ts';
import { makeLlmClassifier, salesTaxonomy, testKey } from '../../helpers/llm-classifier.ts';
import { insertMeetings, spanishTranscript } from '../../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';
import { type Api, type Body, type Refusal, startRefusingModel } from '../../helpers/refusing-model.ts';
import { spawnWorker } from '../../helpers/spawn-worker.ts';
import { query, startApp, type TestApp } from '../../helpers/start-app.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { makeIo, makeStream } from '../../unit/cli/fake-io.ts';

const rows: Record<string, string>[] = parse(readFileSync('samples/meetings.csv', 'utf8'), { columns: true });
const transcripts = rows.map((row) => row.Transcripcion ?? '');
const concurrency = 20;

const refuses = {
  temperature: (body: Body) => 'temperature' in body,
  max_tokens: (body: Body) => 'max_tokens' in body,
  json_schema: (body: Body) => JSON.stringify(body.response_format ?? '').includes('"json_schema"'),
  'forced tool': (body: Body) => 'tool_choice' in body,
};
type PartName = keyof typeof refuses;
const messages: Readonly<Record<PartName, string>> = {
  temperature: '`temperature` is deprecated for this model.',
  max_tokens:
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
  json_schema: 'This response_format type is unavailable now',
  'forced tool': 'Thinking may not be enabled when tool_choice forces tool use.',
};
/** As providers do: the first part that it meets. */
const refusing =
  (names: readonly PartName[]) =>
  (body: Body): Refusal | undefined => {
    const name = names.find((each) => refuses[each](body));
    const error = name && { type: 'invalid_request_error', message: messages[name], param: null, code: null };
    return error && { status: 400, body: { error } };
  };

const scenarios: readonly { readonly api: Api; readonly names: readonly PartName[] }[] = [
  { api: 'openai', names: ['temperature'] },
  { api: 'openai', names: ['max_tokens'] },
  { api: 'openai', names: ['json_schema'] },
  { api: 'anthropic', names: ['forced tool'] },
  { api: 'openai', names: ['temperature', 'max_tokens', 'json_schema'] },
  { api: 'anthropic', names: ['temperature', 'forced tool'] },
];

let namespace: Namespace;
beforeAll(async () => {
  namespace = await createNamespace();
});
afterAll(() => namespace.close());

const enqueue = async (app: TestApp, texts: readonly string[], origin: string) => {
  const ids = await insertMeetings(app.database, texts);
  await app.enqueuer.enqueue(ids.map((id) => ({ task: 'classify_meeting', args: [id], origin })));
  return waitFor(
    `${ids.length} jobs of ${origin} to end`,
    async () => {
      const jobs = await query<{ state: string; attempts: unknown[] }>(
        app,
        `select state, attempts from vambe_worker.jobs where origin = $1 and state in ('completed', 'failed')`,
        [origin],
      );
      return jobs.length === ids.length && jobs;
    },
    120_000,
  );
};

describe.each(scenarios)('a model of $api that refuses $names', ({ api, names }) => {
  test(`all ${transcripts.length} jobs are done at their first attempt, at ${concurrency} at a time; a new start asks nothing twice (M1)`, async () => {
    const model = await startRefusingModel({ api, taxonomy: salesTaxonomy, refuse: refusing(names) });
    const name = `${api} without ${names.join(' and ')}`;
    const settings = {
      llmProvider: api === 'openai' ? ('compatible' as const) : api,
      llmBaseUrl: model.baseUrl,
      llmModel: name,
      llmApiKey: testKey,
      workerConcurrency: concurrency,
    };
    try {
      const app = await startApp(namespace, { settings });
      const worker = await app.work({ concurrency });
      try {
        const jobs = await enqueue(app, transcripts, name);
        expect(jobs.filter(({ state, attempts }) => state !== 'completed' || attempts.length > 0)).toEqual([]);
        expect(model.seen.length - model.refusals).toBe(transcripts.length);
        expect(model.refusals).toBeLessThanOrEqual(names.length);
        await waitFor('it to be logged', () => app.log.named('classifier.parts_refused').length > 0);
        expect(app.log.named('classifier.parts_refused')).toMatchObject([
          { level: 'warn', fields: { model: name, refused: [...names].sort().join(', ') } },
        ]);
      } finally {
        await worker.stop(0);
        await app.close();
      }
      const next = await startApp(namespace, { settings });
      const nextWorker = await next.work({ concurrency });
      try {
        const before = model.refusals;
        await enqueue(next, [`${spanishTranscript} Otra vez.`, `${spanishTranscript} Y otra.`], `${name}, again`);
        expect(model.refusals).toBe(before);
        expect(next.log.named('classifier.parts_refused')).toEqual([]);
      } finally {
        await nextWorker.stop(0);
        await next.close();
      }
    } finally {
      await model.close();
    }
  }, 180_000);
});

describe('one model that refuses a temperature and schemas', () => {
  const names = ['temperature', 'json_schema'] as const;
  const commands = ['check', 'classify', 'doctor'].map((name) => ({
    name,
    load: (): Promise<CommandModule> => import(`../../../src/cli/commands/${name}.ts`),
  }));

  test('two processes of a worker share what one of them learned; doctor, check llm and classify --file show and use it (M1)', async () => {
    const model = await startRefusingModel({ api: 'openai', taxonomy: salesTaxonomy, refuse: refusing(names) });
    const environment = {
      LLM_PROVIDER: 'compatible',
      LLM_BASE_URL: model.baseUrl,
      LLM_API_KEY: testKey,
      LLM_MODEL: 'shared',
    };
    const vambe = async (...args: string[]) => {
      const addresses = { REDIS_URL: namespace.redisUrl, DATABASE_URL: namespace.postgresUrl };
      const { io, stdout } = makeIo({ environment: { ...addresses, ...environment }, stderr: makeStream() });
      await run([...args, '--json'], { commands, version: '1.2.3', io });
      return JSON.parse(stdout.text());
    };
    const app = await startApp(namespace);
    try {
      const args = ['--processes', '2', '--concurrency', String(concurrency / 2)];
      const worker = spawnWorker({ ...namespace, args, environment });
      const logged = (event: string) => worker.events.filter((each) => each.event === event);
      await waitFor('two processes to be ready', () => logged('worker.ready').length === 2, 90_000);
      const jobs = await enqueue(app, transcripts, 'two processes');
      expect(jobs.filter(({ state, attempts }) => state !== 'completed' || attempts.length > 0)).toEqual([]);
      expect(model.refusals).toBeLessThanOrEqual(2 * names.length);
      await waitFor('it to be logged', () => logged('classifier.parts_refused').length > 0);
      expect(logged('classifier.parts_refused').length).toBe(1);
      expect(worker.output()).not.toContain(testKey);
      worker.kill('SIGTERM');
      expect(await worker.exited).toBe(0);

      const told = 'json_schema, temperature';
      const { checks } = await vambe('doctor');
      expect(checks).toContainEqual(
        expect.objectContaining({ part: 'Classifier', facts: expect.objectContaining({ refused_parts: told }) }),
      );
      expect(await vambe('check', 'llm')).toMatchObject({
        success: true,
        checks: [{ facts: { refused_parts: told } }],
      });
      const file = await vambe('classify', '--file', 'README.md');
      expect(file).toMatchObject({ success: true, classifier: 'llm', model: 'shared' });
    } finally {
      await app.close();
      await model.close();
    }
  }, 240_000);
});

test('a limit that is too high for a model is left out of that request alone (M2)', async () => {
  const message = 'max_tokens is too large: 4096. This model supports at most 2048 completion tokens.';
  const refuse = (body: Body) =>
    'max_tokens' in body ? { status: 400, body: { error: { message, param: 'max_tokens', code: null } } } : undefined;
  const model = await startRefusingModel({ api: 'openai', taxonomy: salesTaxonomy, refuse });
  try {
    const { signal } = new AbortController();
    const bounds = { firstByteMs: 20_000, wholeMs: 20_000 };
    const { classify } = makeLlmClassifier(model.baseUrl, { dialect: openAiDialect('max_tokens'), bounds });
    for (const transcript of [spanishTranscript, `${spanishTranscript} Otra.`])
      expect((await classify({ transcript, sellerPrompt: null, signal })).fields.business_sector?.value).toBe(
        'healthcare',
      );
    expect(model.seen.map((body) => 'max_tokens' in body)).toEqual([true, false, true, false]);
    expect(model.seen.some((body) => 'max_completion_tokens' in body)).toBe(false);
  } finally {
    await model.close();
  }
});
