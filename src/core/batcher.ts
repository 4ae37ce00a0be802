/**
 * Combines concurrent calls into batches, with one batch in flight: the next batch contains the calls that came meanwhile.
 * Ending a batch with each tick instead halves the throughput, because jobs arrive one Redis reply at a time.
 */
export interface Batcher<Item, Result> {
  /** Joins the next batch and resolves with this item's own result. */
  add(item: Item): Promise<Result>;
  /** Resolves when nothing is waiting or in flight. */
  idle(): Promise<void>;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;
}

export interface BatcherOptions<Item, Result> {
  readonly maxItems: number;
  /** One result for each item, in order; an `Error` in its place rejects that item alone. */
  execute(items: readonly Item[]): Promise<readonly (Result | Error)[]>;
}

/** Maximum of a statement, for any concurrency. */
export const maxItemsPerBatch = 300;

/**
 * Batch size for stages that `concurrency` jobs pass one after another: a third of them. With all jobs in one batch, worker and
 * database wait for each other; a third gives 20 % more jobs a second (measured with 50).
 */
export function batchOf(concurrency: number): number {
  return Math.min(maxItemsPerBatch, Math.ceil(concurrency / 3));
}

export function createBatcher<Item, Result>({
  maxItems,
  execute,
}: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  let waiting: Waiting<Item, Result>[] = [];
  let isRunning = false;
  let whenIdle: (() => void)[] = [];

  const run = async () => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxItems);
      waiting = waiting.slice(maxItems);
      await settle(batch, execute);
    }
    isRunning = false;
    const told = whenIdle;
    whenIdle = [];
    for (const tell of told) tell();
  };

  return {
    add(item) {
      return new Promise<Result>((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        if (isRunning) return;
        isRunning = true;
        // An idle stage waits only until the end of this turn, so that a single job is not delayed.
        setImmediate(run);
      });
    },
    idle() {
      return isRunning ? new Promise((resolve) => whenIdle.push(resolve)) : Promise.resolve();
    },
  };
}

async function settle<Item, Result>(
  batch: readonly Waiting<Item, Result>[],
  execute: BatcherOptions<Item, Result>['execute'],
): Promise<void> {
  try {
    const results = await execute(batch.map(({ item }) => item));
    batch.forEach(({ resolve, reject }, index) => {
      const result = results[index];
      if (result instanceof Error) reject(result);
      else resolve(result as Result);
    });
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}
