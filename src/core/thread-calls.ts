/** Calls to a thread beside the event loop: questions that come together go to it in one message, and its answers come back in another. */
import { once } from 'node:events';
import { parentPort, type Worker } from 'node:worker_threads';
import { createBatcher } from './batcher.ts';
import { startThread } from './start-thread.ts';

/** A batch of the longest texts takes a few seconds; after this long nobody expects an answer any more. */
const defaultPatienceMs = 30_000;

export interface ThreadCallOptions {
  /** What runs in the thread; `serveThreadCalls` is its end of this. */
  readonly entry: URL;
  /** Given to the thread as its `workerData`. */
  readonly data: unknown;
  /** Questions a message. */
  readonly maxItems: number;
  /** Unset: 30 s. */
  readonly patienceMs?: number;
  /** What a question is answered with that ends the thread, or keeps it busy for too long, all by itself. */
  readonly broken: (cause: unknown) => Error;
}

export interface ThreadCalls<Question, Answer> {
  /** @throws what the thread answered with, or `broken` */
  ask(question: Question): Promise<Answer>;
  close(): Promise<unknown>;
}

interface Thread {
  readonly worker: Worker;
  /** Aborted when it ends. */
  readonly ended: AbortSignal;
}

/** Where the thread ends or does not answer, each question of its batch is tried alone in another. */
export function createThreadCalls<Question, Answer>(options: ThreadCallOptions): ThreadCalls<Question, Answer> {
  const { entry, data, maxItems, patienceMs = defaultPatienceMs, broken } = options;
  const open = (): Thread => {
    const worker = startThread(entry, { workerData: data });
    const ended = new AbortController();
    const end = (): void => {
      if (thread?.worker === worker) thread = undefined;
      ended.abort();
    };
    worker.on('error', end).on('exit', end);
    return { worker, ended: ended.signal };
  };
  let thread: Thread | undefined = open();

  const askAll = async (questions: readonly Question[]): Promise<readonly (Answer | Error)[]> => {
    thread ??= open();
    const { worker, ended } = thread;
    try {
      const signal = AbortSignal.any([ended, AbortSignal.timeout(patienceMs)]);
      const answered = once(worker, 'message', { signal });
      worker.postMessage(questions);
      const [answers] = await answered;
      return answers;
    } catch (cause) {
      await worker.terminate();
      if (questions.length === 1) return [broken(cause)];
      const answers: (Answer | Error)[] = [];
      for (const question of questions) answers.push(...(await askAll([question])));
      return answers;
    }
  };
  const batcher = createBatcher<Question, Answer>({ maxItems, execute: askAll });
  return { ask: (question) => batcher.add(question), close: async () => thread?.worker.terminate() };
}

/** The thread's end: answers questions one after another; what `answer` throws is the answer to that question alone. */
export function serveThreadCalls<Question, Answer>(answer: (question: Question) => Promise<Answer>): void {
  parentPort?.on('message', async (questions: readonly Question[]) => {
    const answers: (Answer | Error)[] = [];
    for (const question of questions) answers.push(await answer(question).catch((error: Error) => error));
    parentPort?.postMessage(answers);
  });
}
