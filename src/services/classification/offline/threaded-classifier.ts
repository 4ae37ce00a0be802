/** The offline classifier in a thread of its own: no transcript holds up the event loop, and a second core has work. */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { createBatcher } from '../../../core/batcher.ts';
import { AppError } from '../../../core/errors.ts';
import { startThread } from '../../../core/start-thread.ts';
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { Classification, Classifier } from '../classifier.ts';
import type { ThreadData } from './classifier-thread.ts';
import { identify } from './offline-classifier.ts';

/** A batch of the longest transcripts takes a few seconds; after this long nobody expects an answer any more. */
const defaultPatienceMs = 30_000;

export interface ThreadOptions {
  /** Transcripts a message. */
  readonly maxItems: number;
  /** Unset: 30 s. */
  readonly patienceMs?: number;
  /** What runs in the thread; unset: classifier-thread.ts. */
  readonly entry?: URL;
}

interface Thread {
  readonly worker: Worker;
  /** Aborted when it ends. */
  readonly ended: AbortSignal;
}

/**
 * Answers as `createOfflineClassifier` does. Where the thread ends or does not answer, each transcript of its batch is tried
 * alone in another; one that does it again fails with TASK_FAILED.
 */
export function createThreadedClassifier(taxonomy: Taxonomy, options: ThreadOptions): Classifier {
  const {
    maxItems,
    patienceMs = defaultPatienceMs,
    entry = new URL('./classifier-thread.ts', import.meta.url),
  } = options;
  const open = (): Thread => {
    const worker = startThread(entry, { workerData: { taxonomy } satisfies ThreadData });
    const ended = new AbortController();
    const end = (): void => {
      if (thread?.worker === worker) thread = undefined;
      ended.abort();
    };
    worker.on('error', end).on('exit', end);
    return { worker, ended: ended.signal };
  };
  let thread: Thread | undefined = open();

  const ask = async (transcripts: readonly string[]): Promise<readonly (Classification | Error)[]> => {
    thread ??= open();
    const { worker, ended } = thread;
    try {
      const signal = AbortSignal.any([ended, AbortSignal.timeout(patienceMs)]);
      const answered = once(worker, 'message', { signal });
      worker.postMessage(transcripts);
      const [answers] = await answered;
      return answers;
    } catch (cause) {
      await worker.terminate();
      if (transcripts.length === 1) return [brokenThread(cause)];
      const answers: (Classification | Error)[] = [];
      for (const transcript of transcripts) answers.push(...(await ask([transcript])));
      return answers;
    }
  };
  const batcher = createBatcher<string, Classification>({ maxItems, execute: ask });

  return {
    ...identify(taxonomy),
    async classify({ transcript, signal }) {
      signal.throwIfAborted();
      const classification = await batcher.add(transcript);
      signal.throwIfAborted();
      return classification;
    },
    close: async () => thread?.worker.terminate(),
  };
}

function brokenThread(cause: unknown): AppError {
  const words = 'The offline classifier ended, or gave no answer, on this transcript alone. It is tried again later.';
  return new AppError('TASK_FAILED', words, { cause });
}
