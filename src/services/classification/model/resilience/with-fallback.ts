/** CLASSIFIER_FALLBACK: where the model cannot be had, another classifier answers, and a person looks at it. */
import { AppError } from '../../../../core/errors.ts';
import type { Classifier } from '../../classifier.ts';

/** The answer of the other one is marked: by whom it is, and for review. */
export function withFallback(first: Classifier, other: Classifier): Classifier {
  return {
    ...first,
    async classify(input) {
      try {
        return await first.classify(input);
      } catch (error) {
        const isProviders = error instanceof AppError && error.code.startsWith('MODEL_');
        // Asked to wait for a moment: it is not away, and the queue waits for it.
        const isWait = isProviders && error.code === 'MODEL_RATE_LIMITED' && error.details.holdMs !== undefined;
        if (input.signal.aborted || !isProviders || isWait) throw error;
        const answer = await other.classify(input);
        return { ...answer, needsReview: true, answeredBy: other };
      }
    },
  };
}
