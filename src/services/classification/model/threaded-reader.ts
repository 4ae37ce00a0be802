/** The reader of transcripts and replies in a thread of its own: with hundreds of calls at once the event loop has enough to do with them. */
import { createThreadCalls } from '../../../core/thread-calls.ts';
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { Reader, Survey, WeighedReply } from './reader.ts';
import type { ReaderData, ReaderQuestion } from './reader-thread.ts';

/** A reply that is there does not wait for hundreds of transcripts; more a message made nothing faster. */
const questionsAMessage = 20;

/** Answers as `createReader` does; TASK_FAILED as `ThreadCalls` has it. */
export function createThreadedReader(taxonomy: Taxonomy): Reader {
  const { ask, close } = createThreadCalls<ReaderQuestion, Survey | WeighedReply | undefined>({
    name: 'The reader of transcripts and replies',
    entry: new URL('./reader-thread.ts', import.meta.url),
    data: { taxonomy } satisfies ReaderData,
    maxItems: questionsAMessage,
  });
  // The thread answers each kind of question with its own kind.
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
