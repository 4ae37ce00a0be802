/** Reserves the estimated cost of a call in the budget, settles its actual cost, and records abandoned calls. */

import type { Meter } from '../chat-client.ts';
import type { ChatQuestion, Usage } from '../providers/dialect.ts';
import type { CallToRecord } from '../reply-memory.ts';
import type { Budget } from './budget.ts';

/** A cautious estimate: English has about four characters per token, Spanish and JSON fewer. */
const charsPerToken = 3;
/** A cautious estimate of a complete answer with its quotes. */
const answerTokens = 1_000;

function isReported(usage: Usage | undefined): usage is Usage {
  return typeof usage?.inputTokens === 'number' && usage.outputTokens !== null;
}

export interface MeterOptions {
  readonly model: string;
  readonly costOf: (model: string, usage: Usage) => number | null;
  readonly budget: Budget;
  /** Absent if calls are not recorded. */
  readonly record?: (call: CallToRecord) => Promise<void>;
}

/**
 * The returned function gives the meter for a meeting's calls (null: a connection test). The provider does not say what an abandoned
 * call costs, so its estimate counts.
 */
export function createMeter({ model, costOf, budget, record }: MeterOptions): (meetingId: number | null) => Meter {
  const schemaChars = new WeakMap<object, number>();
  const countChars = ({ messages, schema }: ChatQuestion): number => {
    const known = schemaChars.get(schema) ?? JSON.stringify(schema).length;
    schemaChars.set(schema, known);
    return messages.reduce((sum, { content }) => sum + content.length, known);
  };
  const estimate = (question: ChatQuestion) => ({
    inputTokens: Math.ceil(countChars(question) / charsPerToken),
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
      const told = isReported(ended.usage) ? ended.usage : undefined;
      const { inputTokens, outputTokens } = told ?? usage;
      const paidUsd = told === undefined ? costUsd : costOf(model, told);
      end(paidUsd);
      const latencyMs = ended.abandonedAfterMs;
      await record?.({
        meetingId,
        model,
        outcome: 'abandoned',
        inputTokens,
        outputTokens,
        costUsd: paidUsd,
        latencyMs,
      });
    };
  };
}
