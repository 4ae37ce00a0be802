/** Numbers one after another in memory that grows: what is read together lies together, and is read sooner than objects are. */
export interface NumberPool {
  /** All so far; another array once it has grown. */
  readonly numbers: Int32Array;
  /** Appends numbers and returns where they begin. */
  add(numbers: ArrayLike<number>): number;
  /** Begins anew. */
  clear(): void;
}

export function createNumberPool(): NumberPool {
  let length = 0;
  const pool = {
    numbers: new Int32Array(4_096),
    add(more: ArrayLike<number>): number {
      const start = length;
      length += more.length;
      if (length > pool.numbers.length) {
        const grown = new Int32Array(Math.max(length, pool.numbers.length * 2));
        grown.set(pool.numbers);
        pool.numbers = grown;
      }
      pool.numbers.set(more, start);
      return start;
    },
    clear(): void {
      length = 0;
    },
  };
  return pool;
}
