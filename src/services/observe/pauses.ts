/** Pauses and resumes queues and schedules: the row first, which workers keep to, then Redis, where it takes effect at once. */

import type { Database } from '../../core/connections/database.ts';
import { withDeadline } from '../../core/deadline.ts';
import type { Enqueuer } from '../../core/queue/enqueue.ts';
import { pauseQueue, removeSchedule, resumeQueue } from '../../core/queue/pauses.ts';
import { countQueue } from '../../core/queue/queue-counts.ts';
import type { Queues } from '../../core/queue/queues.ts';
import { registerSchedules, type Schedule } from '../../core/queue/schedules.ts';
import { createHoldTable, endControl, noteAction, setControl } from '../../models/queries/controls.ts';
import { requireName } from './queues.ts';

export interface PauseDeps {
  readonly database: Database;
  readonly queues: Queues;
}

export interface Change {
  readonly actor: string;
  readonly reason: string | null;
}

/** What is paused: a queue by its name, or a schedule. */
export type Pausable =
  | { readonly kind: 'queue'; readonly name: string }
  | { readonly kind: 'schedule'; readonly schedule: Schedule };

/** `until` null: until a person resumes it. False: it was paused before, and has a new reason and end now. @throws AppError REDIS_UNREACHABLE, DATABASE_* */
export async function pause(
  { database, queues }: PauseDeps,
  what: Pausable,
  { until, ...change }: Change & { until: string | null },
): Promise<boolean> {
  const isNew = await setControl(database, { kind: what.kind, name: nameOf(what), until, ...change });
  if (what.kind === 'queue') await pauseQueue(queues, what.name);
  else await removeSchedule(queues, what.schedule);
  return isNew;
}

/** Also ends a hold of workers, but no wait that a provider asked for. False: there was no pause. Resumes the queue in Redis in any case, so that an interrupted resume can be repeated. @throws AppError REDIS_UNREACHABLE, DATABASE_* */
export async function resume({ database, queues }: PauseDeps, what: Pausable, change: Change): Promise<boolean> {
  const wasPaused = await endControl(database, { kind: what.kind, name: nameOf(what), ...change });
  // A person knows better than a look that comes once a minute.
  const wasHeld = what.kind === 'queue' && (await createHoldTable(database).end(what.name)).wasHeld;
  if (what.kind === 'queue') await resumeQueue(queues, what.name);
  else await withDeadline(registerSchedules(queues, [what.schedule]), 5_000, 'the schedule was resumed');
  return wasPaused || wasHeld;
}

interface QueueChange extends Change {
  readonly queue: string;
}

/** @throws AppError NOT_FOUND with the nearest name; as `pause` */
export async function pauseQueueByName(
  deps: PauseDeps,
  { queue, ...change }: QueueChange & { readonly until: string | null },
): Promise<{ readonly isNew: boolean; readonly running: number }> {
  const name = requireName('queue', queue, deps.queues.names);
  const isNew = await pause(deps, { kind: 'queue', name }, change);
  return { isNew, running: (await countQueue(deps.queues, name)).active };
}

/** False: it was not paused. @throws AppError NOT_FOUND with the nearest name; as `resume` */
export async function resumeQueueByName(deps: PauseDeps, { queue, ...change }: QueueChange): Promise<boolean> {
  const name = requireName('queue', queue, deps.queues.names);
  // It may have been paused with BullMQ's own tools, which leave no row.
  const wasPausedInRedis = await deps.queues.get(name).isPaused();
  return (await resume(deps, { kind: 'queue', name }, change)) || wasPausedInRedis;
}

/** @throws AppError NOT_FOUND with the nearest name */
export function requireSchedule(schedules: readonly Schedule[], name: string): Schedule {
  const names = schedules.map((each) => each.name);
  requireName('schedule', name, names);
  return schedules[names.indexOf(name)] as Schedule;
}

export interface ScheduledRun {
  readonly taskId: string;
  readonly task: string;
  /** False: the job is accepted and Redis did not take it. */
  readonly isQueued: boolean;
}

/** Runs a schedule's task now, beside its planned runs. @throws AppError as Enqueuer.enqueue */
export async function runSchedule(
  { database, enqueuer }: { database: Database; enqueuer: Enqueuer },
  { name, task }: Schedule,
  { origin, ...change }: Change & { origin: string },
): Promise<ScheduledRun> {
  const { accepted, queued } = await enqueuer.enqueue([{ task, origin }]);
  const taskId = accepted[0]?.taskId ?? '';
  await noteAction(database, { action: 'run', object: `schedule:${name}`, after: { task_id: taskId }, ...change });
  return { taskId, task, isQueued: queued === 'redis' };
}

function nameOf(what: Pausable): string {
  return what.kind === 'queue' ? what.name : what.schedule.name;
}
