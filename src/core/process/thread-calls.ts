/** Calls to a thread: questions of the same turn are sent to it in one message, and it sends all their answers back in one message. */
import { once } from 'node:events';
import { parentPort, type Worker } from 'node:worker_threads';
import { createBatcher } from '../batcher.ts';
import { AppError } from '../errors.ts';
import { startThread } from './start-thread.ts';

/** Time limit of a batch; choose `maxItems` so that the longest texts take a few seconds. */
const defaultPatienceMs = 30_000;

export interface ThreadCallOptions {
  /** Subject of the error message when the thread does not answer. */
  readonly name: string;
  /** The file that runs in the thread; it calls `serveThreadCalls`. */
  readonly entry: URL;
  /** Given to the thread as its `workerData`. */
  readonly data?: unknown;
  /** Questions per message. */
  readonly maxItems: number;
  /** Unset: 30 s. */
  readonly patienceMs?: number;
}

export interface ThreadCalls<Question, Answer> {
  /** @throws AppError TASK_FAILED where this question alone crashes the thread or gets no answer; an Error without a code for what the thread threw */
  ask(question: Question): Promise<Answer>;
  /** Ends the thread; open questions are rejected. */
  close(): Promise<unknown>;
}

interface Thread {
  readonly worker: Worker;
  /** Aborted with the reason when the thread ends or must end. */
  readonly ended: AbortSignal;
  end(why: Error): void;
}

/** If the thread ends or does not answer, each question of its batch is retried alone in a new thread. */
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
    // Not AbortSignal.timeout inside AbortSignal.any: V8 may garbage-collect that timeout signal, and it would never fire.
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

/** The side of the thread: answers questions one by one. An error of `answer` rejects only its own question. */
export function serveThreadCalls<Question, Answer>(answer: (question: Question) => Promise<Answer>): void {
  parentPort?.on('message', async (questions: readonly Question[]) => {
    const answers: (Answer | Error)[] = [];
    for (const question of questions) answers.push(await answer(question).catch((error: Error) => error));
    parentPort?.postMessage(answers);
  });
}
