/** What every provider's refusals must lead to: an answer without the refused part, and nothing learned from other errors. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Dialect } from '../../../../src/services/classification/model/providers/dialect.ts';
import type { LearnedParts } from '../../../../src/services/classification/model/resilience/refused-parts.ts';
import { makeLlmClassifier, salesTaxonomy } from '../../../helpers/llm-classifier.ts';
import { spanishTranscript } from '../../../helpers/meetings.ts';
import { type Api, type Body, type Refusal, startRefusingModel } from '../../../helpers/refusing-model.ts';

export interface Scenario {
  readonly says: string;
  /** Which requests it refuses; unset: the first one, with any content. */
  readonly refuses?: (body: Body) => boolean;
  readonly answer: Refusal;
  /** What it learns; empty: the error is none of a parameter. */
  readonly learns: readonly string[];
  readonly sends?: Body;
}

export interface Provider {
  readonly name: string;
  readonly api: Api;
  readonly dialect: Dialect;
  readonly scenarios: readonly Scenario[];
}

export const error = (status: number, body: Readonly<Record<string, unknown>>): Refusal => ({
  status,
  body: { error: body },
});
export const has =
  (name: string) =>
  (body: Body): boolean =>
    name in body;
/** Requests with this kind of response_format. */
export const asks =
  (type: string) =>
  ({ response_format: format }: Body): boolean =>
    typeof format === 'object' && format !== null && 'type' in format && format.type === type;

let stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops) await stop();
  stops = [];
});

export function describeRefusals({ name, api, dialect, scenarios }: Provider): void {
  const start = async ({ refuses, answer }: Scenario) => {
    let requests = 0;
    const isFirst = () => ++requests === 1;
    const refuse = (body: Body) => ((refuses ?? isFirst)(body) ? answer : undefined);
    const model = await startRefusingModel({ api, taxonomy: salesTaxonomy, refuse });
    stops.push(model.close);
    const learned: LearnedParts[] = [];
    const bounds = { firstByteMs: 20_000, wholeMs: 20_000 };
    const onLearned = (parts: LearnedParts) => void learned.push(parts);
    const { classify } = makeLlmClassifier(model.baseUrl, { dialect, bounds, onLearned });
    const { signal } = new AbortController();
    return { model, learned, ask: () => classify({ transcript: spanishTranscript, sellerPrompt: null, signal }) };
  };

  describe(name, () => {
    test.each(scenarios.filter(({ learns }) => learns.length > 0))(
      '$says, and is asked without (M2)',
      async (scenario) => {
        const { model, learned, ask } = await start(scenario);
        expect((await ask()).fields.business_sector?.value).toBe('healthcare');
        const calls = model.seen.length;
        expect(model.refusals).toBe(calls - 1);
        expect(model.refusals).toBeLessThanOrEqual(scenario.learns.length);
        await ask();
        expect(model.seen.length).toBe(calls + 1);
        expect(learned.map(({ refused }) => refused)).toEqual([[...scenario.learns].sort()]);
        expect(model.seen.at(-1)).toMatchObject(scenario.sends ?? {});
      },
    );

    test.each(scenarios.filter(({ learns }) => learns.length === 0))(
      '$says, which teaches nothing (M2)',
      async (scenario) => {
        const { model, learned, ask } = await start(scenario);
        await expect(ask()).rejects.toThrow(expect.objectContaining({ code: expect.stringMatching(/^MODEL_/) }));
        await ask();
        expect(learned).toEqual([]);
        expect(Object.keys(model.seen[1] ?? {})).toEqual(Object.keys(model.seen[0] ?? {}));
      },
    );
  });
}
