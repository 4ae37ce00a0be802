/** Sets the price of a call aside before it is made, tells the budget what it did cost, and records calls that were abandoned. */

import type { Meter } from '../chat-client.ts';
import type { ChatQuestion, Usage } from '../providers/dialect.ts';
import type { CallToRecord } from '../reply-memory.ts';
import type { Budget } from './budget.ts';

/** On the expensive side: English has four characters a token, Spanish and JSON less. */
const charsAToken = 3;
/** Of a whole answer with its quotes, on the expensive side too. */
const answerTokens = 1_000;

export interface MeterOptions {
  readonly model: string;
  readonly costOf: (model: string, usage: Usage) => number | null;
  readonly budget: Budget;
  /** Absent where nothing is kept. */
  readonly record?: (call: CallToRecord) => Promise<void>;
}

/**
 * The meter of the calls for one meeting; null: a test of the connection. An abandoned call counts as what was set aside for it:
 * the provider does not say what it charges.
 */
export function createMeter({ model, costOf, budget, record }: MeterOptions): (meetingId: number | null) => Meter {
  const schemaChars = new WeakMap<object, number>();
  const countChars = ({ messages, schema }: ChatQuestion): number => {
    const known = schemaChars.get(schema) ?? JSON.stringify(schema).length;
    schemaChars.set(schema, known);
    return messages.reduce((sum, { content }) => sum + content.length, known);
  };
  const estimate = (question: ChatQuestion) => ({
    inputTokens: Math.ceil(countChars(question) / charsAToken),
    cachedInputTokens: 0,
    outputTokens: Math.min(answerTokens, question.maxOutputTokens),
  });
  return (meetingId) => async (question, signal) => {
    const usage = estimate(question);
    const costUsd = costOf(model, usage);
    const end = await budget.begin(costUsd ?? 0, signal);
    return async (ended) => {
      if (ended === undefined) return end();
      if ('text' in ended) return end(costOf(ended.model, ended));
      end(costUsd);
      const { inputTokens, outputTokens } = usage;
      const latencyMs = ended.abandonedAfterMs;
      await record?.({ meetingId, model, outcome: 'abandoned', inputTokens, outputTokens, costUsd, latencyMs });
    };
  };
}
