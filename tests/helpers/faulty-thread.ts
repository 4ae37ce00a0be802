/** The end of a thread that leaves at "die", fails at "throw", never answers "hang", refuses "refuse", and gives every other question back. */
import { serveThreadCalls } from '../../src/core/process/thread-calls.ts';

const never = new Promise<string>(() => undefined);

serveThreadCalls(async (question: string) => {
  switch (question) {
    case 'die':
      return process.exit(1);
    case 'throw':
      setImmediate(() => {
        throw new Error('a fault of the thread');
      });
      return never;
    case 'hang':
      return never;
    case 'refuse':
      throw new Error('this one alone');
    default:
      return question;
  }
});
