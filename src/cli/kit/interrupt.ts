/** Ctrl-C once: stop taking work and finish; twice: leave at once. */

export type StopSignal = 'SIGINT' | 'SIGTERM';
export const exitCodeOf: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** The part of `process` that signals come from. */
export interface SignalSource {
  on(event: StopSignal, listener: (name: StopSignal) => void): unknown;
  off(event: StopSignal, listener: (name: StopSignal) => void): unknown;
}

export interface Interrupts {
  readonly signal: AbortSignal;
  /** The first signal that came; null: none. */
  received(): StopSignal | null;
  /** Listens no more; may be called twice. */
  release(): void;
}

export function watchInterrupts(
  source: SignalSource,
  on: { first(name: StopSignal): void; second(exitCode: number): void },
): Interrupts {
  const controller = new AbortController();
  let received: StopSignal | null = null;
  const listener = (name: StopSignal): void => {
    if (received !== null) {
      on.second(exitCodeOf[name]);
      return;
    }
    received = name;
    on.first(name);
    controller.abort();
  };
  source.on('SIGINT', listener);
  source.on('SIGTERM', listener);
  return {
    signal: controller.signal,
    received: () => received,
    release() {
      source.off('SIGINT', listener);
      source.off('SIGTERM', listener);
    },
  };
}
