/** Whether a server can be used: after a failure the work pauses, one probe each 2 s, and goes on when it answers. */
import { AppError } from '../errors.ts';
import type { Log } from '../logger.ts';

/** failure-matrix bounds: a probe each 2 s, one log line a minute. */
const probeEveryMs = 2_000;
const reminderEveryMs = 60_000;

/** Errors that speak of the server, not of the job: the job waits and no attempt is counted. */
export function isServerFault(error: unknown): error is AppError {
  return error instanceof AppError && /^(DATABASE|REDIS)_/.test(error.code);
}

export interface Availability {
  readonly isDown: boolean;
  /** Begins to probe, if it does not already. */
  reportFailure(error: AppError): void;
  stop(): void;
}

export interface AvailabilityOptions {
  /** Names the server in log events: `database`. */
  readonly part: string;
  readonly log: Log;
  probe(): Promise<unknown>;
  onDown(): void;
  onUp(): void;
}

export function createAvailability({ part, log, probe, onDown, onUp }: AvailabilityOptions): Availability {
  let timer: NodeJS.Timeout | undefined;
  let downSinceMs: number | undefined;
  let remindedMs = 0;
  let isStopped = false;

  const look = async () => {
    try {
      await probe();
    } catch (error) {
      if (performance.now() - remindedMs > reminderEveryMs) {
        remindedMs = performance.now();
        log.warn(`${part}.still_down`, { error: error instanceof Error ? error.message : 'unknown' });
      }
      if (!isStopped) timer = setTimeout(look, probeEveryMs);
      return;
    }
    if (isStopped || downSinceMs === undefined) return;
    log.info(`${part}.back`, { after_s: Number(((performance.now() - downSinceMs) / 1_000).toFixed(1)) });
    downSinceMs = undefined;
    onUp();
  };

  return {
    get isDown() {
      return downSinceMs !== undefined;
    },
    reportFailure(error) {
      if (downSinceMs !== undefined || isStopped) return;
      downSinceMs = performance.now();
      remindedMs = downSinceMs;
      log.warn(`${part}.down`, { code: error.code, error: error.message });
      onDown();
      timer = setTimeout(look, probeEveryMs / 4);
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
