/** The jobs that run in this process: who they are, how each is made to stop, and how many have ended. */
import type { Clock } from '../clock.ts';
import type { TakenJob } from '../job-ledger.ts';
import { abortReasons } from './run-job.ts';

export interface RunningJob {
  readonly job: TakenJob;
  readonly startedWallMs: number;
}

interface Entry extends RunningJob {
  readonly bullId: string | undefined;
  readonly controller: AbortController;
  readonly ended: Promise<void>;
}

export interface BegunJob {
  readonly controller: AbortController;
  /** Its delivery is over. */
  end(): void;
}

export interface RunningJobs {
  readonly size: number;
  begin(job: TakenJob, bullId: string | undefined): BegunJob;
  list(): readonly RunningJob[];
  has(rowId: string): boolean;
  /** Stops a job that was cancelled; resolves when it has let go, undefined where it does not run here. */
  cancel(rowId: string): Promise<void> | undefined;
  /** All of them; `bullIds`: those whose BullMQ ids these are. */
  abort(reason: 'stopping' | 'lockLost', bullIds?: readonly string[]): void;
  /** Notes that a job of the task ended. */
  count(task: string): void;
  /** Jobs completed and failed since the start, by task. */
  counts(): Readonly<Record<string, number>>;
}

export function createRunningJobs({ clock }: { clock: Clock }): RunningJobs {
  const running = new Map<string, Entry>();
  const counts: Record<string, number> = {};
  return {
    get size() {
      return running.size;
    },
    begin(job, bullId) {
      const controller = new AbortController();
      let markEnded: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => {
        markEnded = resolve;
      });
      running.set(job.rowId, { job, bullId, startedWallMs: clock.wallMs(), controller, ended });
      return {
        controller,
        end() {
          running.delete(job.rowId);
          markEnded();
        },
      };
    },
    list: () => [...running.values()],
    has: (rowId) => running.has(rowId),
    cancel(rowId) {
      const found = running.get(rowId);
      found?.controller.abort(abortReasons.cancelled);
      return found?.ended;
    },
    abort(reason, bullIds) {
      const chosen = bullIds && new Set(bullIds);
      for (const { bullId, controller } of running.values())
        if (!chosen || (bullId !== undefined && chosen.has(bullId))) controller.abort(abortReasons[reason]);
    },
    count(task) {
      counts[task] = (counts[task] ?? 0) + 1;
    },
    counts: () => counts,
  };
}
