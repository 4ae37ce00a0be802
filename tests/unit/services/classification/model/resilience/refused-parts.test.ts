import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../../../../src/core/clock.ts';
import { openAiDialect } from '../../../../../../src/services/classification/model/providers/openai-dialect.ts';
import { readRefusedParameters } from '../../../../../../src/services/classification/model/providers/refused-parameters.ts';
import {
  createRefusedParts,
  learnedLifeMs,
  type RefusedPartsOptions,
} from '../../../../../../src/services/classification/model/resilience/refused-parts.ts';
import { createRefusedPartsStore } from '../../../../../../src/services/classification/model/resilience/refused-parts-store.ts';

const { signal } = new AbortController();
const create = (more: Partial<RefusedPartsOptions> = {}) =>
  createRefusedParts({ dialect: openAiDialect('max_tokens'), clock: systemClock, ...more });
type Call = Awaited<ReturnType<ReturnType<typeof create>['begin']>>;
const namesOf = ({ parts }: Call) => parts.map(({ name }) => name);
/** What the next call would carry. */
const lookAt = async (refused: ReturnType<typeof create>) => {
  const call = await refused.begin(signal);
  call.end();
  return namesOf(call);
};
/** What of these promises is settled once all that is due has run. */
const settled = async (promises: readonly Promise<unknown>[]) => {
  let count = 0;
  for (const each of promises) each.then(() => count++);
  await new Promise((resolve) => setImmediate(resolve));
  return count;
};

describe('until a model has accepted a request', () => {
  test('one call goes first, and the others go without what it was refused (M1)', async () => {
    const refused = create();
    const first = await refused.begin(signal);
    const others = [refused.begin(signal), refused.begin(signal)];
    expect(await settled(others)).toBe(0);
    expect(first.refused(['temperature'])).toBe(true);
    first.end();
    // One of the others goes first now.
    expect(await settled(others)).toBe(1);
    const second = await Promise.race(others);
    expect(namesOf(second)).toEqual(['json_schema', 'max_tokens', 'system role']);
    second.accepted();
    second.end();
    expect(await settled(others)).toBe(2);
    expect(refused.refused()).toEqual(['temperature']);
  });

  test('a fault that is none of a part lets all others go at once (M1)', async () => {
    const refused = create();
    const first = await refused.begin(signal);
    const others = [refused.begin(signal), refused.begin(signal), refused.begin(signal)];
    expect(await settled(others)).toBe(0);
    first.end();
    expect(await settled(others)).toBe(3);
  });

  test('the others wait some seconds at most for the first one, and no longer than until they are aborted (M1)', async () => {
    const refused = create();
    await refused.begin(signal);
    const controller = new AbortController();
    const aborted = refused.begin(controller.signal);
    expect(await settled([aborted.catch(() => undefined)])).toBe(0);
    controller.abort(new Error('asked to stop'));
    await expect(aborted).rejects.toThrow('asked to stop');
    await expect(refused.begin(signal)).resolves.toMatchObject({ parts: expect.any(Array) });
  });
});

test('of a list of forms the next one is tried, and each limit takes the place of the other (M3)', async () => {
  const refused = create();
  const refuse = async (parameter: string) => {
    const call = await refused.begin(signal);
    call.refused([parameter]);
    call.end();
    return lookAt(refused);
  };
  expect(await refuse('response_format')).toContain('json_object');
  expect(await refuse('response_format')).toEqual(['temperature', 'tool call', 'max_tokens', 'system role']);
  expect(await refuse('tool_choice')).toEqual(['temperature', 'max_tokens', 'system role']);
  expect(await refuse('max_tokens')).toEqual(['temperature', 'max_completion_tokens', 'system role']);
  expect(await refuse('max_tokens')).toEqual(['temperature', 'system role']);
  expect(await refuse('seed')).toEqual(['temperature', 'system role']);
});

