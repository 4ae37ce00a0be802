/** Whether a server can be used: after a failure the work pauses, one probe a second, and goes on when it answers. */
import { AppError, messageOf } from '../errors.ts';
import type { Log } from '../log/logger.ts';
import { networkFaultOf } from '../server-faults/network.ts';
import { isConnectionLost, redisRefusalOf } from '../server-faults/redis.ts';

/** Work resumes within 3 s of the server's return; one log line a minute. */
const probeEveryMs = 1_000;
const reminderEveryMs = 60_000;
/** A server that answers the probe and refuses the work right after it never came back: it is the same outage, told once. */
const trialMs = 3_000;

/** Errors that speak of the server, not of the job: the job waits and no attempt is counted. */
export function isServerFault(error: unknown): error is AppError {
  return error instanceof AppError && /^(DATABASE|REDIS)_/.test(error.code);
}

/** What a server caused, translated or not: its outage is told by its connections or by the consumer. */
export function isServersOwn(error: unknown): boolean {
  return (
    isServerFault(error) || isConnectionLost(error) || networkFaultOf(error) !== undefined || !!redisRefusalOf(error)
  );
}

export interface Availability {
  readonly isDown: boolean;
  /** Pauses the work and begins to probe, if it does not already. */
  reportFailure(error: AppError): void;
  /** Pauses the work and probes at once; what the probe says is what is told, and `error` where it finds nothing time and again. */
  suspect(error: AppError): void;
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
  let state: 'up' | 'down' | 'trial' = 'up';
  let sinceMs = 0;
  let backMs = 0;
  /** undefined: this outage has not been told. */
  let toldMs: number | undefined;
  let isStopped = false;

  const tell = (error: unknown) => {
    const fields = {
      ...(error instanceof AppError ? { code: error.code } : {}),
      error: messageOf(error),
    };
    if (toldMs !== undefined && performance.now() - toldMs <= reminderEveryMs) return;
    log.warn(toldMs === undefined ? `${part}.down` : `${part}.still_down`, fields);
    toldMs = performance.now();
  };

  const goDown = (probeInMs: number) => {
    if (state === 'up') sinceMs = performance.now();
    const isAgain = state === 'trial';
    state = 'down';
    clearTimeout(timer);
    onDown();
    timer = setTimeout(look, isAgain ? probeEveryMs : probeInMs);
  };

  const look = async () => {
    try {
      await probe();
    } catch (error) {
      if (isStopped) return;
      tell(error);
      timer = setTimeout(look, probeEveryMs);
      return;
    }
    if (isStopped) return;
    state = 'trial';
    backMs = performance.now();
    timer = setTimeout(settle, trialMs);
    onUp();
  };

  const settle = () => {
    if (toldMs !== undefined) log.info(`${part}.back`, { after_s: Number(((backMs - sinceMs) / 1_000).toFixed(1)) });
    state = 'up';
    toldMs = undefined;
  };

  return {
    get isDown() {
      return state === 'down';
    },
    reportFailure(error) {
      if (state === 'down' || isStopped) return;
      tell(error);
      goDown(probeEveryMs / 2);
    },
    suspect(error) {
      if (state === 'down' || isStopped) return;
      if (state === 'trial') tell(error);
      goDown(0);
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
