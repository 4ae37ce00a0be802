/** Celery's logical clock, which orders the messages of nodes without comparing their wall clocks. */
export interface LamportClock {
  /** The current value. */
  value(): number;
  /** Adds 1, before a message is sent. */
  forward(): number;
  /** For the value of a received message: own = max(own, theirs) + 1. A value that is no whole number counts as 0. */
  adjust(theirs: unknown): number;
}

/** A clock at 0. `celery.app.base`, kombu's `LamportClock`. */
export function createLamportClock(): LamportClock {
  let own = 0;
  return {
    value: () => own,
    forward() {
      own += 1;
      return own;
    },
    adjust(theirs) {
      // One bad message must not push the clock beyond the safe integers.
      const known = Number.isSafeInteger(theirs) && Number(theirs) < Number.MAX_SAFE_INTEGER / 2 ? Number(theirs) : 0;
      own = Math.max(own, known) + 1;
      return own;
    },
  };
}
