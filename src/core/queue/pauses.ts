/**
 * Pauses of queues and schedules. A book outside Redis holds them, as an emptied Redis forgets its own; workers bring the queues
 * into line with it at start, every 30 s, and when Redis came back empty.
 */

import type { Clock } from '../clock.ts';
import { withDeadline } from '../deadline.ts';
import type { Log } from '../logger.ts';
import type { Queues } from './queues.ts';
import { hasLostNextRun, registerSchedules, type Schedule } from './schedules.ts';

/** `provider`: a queue that waits for whoever its jobs need, put there by a worker; core/queue/holds.ts sets and lifts it. */
export type PauseKind = 'queue' | 'schedule' | 'provider';

/** A pause that stands. Times are ISO 8601. */
export interface Pause {
  readonly kind: PauseKind;
  readonly name: string;
  readonly reason: string;
  /** Error code of a hold; null: a person's pause. */
  readonly code: string | null;
  readonly since: string;
  /** null: until somebody resumes it, or a look finds the provider well. */
  readonly until: string | null;
  readonly by: string;
  /** Its time is over; whoever sees it lifts it. */
  readonly isOver: boolean;
}

/** A person's pause says more than a hold that stands beside it. What is over stops nothing. */
export function pauseOfQueue(controls: readonly Pause[], queue: string): Pause | undefined {
  const standing = controls.filter(({ name, isOver }) => name === queue && !isOver);
  return standing.find(({ kind }) => kind === 'queue') ?? standing.find(({ kind }) => kind === 'provider');
}

/** Implemented on the table `controls`. */
export interface PauseTable {
  list(): Promise<readonly Pause[]>;
  /** Takes out a pause whose time is over; does nothing to one that was set anew meanwhile. */
  endOver(control: Pick<Pause, 'kind' | 'name'>): Promise<void>;
}

export type RegistersSchedules = boolean | 'lost';

export interface Controls {
  /**
   * Pauses what is to be paused and lifts what is over; `registersSchedules` also registers all other schedules, or those whose
   * next run Redis lost. Safe to repeat.
   */
  apply(options: { registersSchedules: RegistersSchedules }): Promise<void>;
}

/** BullMQ's calls wait for ever when Redis is away. */
const callTimeoutMs = 5_000;

export function createPauses(deps: {
  queues: Queues;
  schedules: readonly Schedule[];
  book: PauseTable;
  clock: Clock;
  log: Log;
}): Controls {
  const { queues, schedules, book, clock, log } = deps;
  const lift = async (control: Pause) => {
    const schedule = schedules.find(({ name }) => control.kind === 'schedule' && name === control.name);
    // Redis lets the queue go on by itself when such a time is over.
    if (control.kind === 'provider') return book.endOver(control);
    if (schedule) await registerSchedules(queues, [schedule]);
    else if (control.kind === 'queue' && queues.names.includes(control.name)) await resumeQueue(queues, control.name);
    // Of tasks that are not known here: whoever knows them lifts it.
    else return;
    // Last: who dies before it leaves the row, and the next one lifts again.
    await book.endOver(control);
    log.info('queue.resumed', { kind: control.kind, name: control.name, reason: 'its time is over' });
  };
  return {
    async apply({ registersSchedules }) {
      const controls = await book.list();
      for (const control of controls.filter(({ isOver }) => isOver)) await lift(control);
      const standing = controls.filter(({ isOver }) => !isOver);
      const paused = (kind: PauseKind, name: string) =>
        standing.some((each) => each.kind === kind && each.name === name);
      for (const name of queues.names) {
        const hold = standing.find((each) => each.kind === 'provider' && each.name === name);
        if (hold?.until) await slowDown(queues, name, Date.parse(hold.until) - clock.wallMs());
        const isPaused = paused('queue', name) || (hold !== undefined && hold.until === null);
        if (!isPaused || (await queues.get(name).isPaused())) continue;
        await pauseQueue(queues, name);
        log.warn('queue.paused_again', { queue: name, reason: 'it is to be paused, and Redis had forgotten it' });
      }
      for (const schedule of schedules) {
        if (paused('schedule', schedule.name)) await removeSchedule(queues, schedule);
        else if (registersSchedules === true || (registersSchedules && (await hasLostNextRun(queues, schedule))))
          await registerSchedules(queues, [schedule]);
      }
    },
  };
}

/** Nothing of the queue is started any more; what runs goes on. @throws AppError REDIS_UNREACHABLE after 5 s */
export async function pauseQueue(queues: Queues, name: string): Promise<void> {
  await withDeadline(queues.get(name).pause(), callTimeoutMs, `the queue "${name}" was paused`);
}

/** @throws AppError REDIS_UNREACHABLE after 5 s */
export async function resumeQueue(queues: Queues, name: string): Promise<void> {
  await withDeadline(queues.get(name).resume(), callTimeoutMs, `the queue "${name}" was resumed`);
}

/** What a BullMQ worker needs to heed `slowDown`; by itself it limits nothing. */
export const limiter = { max: Number.MAX_SAFE_INTEGER, duration: 60_000 };

/** No job of the queue is given out for so long, by BullMQ's rate limiter; a longer wait that stands is kept. @throws AppError REDIS_UNREACHABLE after 5 s */
export async function slowDown(queues: Queues, name: string, forMs: number): Promise<void> {
  const queue = queues.get(name);
  const look = async () => {
    if (forMs > 0 && (await queue.getRateLimitTtl(limiter.max)) < forMs) await queue.rateLimit(Math.ceil(forMs));
  };
  await withDeadline(look(), callTimeoutMs, `the queue "${name}" was slowed down`);
}

/** Takes a schedule out of Redis, with the run that it had planned. @throws AppError REDIS_UNREACHABLE after 5 s */
export async function removeSchedule(queues: Queues, { name, queue }: Schedule): Promise<void> {
  const removal = queues.get(queue).removeJobScheduler(name);
  await withDeadline(removal, callTimeoutMs, `the schedule "${name}" was paused`);
}
