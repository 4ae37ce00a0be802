/** What every provider's answers must lead to. One file per provider has its documented forms; nothing here reaches a real one. */
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
  /** It learns nothing, and the same request is answered without its limit of output tokens. */
  readonly fitsWithoutLimit?: boolean;
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

/** An error that stays: what the job ends with. */
export interface Fault {
  readonly says: string;
  readonly answer: Refusal;
  readonly code: string;
  /** Calls until it is given up; unset: 1. */
  readonly calls?: number;
  /** Row of the requirement. */
  readonly row: 'M5' | 'M6' | 'M7' | 'M8';
}

/** A reply of the provider's own form. */
export interface Reply {
  readonly says: string;
  /** @param answer what the model says, as JSON */
  readonly body: (answer: string) => unknown;
  readonly usage?: {
    readonly inputTokens: number | null;
    readonly outputTokens: number | null;
    readonly costUsd: number | null;
  };
  readonly row: 'M3' | 'M8' | 'M9';
}

/** Words that a provider repeats from a request; they must not reach messages. */
const spoken = 'PALABRAS-DEL-CLIENTE';
const ask = (baseUrl: string, dialect: Dialect, transcript = spanishTranscript) =>
  makeLlmClassifier(baseUrl, { dialect, bounds: { wholeMs: 20_000 } }).classify({
    transcript: `${transcript} ${spoken}`,
    sellerPrompt: null,
    signal: new AbortController().signal,
  });

async function startProvider(options: Omit<Parameters<typeof startRefusingModel>[0], 'taxonomy'>) {
  const model = await startRefusingModel({ taxonomy: salesTaxonomy, ...options });
  stops.push(model.close);
  return model;
}

export function describeFaults(name: string, api: Api, dialect: Dialect, faults: readonly Fault[]): void {
  describe(name, () => {
    test.each(faults.map((each) => [each.says, each.code, each.row, each] as const))(
      '%s: %s (%s)',
      async (_says, code, _row, { answer, calls = 1 }) => {
        const model = await startProvider({ api, refuse: () => answer });
        const error = await ask(model.baseUrl, dialect).catch((caught: unknown) => caught);
        expect(error).toMatchObject({ code, message: expect.not.stringContaining(spoken) });
        expect(model.seen.length).toBe(calls);
      },
    );
  });
}

/** The provider takes short prompts only: less of a long transcript is shown until it fits. */
export function describeLength(
  name: string,
  api: Api,
  dialect: Dialect,
  answers: readonly (readonly [string, Refusal])[],
): void {
  const filler = 'La conversación siguió sobre el clima y el fútbol sin nada más que anotar. '.repeat(800);
  describe(name, () => {
    test.each(answers)('%s: less of the transcript is shown until it fits (M7)', async (_says, answer) => {
      const isTooLong = (body: Body) => JSON.stringify(body).length > 40_000;
      const model = await startProvider({ api, refuse: (body) => (isTooLong(body) ? answer : undefined) });
      const { fields, truncated, needsReview } = await ask(model.baseUrl, dialect, `${spanishTranscript} ${filler}`);
      expect([fields.business_sector?.value, truncated, needsReview]).toEqual(['healthcare', true, true]);
      expect(model.refusals).toBeGreaterThanOrEqual(1);
      expect(model.refusals).toBeLessThanOrEqual(6);
    });

    test.each(answers)('%s, whatever is sent: the job fails for good (M7)', async (_says, answer) => {
      const model = await startProvider({ api, refuse: () => answer });
      await expect(ask(model.baseUrl, dialect, `${spanishTranscript} ${filler}`)).rejects.toMatchObject({
        code: 'MODEL_INPUT_TOO_LONG',
        fault: 'permanent',
      });
      expect(model.seen.length).toBeLessThanOrEqual(12);
    });
  });
}

export function describeReplies(name: string, api: Api, dialect: Dialect, scenarios: readonly Reply[]): void {
  describe(name, () => {
    test.each(scenarios.map((each) => [each.says, each.row, each] as const))(
      '%s (%s)',
      async (_says, _row, { body, usage }) => {
        const reply = (answer: unknown) => body(JSON.stringify(answer));
        const model = await startProvider({ api, refuse: () => undefined, reply });
        const found = await ask(model.baseUrl, dialect);
        expect(found.fields.business_sector?.value).toBe('healthcare');
        expect(model.seen.length).toBe(1);
        if (usage === undefined) return;
        const { costUsd, ...tokens } = usage;
        expect(found.usage).toMatchObject(tokens);
        if (costUsd === null) expect(found.usage?.costUsd).toBeNull();
        else expect(found.usage?.costUsd).toBeCloseTo(costUsd, 9);
      },
    );
  });
}

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
        if (scenario.fitsWithoutLimit) await ask();
        else await expect(ask()).rejects.toMatchObject({ code: expect.stringMatching(/^MODEL_/) });
        await ask();
        expect(learned).toEqual([]);
        expect(Object.keys(model.seen.at(-1) ?? {})).toEqual(Object.keys(model.seen[0] ?? {}));
        if (scenario.fitsWithoutLimit) expect(JSON.stringify(model.seen[1])).not.toContain('"max_');
      },
    );
  });
}
