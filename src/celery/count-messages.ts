/** How many task messages wait in Celery lists, of every priority. */
import type { Redis } from '../core/redis.ts';
import { listKey, prioritySteps } from './message.ts';

/** Takes nothing. @throws what Redis says */
export async function countMessages(broker: Redis, lists: readonly string[]): Promise<number> {
  const keys = lists.flatMap((list) => prioritySteps.map((step) => listKey(list, step)));
  const lengths = await Promise.all(keys.map((key) => broker.llen(key)));
  return lengths.reduce((sum, length) => sum + length, 0);
}
