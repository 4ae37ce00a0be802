import { describe, expect, test, vi } from 'vitest';
import { createBudget } from '../../../../../../src/services/classification/model/resilience/budget.ts';

const never = new AbortController().signal;
const noon = Date.UTC(2026, 0, 1, 12);

/** A day's budget of 10 USD over a database that says what is spent, on a clock that the test moves. */
function makeBudget({ spent = 0, usdPerDay = 10 } = {}) {
  const world = { nowMs: 0, spent, reads: 0 };
  const onNearlyUsed = vi.fn();
  const budget = createBudget({
    usdPerDay,
    onNearlyUsed,
    readSpentToday: async () => {
      world.reads += 1;
      return world.spent;
    },
    clock: { wallMs: () => noon + world.nowMs, monotonicMs: () => world.nowMs },
  });
  return { world, budget, onNearlyUsed };
}
/** Long enough for anything that waits only for promises. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a budget of a day', () => {
  test('lets no more calls out than their estimates leave room for; the next goes when one has ended', async () => {
    const { budget } = makeBudget({ spent: 4 });
    const ends: ((usd?: number) => void)[] = [];
    const asked = Array.from({ length: 5 }, () => budget.begin(2, never).then((end) => ends.push(end)));
    await settled();
    expect(ends.length).toBe(3);
    ends[0]?.(0.5);
    await settled();
    expect(ends.length).toBe(3); // 4.5 spent, two under way: 8.5, and no room for 2 more
    ends[1]?.(0.5);
    await settled();
    expect(ends.length).toBe(4);
    for (const end of ends) end(0.5);
    await settled();
    for (const end of ends) end(0.5);
    await Promise.all(asked);
    expect(ends.length).toBe(5);
  });

  test('is exceeded at most by what one call costs more than its estimate, with any number of concurrent calls', async () => {
    const { budget } = makeBudget();
    let spent = 0;
    const work = async () => {
      const { signal } = new AbortController();
      for (;;) {
        const end = await budget.begin(1, signal);
        await settled();
        spent += 1;
        end(1);
      }
    };
    await Promise.allSettled(Array.from({ length: 64 }, work));
    expect(spent).toBe(10);
    await expect(budget.begin(1, never)).rejects.toMatchObject({
      code: 'MODEL_BUDGET',
      message: expect.stringContaining('10.00 of 10 USD since midnight UTC. Jobs wait until 2026-01-02T00:00:00.000Z'),
    });
  });

  test('smaller than one estimate pays for one call at a time', async () => {
    const { budget } = makeBudget({ usdPerDay: 0.5 });
    const end = await budget.begin(1, never);
    const next = budget.begin(1, never);
    end(0.7);
    await expect(next).rejects.toMatchObject({ code: 'MODEL_BUDGET' });
  });

  test('gives back what was set aside for a call that failed', async () => {
    const { budget } = makeBudget({ usdPerDay: 1 });
    for (let times = 0; times < 3; times += 1) (await budget.begin(1, never))();
    const end = await budget.begin(1, never);
    end(1);
    end(5); // a second word of one call counts nothing
    await expect(budget.begin(1, never)).rejects.toThrow('1.00 of 1 USD');
  });

  test('a call that waits for budget ends with the reason of its signal', async () => {
    const { budget } = makeBudget({ usdPerDay: 1 });
    await budget.begin(1, never);
    const stop = new AbortController();
    const waiting = budget.begin(1, stop.signal);
    await settled();
    stop.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
  });

  test('reads what all workers spent every 5 s, and every second from four fifths on, of which it tells once a day', async () => {
    const { world, budget, onNearlyUsed } = makeBudget();
    const ask = async () => (await budget.begin(0, never))();
    await ask();
    world.nowMs = 4_999;
    await ask();
    expect([world.reads, onNearlyUsed.mock.calls.length]).toEqual([1, 0]);
    world.spent = 8;
    world.nowMs = 5_000;
    await ask();
    world.nowMs = 6_000;
    await ask();
    expect(world.reads).toBe(3);
    expect(onNearlyUsed.mock.calls).toEqual([[8]]);
    world.nowMs = 24 * 3_600_000;
    await ask();
    expect(onNearlyUsed).toHaveBeenCalledTimes(2);
  });
});
