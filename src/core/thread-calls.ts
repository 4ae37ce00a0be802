/** Calls to a thread beside the event loop: questions that come together go to it in one message, and its answers come back in another. */
import { once } from 'node:events';
import { parentPort, type Worker } from 'node:worker_threads';
import { createBatcher } from './batcher.ts';
import { AppError } from './errors.ts';
import { startThread } from './start-thread.ts';

/** For a whole batch; `maxItems` is to be such that the longest texts take a few seconds. */
const defaultPatienceMs = 30_000;

export interface ThreadCallOptions {
  /** Who answers: begins the sentence that says who did not. */
  readonly name: string;
  /** What runs in the thread; `serveThreadCalls` is its end of this. */
  readonly entry: URL;
  /** Given to the thread as its `workerData`. */
  readonly data?: unknown;
  /** Questions a message. */
  readonly maxItems: number;
  /** Unset: 30 s. */
  readonly patienceMs?: number;
}

export interface ThreadCalls<Question, Answer> {
  /** @throws AppError TASK_FAILED where the question alone ends the thread, or is not answered; else what the thread threw, as an Error without a code */
  ask(question: Question): Promise<Answer>;
  /** Who waits for an answer is told that there is none. */
  close(): Promise<unknown>;
}

interface Thread {
  readonly worker: Worker;
  /** Aborted when it ends, or is to end, with why. */
  readonly ended: AbortSignal;
  end(why: Error): void;
}

/** Where the thread ends or does not answer, each question of its batch is tried alone in another. */
export function createThreadCalls<Question, Answer>(options: ThreadCallOptions): ThreadCalls<Question, Answer> {
  const { name, entry, data, maxItems, patienceMs = defaultPatienceMs } = options;
  const open = (): Thread => {
    const worker = startThread(entry, { workerData: data });
    const ended = new AbortController();
    const end = (why: Error): void => {
      if (thread?.worker === worker) thread = undefined;
      ended.abort(why);
    };
    worker.on('error', end).on('exit', (code) => end(new Error(`the thread left with ${code}`)));
    return { worker, ended: ended.signal, end };
  };
  let isClosed = false;
  let thread: Thread | undefined = open();

  const noAnswer = (cause: unknown) => {
    const message = `${name} ended, or gave no answer, on this input alone. It is tried again later.`;
    return new AppError('TASK_FAILED', message, { cause });
  };
  const askAll = async (questions: readonly Question[]): Promise<readonly (Answer | Error)[]> => {
    if (isClosed) return questions.map(() => noAnswer('closed'));
    thread ??= open();
    const { worker, ended, end } = thread;
    // Not AbortSignal.timeout within AbortSignal.any: V8 collects a time-out signal without another reference, and it never fires.
    const limit = setTimeout(() => end(new Error(`no answer within ${patienceMs / 1_000} s`)), patienceMs);
    try {
      const answered = once(worker, 'message', { signal: ended });
      worker.postMessage(questions);
      const [answers] = await answered;
      return answers;
    } catch (cause) {
      await worker.terminate();
      if (isClosed || questions.length === 1) return questions.map(() => noAnswer(cause));
      const answers: (Answer | Error)[] = [];
      for (const question of questions) answers.push(...(await askAll([question])));
      return answers;
    } finally {
      clearTimeout(limit);
    }
  };
  const batcher = createBatcher<Question, Answer>({ maxItems, execute: askAll });
  return {
    ask: (question) => batcher.add(question),
    async close() {
      isClosed = true;
      await thread?.worker.terminate();
    },
  };
}

/** The thread's end: answers questions one after another; what `answer` throws is the answer to that question alone. */
export function serveThreadCalls<Question, Answer>(answer: (question: Question) => Promise<Answer>): void {
  parentPort?.on('message', async (questions: readonly Question[]) => {
    const answers: (Answer | Error)[] = [];
    for (const question of questions) answers.push(await answer(question).catch((error: Error) => error));
    parentPort?.postMessage(answers);
  });
}
