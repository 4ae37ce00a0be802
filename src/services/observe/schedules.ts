/** What runs by the clock: when next, and whether it is paused. */
import type { Database } from '../../core/connections/database.ts';
import { withDeadline } from '../../core/deadline.ts';
import type { Queues } from '../../core/queue/queues.ts';
import { readNextRuns, type Schedule } from '../../core/queue/schedules.ts';
import { listControls } from '../../models/queries/controls.ts';

export interface ScheduleReport {
  readonly name: string;
  readonly task: string;
  readonly queue: string;
  readonly every_ms: number | null;
  /** In UTC. */
  readonly cron: string | null;
  /** null: it is paused, or no worker has registered it yet. */
  readonly next_run_at: string | null;
  readonly paused: { readonly reason: string | null; readonly since: string; readonly until: string | null } | null;
}

export interface ScheduleDeps {
  readonly queues: Queues;
  readonly database: Database;
  readonly schedules: readonly Schedule[];
}

const lookMs = 5_000;

/** @throws AppError REDIS_UNREACHABLE, DATABASE_* */
export async function listSchedules({ queues, database, schedules }: ScheduleDeps): Promise<readonly ScheduleReport[]> {
  const [next, controls] = await Promise.all([
    withDeadline(readNextRuns(queues, schedules), lookMs, 'the schedules were read'),
    listControls(database),
  ]);
  return schedules.map(({ name, task, queue, everyMs, cron }) => {
    const pause = controls.find((each) => each.kind === 'schedule' && each.name === name);
    const nextMs = next[name];
    return {
      name,
      task,
      queue,
      every_ms: everyMs ?? null,
      cron: cron ?? null,
      next_run_at: nextMs === undefined || pause !== undefined ? null : new Date(nextMs).toISOString(),
      paused: pause === undefined ? null : { reason: pause.reason || null, since: pause.since, until: pause.until },
    };
  });
}
