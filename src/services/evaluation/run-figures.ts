/** What a run of classifications took, in time and money. */
import { AppError } from '../../core/errors.ts';
import type { Classifier, ModelUsage } from '../classification/classifier.ts';
import type { EvaluationCost, Latency } from './report.ts';

/** Sums over all calls; null where no model was asked. */
export function sumUsages(usages: readonly ModelUsage[]): EvaluationCost | null {
  if (usages.length === 0) return null;
  const sum = (numbers: readonly (number | null)[]) =>
    numbers.reduce<number | null>((total, each) => (total === null || each === null ? null : total + each), 0);
  return {
    costUsd: sum(usages.map((usage) => usage.costUsd)),
    inputTokens: sum(usages.map((usage) => usage.inputTokens)),
    outputTokens: sum(usages.map((usage) => usage.outputTokens)),
  };
}

/** Mean, percentiles and maximum of milliseconds; zeros where there are none. */
export function describeDurations(durations: readonly number[]): Latency {
  const sorted = [...durations].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const sum = sorted.reduce((total, each) => total + each, 0);
  return { meanMs: sum / Math.max(1, sorted.length), p50Ms: at(0.5), p95Ms: at(0.95), maxMs: at(1) };
}

/** @throws AppError USAGE where a model would be paid and the person did not agree to it */
export function refuseUnaskedCost(classifier: Classifier, { mayPay, what }: { mayPay: boolean; what: string }): void {
  if (!classifier.isPaid || mayPay) return;
  const message = `${what} asks ${classifier.model} once a meeting, and that is paid for. Add --yes, or set CLASSIFIER=offline.`;
  throw new AppError('USAGE', message);
}
