/**
 * Rate limits of tasks, which every worker obeys together. The only task of its queue is limited by BullMQ, which hands out no job
 * too early. Tasks that share a queue have slots, one every so often: a job that comes before its own waits among the queue's
 * delayed jobs, and those of other tasks go on.
 */

import type { Job } from 'bullmq';
import type { Redis } from '../connections/redis.ts';
import { withDeadline } from '../deadline.ts';
import { AppError } from '../errors.ts';
import type { TaskRegistry } from '../task.ts';
import type { JobData, Queues } from './queues.ts';

/** At most `max` starts in `durationMs`. */
export interface RateLimit {
  readonly max: number;
  readonly durationMs: number;
}

export interface TaskRates {
  /** null: as many as come, at once. Safe to call twice, and in every process. @throws AppError REDIS_UNREACHABLE after 5 s, TASK_UNKNOWN */
  limit(task: string, limit: RateLimit | null): Promise<void>;
  /** As text, `10/m`; null: none. @throws AppError REDIS_UNREACHABLE after 5 s, TASK_UNKNOWN */
  read(task: string): Promise<string | null>;
  /** Takes over what was set before this process started, or what an emptied Redis forgot. @throws AppError REDIS_UNREACHABLE after 5 s */
  refresh(): Promise<void>;
  /** Whether jobs of the task have slots; without a call of Redis. */
  hasSlots(task: string): boolean;
  /** How many milliseconds too early a job is, 0 where it may start; its slot is kept for it. @throws AppError REDIS_UNREACHABLE after 5 s */
  msToSlot(job: Pick<Job<JobData>, 'id' | 'name'>): Promise<number>;
  /** Jobs that wait for their slots, of all tasks. @throws AppError REDIS_UNREACHABLE after 5 s */
  countWaiting(): Promise<number>;
}

const answerWithinMs = 5_000;
/** A job that comes later than this after its slot takes another one. */
const slotLifeMs = 86_400_000;
const promotionsAtOnce = 500;
const limitsKey = 'vambe:rates';
const slotsKey = (task: string): string => `vambe:rate-slots:${task}`;
/** Beside the ids of the jobs that wait: the last slot that was given away. */
const lastSlot = 'last';

/** By the clock of Redis, which all workers share. */
const slotScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local slot = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or nil)
if not slot then
  local last = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[3]) or nil)
  slot = math.max(now, (last or 0) + ARGV[2])
  local text = string.format('%.3f', slot)
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[4])
  redis.call('ZADD', KEYS[1], text, ARGV[1], text, ARGV[3])
  redis.call('PEXPIRE', KEYS[1], math.ceil(slot - now + ARGV[4]))
end
if slot > now then return math.ceil(slot - now) end
redis.call('ZREM', KEYS[1], ARGV[1])
return 0`;

/** Only the first process changes anything: the slots that a second one would remove are new ones. */
const limitScript = `
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') == ARGV[2] then return {} end
if ARGV[2] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
local waiting = redis.call('ZRANGE', KEYS[2], 0, -1)
redis.call('DEL', KEYS[2])
return waiting`;

export function createTaskRates({
  redis,
  queues,
  registry,
}: {
  readonly redis: Redis;
  readonly queues: Queues;
  readonly registry: TaskRegistry;
}): TaskRates {
  let limits: ReadonlyMap<string, RateLimit> = new Map();

  /** Slots are given in order of arrival, so a queue of thousands would be handed out and snoozed job by job. */
  const isOnlyTaskOfQueue = (queue: string) => registry.all.filter((task) => task.queue === queue).length === 1;

  const limitSlots = async (task: string, queue: string, limit: RateLimit | null): Promise<void> => {
    const text = limit === null ? '' : JSON.stringify(limit);
    const waiting = (await redis.eval(limitScript, 2, limitsKey, slotsKey(task), task, text)) as string[];
    limits = new Map([...limits].filter(([name]) => name !== task).concat(limit === null ? [] : [[task, limit]]));
    for (let at = 0; at < waiting.length; at += promotionsAtOnce) {
      await Promise.all(waiting.slice(at, at + promotionsAtOnce).map((id) => promote(queues, queue, id)));
    }
  };

  return {
    async limit(name, limit) {
      const { name: task, queue } = registry.find(name);
      const change = isOnlyTaskOfQueue(queue) ? limitQueue(queues, queue, limit) : limitSlots(task, queue, limit);
      await withDeadline(change, answerWithinMs, `the rate of "${task}" was limited`);
    },
    async read(name) {
      const { name: task, queue } = registry.find(name);
      if (!isOnlyTaskOfQueue(queue)) return rateText(limits.get(task) ?? null);
      return rateText(await withDeadline(readQueue(queues, queue), answerWithinMs, 'a rate limit was read'));
    },
    async refresh() {
      const found = await withDeadline(redis.hgetall(limitsKey), answerWithinMs, 'rate limits were read');
      limits = new Map(Object.entries(found).flatMap(([task, text]) => readLimit(task, text)));
    },
    hasSlots: (task) => limits.has(task),
    async msToSlot({ id = '', name }) {
      const limit = limits.get(name);
      if (!limit) return 0;
      const everyMs = limit.durationMs / limit.max;
      const slot = redis.eval(slotScript, 1, slotsKey(name), id, everyMs, lastSlot, slotLifeMs).catch((cause) => {
        throw new AppError('REDIS_UNREACHABLE', `Redis gave no slot to a job of "${name}"; it is asked again.`, {
          cause,
        });
      });
      return Number(await withDeadline(slot, answerWithinMs, `a slot was taken for a job of "${name}"`));
    },
    async countWaiting() {
      if (limits.size === 0) return 0;
      const counting = Promise.all([...limits.keys()].map((task) => redis.zcard(slotsKey(task))));
      const counts = await withDeadline(counting, answerWithinMs, 'jobs that wait for slots were counted');
      return counts.reduce((sum, count) => sum + Math.max(0, count - 1), 0);
    },
  };
}

async function limitQueue(queues: Queues, name: string, limit: RateLimit | null): Promise<void> {
  const queue = queues.get(name);
  if (limit) return void (await queue.setGlobalRateLimit(limit.max, limit.durationMs));
  await queue.removeGlobalRateLimit();
  // Else jobs that wait for the old limit would wait until its time is over.
  await queue.removeRateLimitKey();
}

async function readQueue(queues: Queues, name: string): Promise<RateLimit | null> {
  const limit = await queues.get(name).getGlobalRateLimit();
  return limit ? { max: limit.max, durationMs: limit.duration } : null;
}

/** Runs when a slot is free again. One that was cancelled meanwhile is gone, one that a worker has comes by itself. */
async function promote(queues: Queues, queue: string, id: string): Promise<void> {
  if (id === lastSlot) return;
  const job = await queues.get(queue).getJob(id);
  await job?.promote().catch(() => undefined);
}

function readLimit(task: string, text: string): readonly (readonly [string, RateLimit])[] {
  try {
    const { max, durationMs }: Partial<RateLimit> = JSON.parse(text);
    return Number(max) > 0 && Number(durationMs) > 0
      ? [[task, { max: Number(max), durationMs: Number(durationMs) }]]
      : [];
  } catch {
    return [];
  }
}

function rateText(limit: RateLimit | null): string | null {
  if (!limit) return null;
  const { max, durationMs } = limit;
  const unit = Object.entries({ s: 1_000, m: 60_000, h: 3_600_000 }).find(([, ms]) => ms === durationMs);
  if (unit) return `${max}/${unit[0]}`;
  return `${Number(((max * 60_000) / durationMs).toPrecision(6))}/m`;
}
