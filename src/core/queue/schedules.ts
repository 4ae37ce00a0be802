/** Schedules, kept by BullMQ's job schedulers. Registered at start and again when Redis came back empty. */
import { jobDataVersion, type Queues } from './queues.ts';

export interface Schedule {
  readonly name: string;
  readonly task: string;
  readonly queue: string;
  /** Exactly one of the two: an interval, or cron (UTC). */
  readonly everyMs?: number;
  readonly cron?: string;
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
