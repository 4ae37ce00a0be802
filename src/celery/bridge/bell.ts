/** Wakes one waiting loop: a ring that comes before the wait is not lost, and many count as one. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring, or after this time. */
  wait(mostMs: number): Promise<void>;
}

export function createBell(): Bell {
  let hasRung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      hasRung = true;
      wake?.();
    },
    async wait(mostMs) {
      let timer: NodeJS.Timeout | undefined;
      if (!hasRung) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, mostMs);
        });
      }
      clearTimeout(timer);
      wake = undefined;
      hasRung = false;
    },
  };
}
