/** BullMQ's queues as services see them, in memory: counts, pauses and schedules. */
import type { Queues } from '../../src/core/queue/queues.ts';

export interface FakeQueue {
  readonly waiting?: number;
  readonly active?: number;
  readonly delayed?: number;
  paused?: boolean;
  /** Next run of each schedule, milliseconds since 1970. */
  readonly schedules?: Record<string, number>;
}

/** The objects given are changed by pauses and schedules, so that tests look at them. */
export function createFakeQueues(byName: Readonly<Record<string, FakeQueue>>): Queues {
  const get = (name: string) => {
    const queue = byName[name];
    if (queue === undefined) throw new Error(`no queue ${name}`);
    const schedules = queue.schedules ?? {};
    return {
      getJobCounts: async () => ({
        prioritized: queue.waiting ?? 0,
        active: queue.active ?? 0,
        delayed: (queue.delayed ?? 0) + Object.keys(schedules).length,
      }),
      getJobSchedulersCount: async () => Object.keys(schedules).length,
      isPaused: async () => queue.paused === true,
      pause: async () => {
        queue.paused = true;
      },
      resume: async () => {
        queue.paused = false;
      },
      getJobScheduler: async (schedule: string) =>
        schedules[schedule] === undefined ? undefined : { next: schedules[schedule] },
      removeJobScheduler: async (schedule: string) => delete schedules[schedule],
      upsertJobScheduler: async (schedule: string) => {
        schedules[schedule] = 1;
      },
    };
  };
  return {
    names: Object.keys(byName),
    get,
    add: async () => undefined,
    close: async () => undefined,
  } as unknown as Queues;
}
