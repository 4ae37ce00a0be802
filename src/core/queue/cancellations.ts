/**
 * How a cancellation reaches the worker that runs the job: a set of row ids in Redis, which each worker's 2 s beat reads. The
 * worker takes an id out when the job has stopped, and that is the answer. Losing the set undoes nothing: the row is closed.
 */
import type { Redis } from '../connections/redis.ts';
import { bullJobId, type Queues } from './queues.ts';

const requestsKey = 'vambe:cancellations';
/** Longer than a command waits for the answer; a request without an answer must not reach a later run of the job. */
const requestLifeSeconds = 30;

export async function requestCancellation(redis: Redis, rowIds: readonly string[]): Promise<void> {
  if (rowIds.length === 0) return;
  await redis
    .multi()
    .sadd(requestsKey, ...rowIds)
    .expire(requestsKey, requestLifeSeconds)
    .exec();
}

/** Row ids whose jobs are to stop, wherever they run. */
export async function readCancellations(redis: Redis): Promise<readonly string[]> {
  return redis.smembers(requestsKey);
}

/** Called by the worker when a job has stopped, and by the command that no longer waits. */
export async function endCancellation(redis: Redis, rowIds: readonly string[]): Promise<void> {
  if (rowIds.length > 0) await redis.srem(requestsKey, ...rowIds);
}

export interface QueuedJob {
  readonly rowId: string;
  readonly queue: string;
  readonly delivery: number;
}

/** Takes jobs out of their queues. `running`: a worker runs it, so it stays; a job that is in no queue counts as `removed`. */
export async function removeFromQueue(
  queues: Queues,
  jobs: readonly QueuedJob[],
): Promise<readonly ('removed' | 'running')[]> {
  return Promise.all(
    jobs.map(async (job) => {
      // The queue of a task that is not known here: its worker finds the row closed.
      if (!queues.names.includes(job.queue)) return 'removed';
      if (await isRunning(queues, job)) return 'running';
      // 0: a worker took it meanwhile.
      return (await queues.get(job.queue).remove(bullJobId(job))) === 0 ? 'running' : 'removed';
    }),
  );
}

/** Whether a worker runs the job now. */
export async function isRunning(queues: Queues, job: QueuedJob): Promise<boolean> {
  return (await queues.get(job.queue).getJobState(bullJobId(job))) === 'active';
}
