/** Processes that share a node name answer as one: each writes its part, and the first to claim a request joins and sends them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/clock.ts';
import type { Redis } from '../../core/connections/redis.ts';
import { type CommandAnswer, joinAnswers } from './control-commands.ts';

const partLifeMs = 10_000;
/** A caller waits for a second. The answer lacks a process that has not written its part after this time. */
const gatherMs = 600;
const lookEveryMs = 10;

export interface GatherOptions {
  readonly node: string;
  readonly pid: number;
  /** Shared by the processes of the node. */
  readonly redis: Redis;
  readonly clock: Clock;
}

/** The joined answer in the process that claimed the request `ticket`, undefined in the others. @throws what Redis says */
export async function gatherAnswer(
  { node, pid, redis, clock }: GatherOptions,
  ticket: string | null | undefined,
  own: CommandAnswer,
  processes: number,
): Promise<unknown> {
  const key = `vambe:control:${node}:${ticket}`;
  const partsKey = `${key}:parts`;
  await redis
    .multi()
    .rpush(partsKey, JSON.stringify({ value: own.value }))
    .pexpire(partsKey, partLifeMs)
    .exec();
  if ((await redis.set(`${key}:claim`, pid, 'PX', partLifeMs, 'NX')) !== 'OK') return undefined;
  const untilMs = clock.monotonicMs() + gatherMs;
  let parts = await redis.lrange(partsKey, 0, -1);
  while (parts.length < processes && clock.monotonicMs() < untilMs) {
    await sleep(lookEveryMs);
    parts = await redis.lrange(partsKey, 0, -1);
  }
  const values = parts.map((part) => (JSON.parse(part) as { value?: unknown }).value);
  return joinAnswers(
    own.join,
    values.filter((value) => value !== undefined),
  );
}
