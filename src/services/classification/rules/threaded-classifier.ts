/** The offline classifier in a worker thread: transcripts do not block the event loop, and a second core is used. */
import { createThreadCalls } from '../../../core/process/thread-calls.ts';
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { Classification, Classifier } from '../classifier.ts';
import type { ThreadData } from './classifier-thread.ts';
import { identify } from './offline-classifier.ts';

/** Same answers as `createOfflineClassifier`. `maxItems`: transcripts per message. @throws AppError TASK_FAILED, as ThreadCalls does */
export function createThreadedClassifier(taxonomy: Taxonomy, { maxItems }: { maxItems: number }): Classifier {
  const { ask, close } = createThreadCalls<string, Classification>({
    name: 'The offline classifier',
    entry: new URL('./classifier-thread.ts', import.meta.url),
    data: { taxonomy } satisfies ThreadData,
    maxItems,
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
