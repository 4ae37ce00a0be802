/** CLASSIFIER_FALLBACK: when the model is unavailable, another classifier answers, and the result is marked for review. */
import { AppError } from '../../../../core/errors.ts';
import type { Classifier } from '../../classifier.ts';

/** An answer of the fallback says so in `answeredBy`. */
export function withFallback(first: Classifier, fallback: Classifier): Classifier {
  return {
    ...first,
    async classify(input) {
      try {
        return await first.classify(input);
      } catch (error) {
        const isModelError = error instanceof AppError && error.code.startsWith('MODEL_');
        // A rate limit with a wait is no outage: the queue waits.
        const isWait = isModelError && error.code === 'MODEL_RATE_LIMITED' && error.details.holdMs !== undefined;
        if (input.signal.aborted || !isModelError || isWait) throw error;
        const answer = await fallback.classify(input);
        return { ...answer, needsReview: true, answeredBy: fallback };
      }
    },
  };
}
