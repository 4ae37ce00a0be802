/** Schedules of tasks, kept by BullMQ's job schedulers. Registered at start and again when Redis came back empty. */
import { getNextMillis } from 'bullmq';
import { AppError } from '../errors.ts';
import type { Task } from '../task.ts';
import { jobDataVersion, type Queues } from './queues.ts';

export interface Schedule {
  readonly name: string;
  readonly task: string;
  readonly queue: string;
  /** Exactly one of the two: an interval, or cron (UTC). */
  readonly everyMs?: number;
  readonly cron?: string;
}

/** The schedules of these tasks, each named after its task. @throws AppError TASK_INVALID for a cron expression that cannot be read */
export function schedulesOf(tasks: readonly Task[]): readonly Schedule[] {
  return tasks.flatMap(({ name, queue, schedule }) => {
    if (schedule === undefined) return [];
    if ('cron' in schedule) checkCron(name, schedule.cron);
    return [{ name, task: name, queue, ...schedule }];
  });
}

/** The parser fills in fields that are missing, so that their number is checked here: five, six with seconds, or a name such as @daily. */
const cronForm = /^(@\w+|\S+(\s+\S+){4,5})$/;

function checkCron(task: string, cron: string): void {
  try {
    if (!cronForm.test(cron.trim())) throw new Error('wrong number of fields');
    getNextMillis(Date.now(), { pattern: cron, tz: 'UTC' });
  } catch (cause) {
    const message = `Task "${task}" has a schedule that cannot be read: "${cron}". Give a cron expression of five fields, such as "17 3 * * *" for 03:17 UTC each day.`;
    throw new AppError('TASK_INVALID', message, { cause });
  }
}

/** When a schedule runs next, milliseconds since 1970, by its name; those that are not registered are missing. */
export async function readNextRuns(
  queues: Queues,
  schedules: readonly Schedule[],
): Promise<Readonly<Record<string, number>>> {
  const entries = await Promise.all(
    schedules.map(async ({ name, queue }) => {
      const next = (await queues.get(queue).getJobScheduler(name))?.next;
      return next === undefined ? [] : [[name, Number(next)] as const];
    }),
  );
  return Object.fromEntries(entries.flat());
}

/** A schedule stops where Redis drops it, or the job of its next run, which makes the run after it. */
export async function hasLostNextRun(queues: Queues, { name, queue }: Schedule): Promise<boolean> {
  const next = (await queues.get(queue).getJobScheduler(name))?.next;
  return next === undefined || (await queues.get(queue).getJob(`repeat:${name}:${next}`))?.timestamp === undefined;
}

/** Safe to repeat. */
export async function registerSchedules(queues: Queues, schedules: readonly Schedule[]): Promise<void> {
  for (const { name, task, queue, everyMs, cron } of schedules) {
    await queues
      .get(queue)
      .upsertJobScheduler(name, everyMs === undefined ? { pattern: cron ?? '', tz: 'UTC' } : { every: everyMs }, {
        name: task,
        data: { schedule: name, v: jobDataVersion },
        // BullMQ finds by them that a slot has had its run: registering again would add it once more.
        opts: { removeOnComplete: { count: 20 }, removeOnFail: { count: 20 } },
      });
  }
}
