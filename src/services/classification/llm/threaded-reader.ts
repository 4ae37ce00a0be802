/** The reader of transcripts and replies in a thread of its own: with hundreds of calls at once the event loop has enough to do with them. */
import { AppError } from '../../../core/errors.ts';
import { createThreadCalls } from '../../../core/thread-calls.ts';
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { Reader, Survey, WeighedReply } from './reader.ts';
import type { ReaderData, ReaderQuestion } from './reader-thread.ts';

/** Answers as `createReader` does. What ends the thread, or is not answered, all by itself fails with TASK_FAILED. */
export function createThreadedReader(taxonomy: Taxonomy, { maxItems }: { maxItems: number }): Reader {
  const { ask, close } = createThreadCalls<ReaderQuestion, Survey | WeighedReply | undefined>({
    entry: new URL('./reader-thread.ts', import.meta.url),
    data: { taxonomy } satisfies ReaderData,
    maxItems,
    broken: (cause) => new AppError('TASK_FAILED', brokenWords, { cause }),
  });
  return {
    async survey(toSurvey, signal) {
      const survey = await ask({ toSurvey });
      signal.throwIfAborted();
      return survey as Survey;
    },
    weigh: async (toWeigh) => (await ask({ toWeigh })) as WeighedReply | undefined,
    close,
  };
}

const brokenWords =
  'The reader of transcripts and replies ended, or gave no answer, on this transcript alone. It is tried again later.';
