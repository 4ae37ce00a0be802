/** Wakes a loop that waits. A wake-up before the wait is kept, and several count as one. */
export interface WakeSignal {
  wake(): void;
  /** Resolves at the next wake-up, or after this time. */
  wait(maxMs: number): Promise<void>;
}

export function createWakeSignal(): WakeSignal {
  let isWoken = false;
  let resume: (() => void) | undefined;
  return {
    wake() {
      isWoken = true;
      resume?.();
    },
    async wait(maxMs) {
      let timer: NodeJS.Timeout | undefined;
      if (!isWoken) {
        await new Promise<void>((resolve) => {
          resume = resolve;
          timer = setTimeout(resolve, maxMs);
        });
      }
      clearTimeout(timer);
      resume = undefined;
      isWoken = false;
    },
  };
}
