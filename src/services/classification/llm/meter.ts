/** Sets the price of a call aside before it is made, and tells the budget what it did cost. */
import type { Budget } from './budget.ts';
import type { Meter } from './chat-client.ts';
import type { ChatQuestion, Usage } from './dialect.ts';

/** On the dear side: English has four characters a token, Spanish and JSON less. */
const charsAToken = 3;
/** Of a whole answer with its quotes, on the dear side too. */
const answerTokens = 1_000;

export function createMeter(
  model: string,
  costOf: (model: string, usage: Usage) => number | null,
  budget: Budget,
): Meter {
  const schemaChars = new WeakMap<object, number>();
  const countChars = ({ messages, schema }: ChatQuestion): number => {
    const known = schemaChars.get(schema) ?? JSON.stringify(schema).length;
    schemaChars.set(schema, known);
    return messages.reduce((sum, { content }) => sum + content.length, known);
  };
  return async (question, signal) => {
    const usage = {
      inputTokens: Math.ceil(countChars(question) / charsAToken),
      cachedInputTokens: 0,
      outputTokens: Math.min(answerTokens, question.maxOutputTokens),
    };
    const end = await budget.begin(costOf(model, usage) ?? 0, signal);
    return (reply) => end(reply && costOf(reply.model, reply));
  };
}
