/** Counts the task messages that wait in Celery lists, of every priority. */
import type { Redis } from '../../core/connections/redis.ts';
import { listKey, prioritySteps } from '../protocol/list-key.ts';

/** By list, without the empty ones. Takes nothing. @throws what Redis says */
export async function countMessages(
  broker: Redis,
  lists: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  const counts = await Promise.all(lists.map(async (list) => [list, await countList(broker, list)] as const));
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

async function countList(broker: Redis, list: string): Promise<number> {
  const lengths = await Promise.all(prioritySteps.map((step) => broker.llen(listKey(list, step))));
  return lengths.reduce((sum, length) => sum + length, 0);
}
