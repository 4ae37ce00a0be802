/** 500 calls with caching, reasoning, errors, empty and broken answers: what is recorded is what the provider charges. */
import { afterEach, expect, test } from 'vitest';
import type { CallToRecord, ReplyMemory } from '../../../src/services/classification/model/reply-memory.ts';
import { createRandom } from '../../../src/services/evaluation/bootstrap.ts';
import {
  type Answer,
  type FakeLlm,
  hangUp,
  modelThatReads,
  refuse,
  say,
  startFakeLlm,
} from '../../helpers/fake-llm.ts';
import { makeLlmClassifier, salesTaxonomy } from '../../helpers/llm-classifier.ts';
import { spanishTranscript } from '../../helpers/meetings.ts';

let fake: FakeLlm;
afterEach(() => fake.close());

const wholeCalls = 500;

test("the recorded costs of 500 calls are the provider's ledger to the cent, abandoned calls included (M4, M9)", async () => {
  fake = await startFakeLlm();
  const good = JSON.stringify(await modelThatReads(salesTaxonomy)(spanishTranscript));
  const random = createRandom(20_261_201);
  const upTo = (limit: number) => Math.floor(random() * limit);
  let chargedUsd = 0;
  let charges = 0;
  /** As the price of the tests' model: dollars for a thousand tokens. */
  const charge = () => {
    const [fresh, cached, written, output] = [upTo(4_000), upTo(3_000), upTo(1_000), 1 + upTo(2_000)];
    chargedUsd += (fresh + cached * 0.1 + written * 1.25 + output * 2) / 1_000;
    charges += 1;
    const input = fresh + cached + written;
    // Some providers count reasoning in the total alone.
    const hidden = random() < 0.3 ? upTo(output) : 0;
    return {
      prompt_tokens: input,
      completion_tokens: output - hidden,
      total_tokens: input + output,
      prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: written },
    };
  };
  const answers: readonly (() => Answer)[] = [
    () => refuse(500, 'server_error'),
    () => refuse(429, 'rate_limit_exceeded', { 'retry-after-ms': '1' }),
    () => say('', { usage: charge() }),
    () => say('{', { finish: 'length', usage: charge() }),
    () => say('Claro, con gusto.', { usage: charge() }),
    () => say('', { finish: 'error', usage: charge() }),
    () => hangUp,
  ];
  fake.otherwise((seen, response) => {
    const answer = random() < 0.3 ? answers[upTo(answers.length)] : undefined;
    return (answer?.() ?? say(good, { usage: charge() }))(seen, response);
  });
  const recorded: CallToRecord[] = [];
  const memory: ReplyMemory = {
    find: async () => undefined,
    record: async (call) => void recorded.push(call),
    readSpentToday: async () => 0,
  };
  const { classify } = makeLlmClassifier(fake.baseUrl, { memory, bounds: { wholeMs: 20_000 } });
  const signal = new AbortController().signal;
  while (fake.seen.length < wholeCalls) {
    const work = Array.from({ length: 20 }, (_, n) => `${spanishTranscript} Caso ${n}.`);
    await Promise.allSettled(work.map((transcript) => classify({ transcript, sellerPrompt: null, signal })));
  }
  // A broken connection has no figures: its estimate counts as the provider's charge.
  const estimated = recorded.filter(({ outcome, outputTokens }) => outcome === 'abandoned' && outputTokens === 1_000);
  const estimatedUsd = estimated.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0);
  const recordedUsd = recorded.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0);
  expect(recorded.every(({ costUsd }) => costUsd !== null)).toBe(true);
  expect(estimated.length).toBeGreaterThan(0);
  expect(recorded.length).toBe(charges + estimated.length);
  expect(recordedUsd).toBeCloseTo(chargedUsd + estimatedUsd, 2);
}, 240_000);