test('a call that was under way when a part was refused does not cost the next form (M1)', async () => {
  const refused = create();
  const accepted = await refused.begin(signal);
  accepted.accepted();
  accepted.end();
  const calls = await Promise.all([1, 2, 3].map(() => refused.begin(signal)));
  for (const call of calls) {
    expect(call.refused(['response_format'])).toBe(true);
    call.end();
  }
  expect(refused.refused()).toEqual(['json_schema']);
});

describe('what was learned', () => {
  const makeTexts = () => {
    const kept = new Map<string, string>();
    return {
      kept,
      get: async (key: string) => kept.get(key) ?? null,
      async set(key: string, value: string) {
        const before = kept.get(key) ?? null;
        kept.set(key, value);
        return before;
      },
    };
  };
  const address = { provider: 'openai', host: 'h', model: 'm' };

  test('is told by one process of many, and known to the next start (M1)', async () => {
    const texts = makeTexts();
    const onLearned = vi.fn();
    const learnIn = async (refused: ReturnType<typeof create>) => {
      const call = await refused.begin(signal);
      call.refused(['temperature']);
      call.end();
      const next = await refused.begin(signal);
      next.accepted();
      next.end();
    };
    const open = () => create({ store: createRefusedPartsStore(texts, address), onLearned });
    const both = [open(), open()];
    await Promise.all(both.map((each) => each.begin(signal).then((call) => call.end())));
    for (const each of both) await learnIn(each);
    await vi.waitFor(() => expect(onLearned).toHaveBeenCalled());
    const next = open();
    const calls = await Promise.all([next.begin(signal), next.begin(signal)]);
    for (const call of calls) expect(namesOf(call)).not.toContain('temperature');
    expect(onLearned.mock.calls).toEqual([
      [{ refused: ['temperature'], sent: ['json_schema', 'max_tokens', 'system role'] }],
    ]);
    expect([...texts.kept]).toEqual([['vambe:refused-parts:openai:h:m', '["temperature"]']]);
  });

  test('is asked for again after its life, as a model may take more than it did (M1)', async () => {
    let nowMs = 0;
    const clock = { ...systemClock, monotonicMs: () => nowMs };
    const refused = create({ clock });
    const call = await refused.begin(signal);
    call.refused(['temperature']);
    call.end();
    expect(await lookAt(refused)).not.toContain('temperature');
    nowMs = learnedLifeMs;
    expect(namesOf(await refused.begin(signal))).toContain('temperature');
  });

  test.each([['{'], ['{"a":1}'], ['[1]'], ['["no such part"]']])(
    'is nothing where Redis holds %s, or fails (M1)',
    async (text) => {
      const get = async () => text;
      const store = createRefusedPartsStore({ ...makeTexts(), get }, address);
      expect(namesOf(await create({ store }).begin(signal)).length).toBe(4);
      const broken = { read: () => Promise.reject(new Error('down')), save: async () => true };
      expect(namesOf(await create({ store: broken }).begin(signal)).length).toBe(4);
    },
  );
});

describe('a value that is too large', () => {
  const tooLarge = 'max_tokens is too large: 8192. This model supports at most 4096 completion tokens.';
  test.each([
    ['in words', { message: tooLarge, param: 'max_tokens', code: null }],
    ['by a code', { message: 'x', param: 'max_tokens', code: 'integer_above_max_value' }],
    ['as Volcengine says it', { message: 'integer above maximum value, got 8192', param: 'max_tokens' }],
  ])('is none that is refused for good: %s (M2)', (_how, error) => {
    const answer = { status: 400, headers: {}, body: JSON.stringify({ error }) };
    expect(readRefusedParameters(answer)).toEqual({ names: [], once: ['max_tokens'] });
  });
});

test.each([401, 403, 404, 429, 500])('an answer %i refuses no part (M2)', (status) => {
  const body = JSON.stringify({ error: { param: 'temperature', code: 'unsupported_value', message: 'x' } });
  expect(readRefusedParameters({ status, headers: {}, body }).names).toEqual([]);
});
