/** LLM_BUDGET_USD_PER_DAY: no more calls once all workers together have spent this amount since midnight UTC. */
import { EventEmitter, once } from 'node:events';
import type { Clock } from '../../../../core/clock.ts';
import { AppError } from '../../../../core/errors.ts';

/** Takes the cost of a call (null: unknown), or nothing if the call failed. Further calls have no effect. */
export type EndOfCall = (usd?: number | null) => void;

export interface Budget {
  /**
   * Called before each model call: reserves `estimatedUsd` until the call ends. If the rest of the budget is smaller, it waits for
   * another call of this process to end, which may have cost less than its estimate.
   * @throws AppError MODEL_BUDGET; the signal's reason when aborted
   */
  begin(estimatedUsd: number, signal: AbortSignal): Promise<EndOfCall>;
}

/** No limit. */
export const noBudget: Budget = { begin: async () => () => undefined };

/** Cache lifetime of the sum of all workers; spending of this process is added at once. */
const sumLifeMs = 5_000;
/** Shorter after the warning, because calls of other processes matter more. */
const sumLifeNearEndMs = 1_000;
const warningShare = 0.8;
const dayMs = 86_400_000;

export interface BudgetOptions {
  readonly usdPerDay: number;
  readonly readSpentToday: () => Promise<number>;
  readonly clock: Clock;
  /** Called once a day, when 80 % are spent. */
  readonly onNearlyUsed?: (spentUsd: number) => void;
}

/**
 * Create one per process. The budget can be exceeded by one call that costs more than its estimate, and by what other processes spend
 * within the lifetime of the cached sum.
 */
export function createBudget({ usdPerDay, readSpentToday, clock, onNearlyUsed }: BudgetOptions): Budget {
  let sum: Promise<number> | undefined;
  let readMs = 0;
  let spentSinceRead = 0;
  let isNearEnd = false;
  let warnedDay = -1;
  let reservedUsd = 0;
  let openCalls = 0;
  const ends = new EventEmitter().setMaxListeners(0);

  const readSpent = async (): Promise<number> => {
    const ageMs = clock.monotonicMs() - readMs;
    if (sum === undefined || ageMs >= (isNearEnd ? sumLifeNearEndMs : sumLifeMs)) {
      readMs = clock.monotonicMs();
      spentSinceRead = 0;
      sum = readSpentToday();
      // The next call reads again.
      sum.catch(() => {
        sum = undefined;
      });
    }
    return (await sum) + spentSinceRead;
  };
  const warn = (spent: number) => {
    isNearEnd = spent >= usdPerDay * warningShare;
    const day = Math.floor(clock.wallMs() / dayMs);
    if (!isNearEnd || day === warnedDay) return;
    warnedDay = day;
    onNearlyUsed?.(spent);
  };
  const reserve = (estimatedUsd: number): EndOfCall => {
    reservedUsd += estimatedUsd;
    openCalls += 1;
    let hasEnded = false;
    return (usd = 0) => {
      if (hasEnded) return;
      hasEnded = true;
      reservedUsd -= estimatedUsd;
      openCalls -= 1;
      spentSinceRead += usd ?? 0;
      ends.emit('end');
    };
  };
  return {
    async begin(estimatedUsd, signal) {
      for (;;) {
        signal.throwIfAborted();
        const spent = await readSpent();
        warn(spent);
        if (spent >= usdPerDay) throw usedUp(spent, usdPerDay, clock.wallMs());
        // If the budget is smaller than one estimate, calls are made one at a time.
        if (openCalls === 0 || spent + reservedUsd + estimatedUsd <= usdPerDay) return reserve(estimatedUsd);
        // If aborted, the next iteration throws.
        await once(ends, 'end', { signal }).catch(() => undefined);
      }
    },
  };
}

function usedUp(spent: number, usdPerDay: number, nowMs: number): AppError {
  const tomorrow = new Date(Math.floor(nowMs / dayMs + 1) * dayMs).toISOString();
  return new AppError(
    'MODEL_BUDGET',
    `Today's budget is used up: ${spent.toFixed(2)} of ${usdPerDay} USD since midnight UTC. Jobs wait until ${tomorrow}, or until LLM_BUDGET_USD_PER_DAY is raised and the worker started again.`,
  );
}
