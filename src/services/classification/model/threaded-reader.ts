/** The reader in a worker thread: with hundreds of concurrent calls the event loop has no time for it. */
import { createThreadCalls } from '../../../core/process/thread-calls.ts';
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { Reader, Survey, WeighedReply } from './reader.ts';
import type { ReaderData, ReaderQuestion } from './reader-thread.ts';

/** Small, so that a reply does not wait behind hundreds of transcripts; larger batches were not faster. */
const questionsPerMessage = 20;

/** Same answers as `createReader`. @throws AppError TASK_FAILED, as ThreadCalls does */
export function createThreadedReader(taxonomy: Taxonomy): Reader {
  const { ask, close } = createThreadCalls<ReaderQuestion, Survey | WeighedReply | undefined>({
    name: 'The reader of transcripts and replies',
    entry: new URL('./reader-thread.ts', import.meta.url),
    data: { taxonomy } satisfies ReaderData,
    maxItems: questionsPerMessage,
  });
  // The casts are safe: the thread answers each kind of question with its own type.
  return {
    async survey(toSurvey, signal) {
      signal.throwIfAborted();
      const survey = await ask({ toSurvey });
      signal.throwIfAborted();
      return survey as Survey;
    },
    weigh: async (toWeigh) => (await ask({ toWeigh })) as WeighedReply | undefined,
    close,
  };
}
