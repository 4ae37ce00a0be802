/** Adds up the model calls of one classification. */
import type { ModelUsage } from '../classifier.ts';

export interface UsageTotal {
  add(usage: ModelUsage): void;
  /** undefined: no call was made. */
  read(): ModelUsage | undefined;
}

/** A figure that is unknown for one call is unknown for the total. */
export function createUsageTotal(before: ModelUsage | undefined): UsageTotal {
  let total = before;
  return {
    add(usage) {
      total = total === undefined ? usage : sumOf(total, usage);
    },
    read: () => total,
  };
}

function sumOf(one: ModelUsage, other: ModelUsage): ModelUsage {
  return {
    inputTokens: addKnown(one.inputTokens, other.inputTokens),
    outputTokens: addKnown(one.outputTokens, other.outputTokens),
    costUsd: addKnown(one.costUsd, other.costUsd),
    latencyMs: one.latencyMs + other.latencyMs,
  };
}

function addKnown(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one + other;
}
