/** Progress on stderr, so that stdout stays data. */
import { SingleBar } from 'cli-progress';

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

export function createBar(stream: NodeJS.WritableStream & ProgressStream, total: number, label: string): Bar {
  return stream.isTTY === true ? terminalBar(stream, total, label) : lineBar(stream, total, label);
}

function terminalBar(stream: NodeJS.WritableStream & ProgressStream, total: number, label: string): Bar {
  const bar = new SingleBar({
    stream,
    format: '{label} {bar} {percentage}% · {value}/{total} · {duration_formatted}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    // A line written over the bar (a note, a log line) is followed by the bar again.
    forceRedraw: true,
    // The framework answers Ctrl-C; a bar that does so too would end a drain half way.
    gracefulExit: false,
    hideCursor: null,
    stopOnComplete: false,
  });
  bar.start(total, 0, { label });
  let isRunning = true;
  return {
    update: (done, newLabel) => bar.update(done, newLabel === undefined ? {} : { label: newLabel }),
    setTotal: (newTotal) => bar.setTotal(newTotal),
    stop() {
      if (isRunning) bar.stop();
      isRunning = false;
    },
    clearLine() {
      if (isRunning) stream.write('\r\u001b[K');
    },
  };
}

/** Every tenth of the way: enough for a log, never a flood. */
function lineBar(stream: ProgressStream, total: number, label: string): Bar {
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
