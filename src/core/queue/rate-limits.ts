/** Rate limits of queues, which BullMQ keeps and every worker of the queue obeys together. */
import { type Queues, withDeadline } from './queues.ts';

const answerWithinMs = 5_000;

/** At most `max` starts in `durationMs` over all workers; null: as many as come. Safe to call twice. @throws AppError REDIS_UNREACHABLE */
export async function limitQueueRate(
  queues: Queues,
  name: string,
  limit: { max: number; durationMs: number } | null,
): Promise<void> {
  const queue = queues.get(name);
  const change = async () => {
    if (limit) return void (await queue.setGlobalRateLimit(limit.max, limit.durationMs));
    await queue.removeGlobalRateLimit();
    // Else whoever waits for the old limit waits until its time is over.
    await queue.removeRateLimitKey();
  };
  await withDeadline(change(), answerWithinMs, `the rate of the queue "${name}" was limited`);
}

/** In Celery's words, `10/m`; null: none. */
export async function readQueueRate(queues: Queues, name: string): Promise<string | null> {
  const limit = await withDeadline(queues.get(name).getGlobalRateLimit(), answerWithinMs, 'a rate limit was read');
  if (!limit) return null;
  const unit = Object.entries({ s: 1_000, m: 60_000, h: 3_600_000 }).find(([, ms]) => ms === limit.duration);
  if (unit) return `${limit.max}/${unit[0]}`;
  return `${Number(((limit.max * 60_000) / limit.duration).toPrecision(6))}/m`;
}
