/** Schedules as `vambe schedules` and its subcommands give them with `--json`. */
import * as z from 'zod';
import type { ScheduledRun } from '../services/observe/pauses.ts';
import type { ScheduleReport } from '../services/observe/schedules.ts';
import { list, moment } from './pieces.ts';

const schedule = z.strictObject({
  name: z.string(),
  task: z.string(),
  queue: z.string(),
  every_ms: z.int().positive().nullable(),
  /** In UTC. */
  cron: z.string().nullable(),
  /** null: it is paused, or no worker has registered it yet. */
  next_run_at: moment.nullable(),
  paused: z.strictObject({ reason: z.string().nullable(), since: moment, until: moment.nullable() }).nullable(),
}) satisfies z.ZodType<ScheduleReport>;

/** `vambe schedules`. */
export const schedulesDocument = z.strictObject({ success: z.literal(true), schedules: list(schedule) });

export function toSchedulesDocument(schedules: readonly ScheduleReport[]): z.infer<typeof schedulesDocument> {
  return { success: true, schedules };
}

/** `vambe schedules run`. */
export const scheduleRunDocument = z.strictObject({
  success: z.literal(true),
  schedule: z.string(),
  task: z.string(),
  task_id: z.string(),
});

export function toScheduleRunDocument(
  name: string,
  { task, taskId }: ScheduledRun,
): z.infer<typeof scheduleRunDocument> {
  return { success: true, schedule: name, task, task_id: taskId };
}

/** `vambe schedules pause` and `vambe schedules resume`; `until` is there for a pause alone. */
export const schedulePauseDocument = z.strictObject({
  success: z.literal(true),
  schedule: z.string(),
  paused: z.boolean(),
  was_paused: z.boolean(),
  until: moment.nullable().optional(),
});
