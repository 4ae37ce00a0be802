/** The BullMQ queues, and how a job row becomes a BullMQ job. */
import { type BulkJobOptions, Queue } from 'bullmq';
import type { Clock } from '../clock.ts';
import type { Redis } from '../connections/redis.ts';
import { withDeadline } from '../deadline.ts';
import { AppError } from '../errors.ts';
import type { OpenJob } from '../job-ledger.ts';

export const queuePrefix = 'vambe';

/** Raised when job data change their meaning; a worker snoozes jobs that are newer than it knows. */
export const jobDataVersion = 1;

/** Everything else is in the job row: Redis may be emptied at any moment. */
export interface JobData {
  /** Row id; absent in a job that a schedule made, whose row is inserted when it is taken. */
  readonly id?: string;
  /** Name of the schedule that made it. */
  readonly schedule?: string;
  /** It was started as the only suspect, and that run has not ended. */
  readonly runsSingle?: boolean;
  readonly v: number;
}

export interface QueueSettings {
  readonly connection: Redis;
  /** Queue names, those of the tasks. */
  readonly names: readonly string[];
  readonly clock: Clock;
  /** Attempts after the first. */
  readonly maxRetries: number;
  /** The same for a task that has a number of its own. */
  maxRetriesOf?(task: string): number | undefined;
}

export interface Queues {
  readonly names: readonly string[];
  /** @throws AppError BUG for a name that no task uses */
  get(name: string): Queue<JobData>;
  /**
   * Hands rows to their queues. A delivery that is there, or kept as failed, is not added again; one that was completed is, and its
   * row ends it at once. @throws AppError REDIS_UNREACHABLE after 5 s
   */
  add(rows: readonly OpenJob[]): Promise<void>;
  close(): Promise<void>;
}

/** BullMQ's own `add` never ends while Redis is away (measured), so it gets a deadline. */
const addTimeoutMs = 5_000;
const rowsPerAdd = 1_000;

export function createQueues({
  connection,
  names,
  clock,
  maxRetries,
  maxRetriesOf = () => undefined,
}: QueueSettings): Queues {
  const queues = new Map(names.map((name) => [name, new Queue<JobData>(name, { connection, prefix: queuePrefix })]));
  for (const queue of queues.values()) queue.on('error', () => undefined); // the connection reports its own state

  const get = (name: string) => {
    const queue = queues.get(name);
    if (!queue) throw new AppError('BUG', `No task uses the queue "${name}", known are ${names.join(', ')}.`);
    return queue;
  };

  return {
    names,
    get,
    async add(rows) {
      for (const [name, ofQueue] of groupByQueue(rows)) {
        const queue = get(name);
        for (let at = 0; at < ofQueue.length; at += rowsPerAdd) {
          const jobs = ofQueue
            .slice(at, at + rowsPerAdd)
            .map((row) => toBullJob(row, { nowMs: clock.wallMs(), maxRetries: maxRetriesOf(row.task) ?? maxRetries }));
          await withDeadline(queue.addBulk(jobs), addTimeoutMs, `adding ${jobs.length} jobs to the queue "${name}"`);
        }
      }
    },
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

/** `j<row id>-<delivery>`: BullMQ silently ignores an id that it still keeps, so each delivery has its own. */
export function bullJobId({ rowId, delivery }: Pick<OpenJob, 'rowId' | 'delivery'>): string {
  return `j${rowId}-${delivery}`;
}

/** Undefined for a job that a schedule made. */
export function readBullJobId(id: string): Pick<OpenJob, 'rowId' | 'delivery'> | undefined {
  const [, rowId, delivery] = /^j(\d+)-(\d+)$/.exec(id) ?? [];
  return rowId === undefined ? undefined : { rowId, delivery: Number(delivery) };
}

function toBullJob(
  row: OpenJob,
  { nowMs, maxRetries }: { nowMs: number; maxRetries: number },
): { name: string; data: JobData; opts: BulkJobOptions } {
  const delayMs = row.dueAt === null ? 0 : Math.max(0, Date.parse(row.dueAt) - nowMs);
  return {
    name: row.task,
    data: { id: row.rowId, v: jobDataVersion },
    opts: {
      jobId: bullJobId(row),
      attempts: Math.max(1, maxRetries + 1 - row.failedAttempts),
      // The delay is that of the worker whose attempt failed, which notes in the row when the next is due.
      backoff: { type: 'custom' },
      ...(row.priority > 0 ? { priority: row.priority } : {}),
      ...(delayMs > 0 ? { delay: delayMs } : {}),
    },
  };
}

export function groupByQueue<Row extends Pick<OpenJob, 'queue'>>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.queue);
    if (group) group.push(row);
    else groups.set(row.queue, [row]);
  }
  return groups;
}
