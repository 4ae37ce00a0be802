/** LLM_BUDGET_USD_PER_DAY: no call is made once that much was spent since midnight UTC, by all workers together. */
import { EventEmitter, once } from 'node:events';
import type { Clock } from '../../../../core/clock.ts';
import { AppError } from '../../../../core/errors.ts';

/** Told what a call did cost; null: nobody knows. Called without a figure where it failed; a second time is harmless. */
export type EndOfCall = (usd?: number | null) => void;

export interface Budget {
  /**
   * Before each call; `estimatedUsd` is set aside until it ends. Near the end of the budget it waits for a call of this process
   * that is under way, as that may have cost less than was set aside.
   * @throws AppError MODEL_BUDGET; the signal's reason when aborted
   */
  begin(estimatedUsd: number, signal: AbortSignal): Promise<EndOfCall>;
}

/** Where nothing limits it. */
export const noBudget: Budget = { begin: async () => () => undefined };

/** How long a sum of all workers is believed; what this process spends meanwhile is added. */
const believedMs = 5_000;
/** Beyond the share that is warned of, other processes' calls matter sooner. */
const believedNearEndMs = 1_000;
const warnedShare = 0.8;
const dayMs = 86_400_000;

export interface BudgetOptions {
  readonly usdPerDay: number;
  readonly readSpentToday: () => Promise<number>;
  readonly clock: Clock;
  /** Once a day, when four fifths are spent. */
  readonly onNearlyUsed?: (spentUsd: number) => void;
}

/**
 * One for a process. It is gone over by one call that costs more than its estimate, and by what other processes spend while a
 * sum is believed.
 */
export function createBudget({ usdPerDay, readSpentToday, clock, onNearlyUsed }: BudgetOptions): Budget {
  let sum: Promise<number> | undefined;
  let readMs = 0;
  let since = 0;
  let isNearEnd = false;
  let warnedDay = -1;
  let setAside = 0;
  let underWay = 0;
  const ends = new EventEmitter().setMaxListeners(0);

  const readSpent = async (): Promise<number> => {
    const ageMs = clock.monotonicMs() - readMs;
    if (sum === undefined || ageMs >= (isNearEnd ? believedNearEndMs : believedMs)) {
      readMs = clock.monotonicMs();
      since = 0;
      sum = readSpentToday();
      // Whoever comes next asks again.
      sum.catch(() => {
        sum = undefined;
      });
    }
    return (await sum) + since;
  };
  const warn = (spent: number) => {
    isNearEnd = spent >= usdPerDay * warnedShare;
    const day = Math.floor(clock.wallMs() / dayMs);
    if (!isNearEnd || day === warnedDay) return;
    warnedDay = day;
    onNearlyUsed?.(spent);
  };
  const setOff = (estimatedUsd: number): EndOfCall => {
    setAside += estimatedUsd;
    underWay += 1;
    let hasEnded = false;
    return (usd = 0) => {
      if (hasEnded) return;
      hasEnded = true;
      setAside -= estimatedUsd;
      underWay -= 1;
      since += usd ?? 0;
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
        // A budget smaller than one estimate still pays for one call at a time.
        if (underWay === 0 || spent + setAside + estimatedUsd <= usdPerDay) return setOff(estimatedUsd);
        // Aborted meanwhile: the next round says so.
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
