/** LLM_BUDGET_USD_PER_DAY: no call is made once that much was spent since midnight UTC, by all workers together. */
import type { Clock } from '../../../core/clock.ts';
import { AppError } from '../../../core/errors.ts';

export interface Budget {
  /** Calls under way are not counted: the last ones may go over it. @throws AppError MODEL_BUDGET */
  check(): Promise<void>;
  /** What this process has just spent; null: nobody knows. */
  spend(usd: number | null): void;
}

/** Where nothing limits it. */
export const noBudget: Budget = { check: async () => undefined, spend: () => undefined };

/** How long a sum is believed; what this process spends meanwhile is added. */
const believedMs = 5_000;

export function createBudget({
  usdPerDay,
  readSpentToday,
  clock,
}: {
  usdPerDay: number;
  readSpentToday: () => Promise<number>;
  clock: Clock;
}): Budget {
  let sum: Promise<number> | undefined;
  let readMs = 0;
  let since = 0;
  return {
    async check() {
      if (sum === undefined || clock.monotonicMs() - readMs >= believedMs) {
        readMs = clock.monotonicMs();
        since = 0;
        sum = readSpentToday();
        // Whoever comes next asks again.
        sum.catch(() => {
          sum = undefined;
        });
      }
      const spent = (await sum) + since;
      if (spent < usdPerDay) return;
      const tomorrow = new Date(Math.floor(clock.wallMs() / 86_400_000 + 1) * 86_400_000).toISOString();
      throw new AppError(
        'MODEL_BUDGET',
        `Today's budget is used up: ${spent.toFixed(2)} of ${usdPerDay} USD since midnight UTC. Jobs wait until ${tomorrow}, or until LLM_BUDGET_USD_PER_DAY is raised and the worker started again.`,
      );
    },
    spend(usd) {
      since += usd ?? 0;
    },
  };
}
