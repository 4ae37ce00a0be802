/** The copy of a meeting's result that clients of the existing API read in Redis for a day. */
import type { Redis } from '../../core/connections/redis.ts';
import { resultKey } from '../classification/classify-meeting.ts';

/** Replaces a copy that is there and keeps its time to live; makes none. @throws what Redis says */
export async function replaceResultCopy(redis: Redis, meetingId: number, json: string): Promise<void> {
  await redis.set(resultKey(meetingId), json, 'KEEPTTL', 'XX');
}
