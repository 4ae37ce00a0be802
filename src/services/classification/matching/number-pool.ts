/** A growing Int32Array that holds many short lists of numbers one after another. README.md has the measured gain over plain arrays. */
export interface NumberPool {
  /** Everything added so far; replaced by a larger array when it is full, so do not keep a reference across `add`. */
  readonly numbers: Int32Array;
  /** Appends a list and returns its start index. */
  add(list: ArrayLike<number>): number;
  clear(): void;
}

const initialLength = 4_096;

export function createNumberPool(): NumberPool {
  let length = 0;
  const pool = {
    numbers: new Int32Array(initialLength),
    add(list: ArrayLike<number>): number {
      const start = length;
      length += list.length;
      if (length > pool.numbers.length) {
        const larger = new Int32Array(Math.max(length, pool.numbers.length * 2));
        larger.set(pool.numbers);
        pool.numbers = larger;
      }
      pool.numbers.set(list, start);
      return start;
    },
    clear(): void {
      length = 0;
    },
  };
  return pool;
}
