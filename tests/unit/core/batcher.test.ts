import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchOf, createBatcher } from '../../../src/core/batcher.ts';

interface Held {
  readonly items: readonly number[];
  finish(results?: readonly (number | Error)[]): void;
  fail(error: Error): void;
}

/** A batcher whose batches wait until the test ends them. */
function createHeldBatcher(maxItems = 100) {
  const held: Held[] = [];
  const batcher = createBatcher<number, number>({
    maxItems,
    execute: (items) =>
      new Promise((resolve, reject) => {
        held.push({ items, finish: (results = items.map((each) => each * 10)) => resolve(results), fail: reject });
      }),
  });
  return { batcher, held };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
/** Enough turns for whatever was going to happen without outside help. */
const settle = async () => {
  for (let turns = 0; turns < 5; turns++) await turn();
};

describe('batches', () => {
  test('carry all calls of one turn together', async () => {
    const { batcher, held } = createHeldBatcher();
    const results = Promise.all([batcher.add(1), batcher.add(2), batcher.add(3)]);
    await settle();
    expect(held.map(({ items }) => items)).toEqual([[1, 2, 3]]);
    held[0]?.finish();
    expect(await results).toEqual([10, 20, 30]);
  });

  test('are in flight one at a time; the next carries what came meanwhile', async () => {
    const { batcher, held } = createHeldBatcher();
    const first = batcher.add(1);
    await settle();
    const later = [batcher.add(2), batcher.add(3)];
    await settle();
    later.push(batcher.add(4));
    await settle();
    expect(held).toHaveLength(1);
    held[0]?.finish();
    expect(await first).toBe(10);
    await settle();
    expect(held.map(({ items }) => items)).toEqual([[1], [2, 3, 4]]);
    held[1]?.finish();
    expect(await Promise.all(later)).toEqual([20, 30, 40]);
  });

  test('hold no more than their limit', async () => {
    const sizes: number[] = [];
    const batcher = createBatcher<number, number>({
      maxItems: 7,
      async execute(items) {
        sizes.push(items.length);
        return items;
      },
    });
    const results = await Promise.all(Array.from({ length: 30 }, (_each, index) => batcher.add(index)));
    expect(results).toEqual(Array.from({ length: 30 }, (_each, index) => index));
    expect(sizes).toEqual([7, 7, 7, 7, 2]);
  });

  test('reject the item whose place holds an error, and no other', async () => {
    const { batcher, held } = createHeldBatcher();
    const results = Promise.allSettled([batcher.add(1), batcher.add(2), batcher.add(3)]);
    await settle();
    held[0]?.finish([1, new Error('bad row'), 3]);
    expect((await results).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  test('that fail reject all their items, and the next one goes on', async () => {
    const { batcher, held } = createHeldBatcher();
    const lost = Promise.allSettled([batcher.add(1), batcher.add(2)]);
    await settle();
    const next = batcher.add(3);
    held[0]?.fail(new Error('connection lost'));
    expect((await lost).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await settle();
    held[1]?.finish();
    expect(await next).toBe(30);
  });

  test('whose execution throws at once reject their items too', async () => {
    const batcher = createBatcher<number, number>({
      maxItems: 2,
      execute() {
        throw new Error('at once');
      },
    });
    await expect(batcher.add(1)).rejects.toThrow('at once');
    await expect(batcher.add(2)).rejects.toThrow('at once');
  });

  test('are over when idle() says so', async () => {
    const { batcher, held } = createHeldBatcher();
    await batcher.idle();
    let isIdle = false;
    void batcher.add(1);
    const idle = batcher.idle().then(() => {
      isIdle = true;
    });
    await settle();
    expect(isIdle).toBe(false);
    held[0]?.finish();
    await idle;
  });

  test('give each call its own result, whatever the order and the pauses between calls', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        async (pauses, maxItems) => {
          let inFlight = 0;
          const batcher = createBatcher<number, number>({
            maxItems,
            async execute(items) {
              inFlight += 1;
              expect(inFlight).toBe(1);
              expect(items.length).toBeLessThanOrEqual(maxItems);
              await turn();
              inFlight -= 1;
              return items.map((each) => (each % 5 === 4 ? new Error(String(each)) : each));
            },
          });
          const results: Promise<number | string>[] = [];
          for (const [index, pauses_] of pauses.entries()) {
            results.push(batcher.add(index).catch((error: Error) => error.message));
            if (pauses_) await turn();
          }
          expect(await Promise.all(results)).toEqual(
            pauses.map((_each, index) => (index % 5 === 4 ? String(index) : index)),
          );
        },
      ),
      { numRuns: 50 },
    );
  });
});

test.each([
  [1, 1],
  [3, 1],
  [50, 17],
  [1_000, 300],
])('of %i jobs at once a batch holds at most %i, so that three batches are on their way', (concurrency, items) => {
  expect(batchOf(concurrency)).toBe(items);
});
