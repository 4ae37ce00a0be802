/** A bar that redraws its line, for a terminal. */
import { SingleBar } from 'cli-progress';
import type { Bar, ProgressStream } from './progress.ts';

export function terminalBar(stream: NodeJS.WritableStream & ProgressStream, total: number, label: string): Bar {
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
