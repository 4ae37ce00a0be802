/** The offline classifier in a thread of its own: no transcript holds up the event loop, and a second core has work. */
import { AppError } from '../../../core/errors.ts';
import { createThreadCalls, type ThreadCallOptions } from '../../../core/thread-calls.ts';
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { Classification, Classifier } from '../classifier.ts';
import type { ThreadData } from './classifier-thread.ts';
import { identify } from './offline-classifier.ts';

export type ThreadOptions = Pick<ThreadCallOptions, 'maxItems' | 'patienceMs'> &
  Partial<Pick<ThreadCallOptions, 'entry'>>;

/** Answers as `createOfflineClassifier` does. A transcript that ends the thread, or is not answered, all by itself fails with TASK_FAILED. */
export function createThreadedClassifier(taxonomy: Taxonomy, options: ThreadOptions): Classifier {
  const { ask, close } = createThreadCalls<string, Classification>({
    entry: new URL('./classifier-thread.ts', import.meta.url),
    ...options,
    data: { taxonomy } satisfies ThreadData,
    broken: (cause) => new AppError('TASK_FAILED', brokenWords, { cause }),
  });
  return {
    ...identify(taxonomy),
    async classify({ transcript, signal }) {
      signal.throwIfAborted();
      const classification = await ask(transcript);
      signal.throwIfAborted();
      return classification;
    },
    close,
  };
}

const brokenWords =
  'The offline classifier ended, or gave no answer, on this transcript alone. It is tried again later.';
