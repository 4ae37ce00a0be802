import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import {
  type ClassifierTarget,
  callClassifier,
  checkClassifier,
  checkRedis,
  findingOf,
  redisTargets,
} from '../../../../src/services/observe/check-servers.ts';

const target = (more: Partial<ClassifierTarget> = {}): ClassifierTarget => ({
  choose: async () => ({
    kind: 'llm',
    model: 'big-model',
    probe: async () => ({
      model: 'big-model-2026',
      host: 'models.example',
      latencyMs: 12,
      inputTokens: 3,
      outputTokens: 1,
      costUsd: 0.000_01,
      refusedParts: [],
      labels: 2,
    }),
  }),
  access: { provider: 'openai', addressFrom: null, keyFrom: 'LLM_API_KEY', words: 'openai, key from LLM_API_KEY' },
  unusedProvider: null,
  timeoutSeconds: 1,
  readRefusedParts: async () => ['temperature'],
  adviseOn: async () => [],
  ...more,
});

describe('The check of the classifier', () => {
  it('without a call says what the settings mean and what the model refuses', async () => {
    const { facts, words, fault } = await checkClassifier(target());
    expect(fault).toBeNull();
    expect(facts).toMatchObject({
      kind: 'llm',
      address_from: 'none',
      key_from: 'LLM_API_KEY',
      refused_parts: 'temperature',
    });
    expect(words).toContain('"vambe check llm" calls the model; it refuses temperature and is asked without');
  });

  it('with a call says who answered, how fast and for how much', async () => {
    const { facts, words, warnings } = await callClassifier(target());
    expect(facts).toMatchObject({ answered_by: 'big-model-2026', host: 'models.example', latency_ms: 12 });
    expect(words).toContain('answers in 12 ms, 3 and 1 tokens, 0.000010 USD');
    expect(warnings).toEqual([]);
  });

  it('warns where another model answers, and where a provider is set and not used', async () => {
    const other = async () => ({ ...(await target().choose()), model: 'small-model' });
    expect((await callClassifier(target({ choose: other }))).warnings).toHaveLength(1);
    const offline = target({
      choose: async () => ({ kind: 'offline', model: 'offline-1' }),
      unusedProvider: 'A key is set.',
    });
    expect(await checkClassifier(offline)).toMatchObject({ warnings: ['A key is set.'], fault: null });
  });

  it.each([
    [null, 'without the JSON that was asked for'],
    [0, 'found no label with a quote'],
  ])('warns where %s labels are found in the answer, and passes on what is advised (M11)', async (labels, words) => {
    const choose = async () => {
      const chosen = await target().choose();
      return { ...chosen, probe: async () => ({ ...(await chosen.probe?.(AbortSignal.timeout(1_000))), labels }) };
    };
    const advised = target({ choose: choose as ClassifierTarget['choose'], adviseOn: async () => ['It ends soon.'] });
    const { warnings } = await callClassifier(advised);
    expect(warnings).toEqual([expect.stringContaining(words), 'It ends soon.']);
  });

  it('finds a fault in settings that are refused', async () => {
    const choose = async () => {
      throw new AppError('SETTINGS_INVALID', 'LLM_MODEL is empty.');
    };
    expect(await checkClassifier(target({ choose }))).toMatchObject({ fault: { code: 'SETTINGS_INVALID', exit: 2 } });
  });
});

describe('The Redis servers to check', () => {
  it('are those of Celery, too, where they are others, each once', () => {
    const queues = { url: 'redis://a', embedded: false };
    expect(redisTargets(queues, { brokerUrl: 'redis://a', resultUrl: null })).toHaveLength(1);
    expect(redisTargets(queues, { brokerUrl: 'redis://b', resultUrl: 'redis://b' }).map(({ name }) => name)).toEqual([
      'Redis',
      'Redis of CELERY_BROKER_URL',
    ]);
  });

  it('give a finding where they do not answer', async () => {
    const finding = await checkRedis({ name: 'Redis', url: 'redis://127.0.0.1:1/0', embedded: false });
    expect(finding).toMatchObject({ part: 'Redis', fault: { code: 'REDIS_UNREACHABLE', exit: 5 } });
  });
});

describe('A finding', () => {
  it('is no cover for a fault of ours', async () => {
    const look = async () => {
      throw new TypeError('ours');
    };
    await expect(findingOf({ part: 'x', embedded: false, address: null }, look)).rejects.toThrow('ours');
  });
});
