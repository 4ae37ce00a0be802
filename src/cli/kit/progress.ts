/** Progress on stderr, so that stdout stays data. */

/** How far a piece of work is. */
export interface Bar {
  /** `done` of the total so far; `label` replaces the words beside the bar. */
  update(done: number, label?: string): void;
  setTotal(total: number): void;
  /** Leaves the last state on the screen; may be called twice. */
  stop(): void;
  /** Takes the bar off its line, so that another line can be written there. */
  clearLine(): void;
}

export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): boolean;
}

/** Every tenth of the way: enough for a log, never a flood. */
export function lineBar(stream: ProgressStream, total: number, label: string): Bar {
  let whole = total;
  let words = label;
  let toldTenths = -1;
  return {
    update(done, newLabel) {
      words = newLabel ?? words;
      const tenths = whole > 0 ? Math.floor((Math.min(done, whole) / whole) * 10) : 10;
      if (tenths <= toldTenths) return;
      toldTenths = tenths;
      stream.write(`${words} ${done}/${whole}\n`);
    },
    setTotal(newTotal) {
      whole = newTotal;
      toldTenths = -1;
    },
    stop() {},
    clearLine() {},
  };
}
