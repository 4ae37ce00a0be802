/** Keeps a number of worker processes running: restarts them when they die, forwards signals, and waits for their end. */
import type { ChildProcess } from 'node:child_process';
import type { Log } from '../log/logger.ts';

/** Pause before the restart of a process that died soon after its start. */
const firstPauseMs = 500;
const maxPauseMs = 30_000;
/** After a process has lived this long, the pause is short again. */
const healthyAfterMs = 10_000;
/** Longer than a worker's own limit for stopping. */
const killAfterMs = 35_000;

export interface SuperviseOptions {
  readonly processes: number;
  /** Starts one, in a process group of its own: a Ctrl-C of the terminal must reach it once, through here. */
  start(): ChildProcess;
  readonly log: Log;
  readonly signals: Pick<NodeJS.Process, 'on' | 'off'>;
}

/** The exit code: 0 after an orderly stop, 130 or 143 after a second signal, else the code with which a process gave up. */
export function supervise({ processes, start, log, signals }: SuperviseOptions): Promise<number> {
  const children = new Set<ChildProcess>();
  let received = 0;
  let isOver = false;

  return new Promise<number>((resolve) => {
    const finish = (code: number) => {
      isOver = true;
      signals.off('SIGTERM', onSignal);
      signals.off('SIGINT', onSignal);
      resolve(code);
    };
    let worstCode = 0;
    const run = (pauseMs: number) => {
      if (received > 0) return;
      const startedMs = performance.now();
      const child = start();
      children.add(child);
      child.once('exit', (code, signal) => {
        children.delete(child);
        if (received > 0) {
          worstCode = Math.max(worstCode, code ?? 1);
          if (children.size === 0) finish(worstCode);
          return;
        }
        // Refused settings, servers or folders would be refused again. A process that exited with 0 was stopped by remote control.
        if (code === 0 || (code !== null && code >= 2 && code <= 6)) return giveUp(code);
        const nextMs = performance.now() - startedMs > healthyAfterMs ? firstPauseMs : pauseMs;
        log.warn('worker.process_ended', { pid: child.pid, code, signal, again_in_s: nextMs / 1_000 });
        setTimeout(() => run(Math.min(nextMs * 2, maxPauseMs)), nextMs);
      });
    };
    const stopAll = (name: NodeJS.Signals) => {
      for (const child of children) child.kill(name);
      if (children.size === 0) finish(worstCode);
    };
    const giveUp = (code: number) => {
      if (isOver || received > 0) return;
      received = 1;
      worstCode = code;
      stopAll('SIGTERM');
    };
    const onSignal = (name: NodeJS.Signals) => {
      received += 1;
      if (received === 1) {
        log.info('worker.stopping', { processes: children.size });
        setTimeout(() => stopAll('SIGKILL'), killAfterMs).unref();
      }
      stopAll(name);
    };
    signals.on('SIGTERM', onSignal);
    signals.on('SIGINT', onSignal);
    for (let index = 0; index < processes; index++) run(firstPauseMs);
  });
}
