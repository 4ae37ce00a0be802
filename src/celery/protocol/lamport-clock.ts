/** Celery's logical clock: orders what nodes tell each other, whatever their wall clocks say. */

export interface LamportClock {
  /** The value now; nothing moves. */
  value(): number;
  /** One step on, for whatever is sent. */
  forward(): number;
  /** On receipt of another node's value: own = max(own, theirs) + 1. Anything that is no whole number counts as 0. */
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
      // One garbage message may not push the clock beyond what may still be counted.
      const known = Number.isSafeInteger(theirs) && Number(theirs) < Number.MAX_SAFE_INTEGER / 2 ? Number(theirs) : 0;
      own = Math.max(own, known) + 1;
      return own;
    },
  };
}
