/** Repeats a step until it is stopped. A step that fails is logged once for each outage, and repeated a second later. */
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log/logger.ts';
import type { WakeSignal } from './wake-signal.ts';

const retryMs = 1_000;

export interface LoopDeps {
  /** Waits by itself where there is nothing to do. */
  step(): Promise<void>;
  onError(): void;
  readonly signal: WakeSignal;
  readonly log: Log;
}

export interface Loop {
  start(): void;
  /** Resolves when the step that runs is over. */
  stop(): Promise<void>;
  isStopping(): boolean;
}

export function createLoop({ step, onError, signal, log }: LoopDeps): Loop {
  let isStopping = false;
  let isFailing = false;
  let running: Promise<void> = Promise.resolve();

  const fail = async (error: unknown): Promise<void> => {
    onError();
    if (!isFailing) log.warn('celery.waits', { error: messageOf(error, 300) });
    isFailing = true;
    if (!isStopping) await signal.wait(retryMs);
  };

  const run = async (): Promise<void> => {
    while (!isStopping) {
      try {
        await step();
        if (isFailing) log.info('celery.back', {});
        isFailing = false;
      } catch (error) {
        await fail(error);
      }
    }
  };

  return {
    start() {
      running = run();
    },
    async stop() {
      isStopping = true;
      signal.wake();
      await running;
    },
    isStopping: () => isStopping,
  };
}
