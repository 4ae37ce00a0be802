/**
 * Pauses of queues and schedules. A book outside Redis holds them, as an emptied Redis forgets its own; workers bring the queues
 * into line with it at start, every 30 s, and when Redis came back empty.
 */
import type { Log } from '../logger.ts';
import { type Queues, withDeadline } from './queues.ts';
import { registerSchedules, type Schedule } from './schedules.ts';

export type ControlKind = 'queue' | 'schedule';

/** A pause that stands. Times are ISO 8601. */
export interface Control {
  readonly kind: ControlKind;
  readonly name: string;
  readonly reason: string;
  readonly since: string;
  /** null: until somebody resumes it. */
  readonly until: string | null;
  readonly by: string;
  /** Its time is over; whoever sees it lifts it. */
  readonly isOver: boolean;
}

/** Implemented on the table `controls`. */
export interface ControlBook {
  list(): Promise<readonly Control[]>;
  /** Takes out a pause whose time is over; does nothing to one that was set anew meanwhile. */
  endOver(control: Pick<Control, 'kind' | 'name'>): Promise<void>;
}

export interface Controls {
  /** Pauses what is to be paused and lifts what is over; `registersSchedules` also registers all other schedules. Safe to repeat. */
  apply(options: { registersSchedules: boolean }): Promise<void>;
}

/** BullMQ's calls wait for ever when Redis is away. */
const callTimeoutMs = 5_000;

export function createControls(deps: {
  queues: Queues;
  schedules: readonly Schedule[];
  book: ControlBook;
  log: Log;
}): Controls {
  const { queues, schedules, book, log } = deps;
  const lift = async (control: Control) => {
    const schedule = schedules.find(({ name }) => control.kind === 'schedule' && name === control.name);
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
      const paused = (kind: ControlKind, name: string) =>
        standing.some((each) => each.kind === kind && each.name === name);
      for (const name of queues.names) {
        if (!paused('queue', name) || (await queues.get(name).isPaused())) continue;
        await pauseQueue(queues, name);
        log.warn('queue.paused_again', { queue: name, reason: 'it is to be paused, and Redis had forgotten it' });
      }
      for (const schedule of schedules) {
        if (paused('schedule', schedule.name)) await removeSchedule(queues, schedule);
        else if (registersSchedules) await registerSchedules(queues, [schedule]);
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

/** Takes a schedule out of Redis, with the run that it had planned. @throws AppError REDIS_UNREACHABLE after 5 s */
export async function removeSchedule(queues: Queues, { name, queue }: Schedule): Promise<void> {
  const removal = queues.get(queue).removeJobScheduler(name);
  await withDeadline(removal, callTimeoutMs, `the schedule "${name}" was paused`);
}
