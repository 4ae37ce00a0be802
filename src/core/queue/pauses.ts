/**
 * Pauses of queues and schedules. A table outside Redis keeps them, as an emptied Redis forgets its own; workers bring the queues into
 * line with it at start, every 30 s, and when Redis came back empty.
 */

import type { Clock } from '../clock.ts';
import { withDeadline } from '../deadline.ts';
import type { Log } from '../log/logger.ts';
import type { Queues } from './queues.ts';
import { hasLostNextRun, registerSchedules, type Schedule } from './schedules.ts';

/** `provider`: a hold, set and lifted by workers while what the queue's jobs need is away; see holds.ts. */
export type PauseKind = 'queue' | 'schedule' | 'provider';

/** Times are ISO 8601. */
export interface Pause {
  readonly kind: PauseKind;
  readonly name: string;
  readonly reason: string;
  /** Error code of a hold; null: a person's pause. */
  readonly code: string | null;
  readonly since: string;
  /** null: until a person resumes it, or a probe of the provider succeeds. */
  readonly until: string | null;
  readonly by: string;
  /** Its time is over; the first process that sees it lifts it. */
  readonly isOver: boolean;
}

/** The pause to show: a person's before a hold. What is over stops nothing. */
export function pauseOfQueue(pauses: readonly Pause[], queue: string): Pause | undefined {
  const active = pauses.filter(({ name, isOver }) => name === queue && !isOver);
  return active.find(({ kind }) => kind === 'queue') ?? active.find(({ kind }) => kind === 'provider');
}

/** Implemented on the table `controls`. */
export interface PauseTable {
  list(): Promise<readonly Pause[]>;
  /** Deletes an expired pause; does nothing if it was set again meanwhile. */
  endOver(pause: Pick<Pause, 'kind' | 'name'>): Promise<void>;
}

export type RegistersSchedules = boolean | 'lost';

export interface Pauses {
  /**
   * Pauses what is to be paused and lifts what is over; `registersSchedules` also registers all other schedules, or those whose
   * next run Redis lost. Safe to repeat.
   */
  apply(options: { registersSchedules: RegistersSchedules }): Promise<void>;
}

/** BullMQ's calls never end while Redis is away. */
const callTimeoutMs = 5_000;

export function createPauses(deps: {
  queues: Queues;
  schedules: readonly Schedule[];
  table: PauseTable;
  clock: Clock;
  log: Log;
}): Pauses {
  const { queues, schedules, table, clock, log } = deps;
  const lift = async (pause: Pause) => {
    const schedule = schedules.find(({ name }) => pause.kind === 'schedule' && name === pause.name);
    // Redis lets the queue go on by itself when such a time is over.
    if (pause.kind === 'provider') return table.endOver(pause);
    if (schedule) await registerSchedules(queues, [schedule]);
    else if (pause.kind === 'queue' && queues.names.includes(pause.name)) await resumeQueue(queues, pause.name);
    // Of tasks that are not known here: a worker that knows them lifts it.
    else return;
    // Last: after a crash before it the row is still there, and the next process lifts it again.
    await table.endOver(pause);
    log.info('queue.resumed', { kind: pause.kind, name: pause.name, reason: 'its time is over' });
  };
  return {
    async apply({ registersSchedules }) {
      const pauses = await table.list();
      for (const pause of pauses.filter(({ isOver }) => isOver)) await lift(pause);
      const active = pauses.filter(({ isOver }) => !isOver);
      const paused = (kind: PauseKind, name: string) => active.some((each) => each.kind === kind && each.name === name);
      for (const name of queues.names) {
        const hold = active.find((each) => each.kind === 'provider' && each.name === name);
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

/** No job of the queue is given out for so long, by BullMQ's rate limiter; a longer wait that is set already is kept. @throws AppError REDIS_UNREACHABLE after 5 s */
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
