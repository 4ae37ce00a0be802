/** Decides which finished jobs get a log line of level info: each one, until thousands a second would flood the log. */
import type { Clock } from '../clock.ts';
import type { Log } from '../log/logger.ts';

/** Lines of single jobs in one second; the rest of that second is counted in one line. */
const maxLinesPerSecond = 10;
const secondMs = 1_000;

export interface FinishedLines {
  /** For the line of the next finished job; `debug` beyond 10 a second, and the job is counted instead. */
  nextLevel(): 'info' | 'debug';
  /** Writes the count that is still open. */
  stop(): void;
}

/** Counted jobs are logged as `jobs.finished` with their number, one second after the first line at the latest. */
export function createFinishedLines({ clock, log }: { clock: Clock; log: Log }): FinishedLines {
  let secondEndsMs = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let counted = 0;
  let timer: NodeJS.Timeout | undefined;

  const writeCount = () => {
    clearTimeout(timer);
    timer = undefined;
    if (counted > 0) log.info('jobs.finished', { jobs: counted });
    counted = 0;
  };

  return {
    nextLevel() {
      const nowMs = clock.monotonicMs();
      if (nowMs >= secondEndsMs) {
        writeCount();
        [secondEndsMs, lines] = [nowMs + secondMs, 0];
      }
      lines += 1;
      if (lines <= maxLinesPerSecond) return 'info';
      counted += 1;
      timer ??= setTimeout(writeCount, secondEndsMs - nowMs);
      return 'debug';
    },
    stop: writeCount,
  };
}
