/** Accepts requests: rows first, committed, then the queue. What the queue does not get now, the recovery sweep delivers. */
import { randomUUID } from 'node:crypto';
import { sqlState } from '../connections/database.ts';
import { AppError, messageOf } from '../errors.ts';
import type { JobLedger, JobRequest, OpenJob } from '../job-ledger.ts';
import type { Log } from '../log/logger.ts';
import { whyNotStorable } from '../storable.ts';
import type { TaskRegistry } from '../task.ts';
import type { Queues } from './queues.ts';

export interface EnqueueRequest {
  /** Task name or alias. */
  readonly task: string;
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** Unset: a new uuid. */
  readonly taskId?: string;
  readonly origin: string;
  /** BullMQ's, 0 to 20; unset: `priorities.normal`. */
  readonly priority?: number;
  /** ISO 8601; unset: at once. */
  readonly dueAt?: string | null;
}

export interface Accepted {
  readonly taskId: string;
  readonly rowId: string;
  /** False: this id was accepted before and is not done again. */
  readonly isNew: boolean;
}

export interface EnqueueReport {
  readonly accepted: readonly Accepted[];
  /** `database`: Redis did not take the jobs; they are accepted and wait for it. */
  readonly queued: 'redis' | 'database';
}

/** BullMQ priorities, lower first: what a person waits for goes before bulk work. */
export const priorities = { normal: 1, bulk: 20 } as const;

/** Rows in one insert and one addBulk. */
const rowsPerBlock = 1_000;

export interface Enqueuer {
  /** Any number of requests, in blocks. @throws AppError TASK_UNKNOWN, TASK_ARGUMENTS before anything is accepted; DATABASE_* */
  enqueue(requests: readonly EnqueueRequest[]): Promise<EnqueueReport>;
}

export function createEnqueuer(deps: {
  registry: TaskRegistry;
  ledger: JobLedger;
  queues: Queues;
  log: Log;
}): Enqueuer {
  const { registry, ledger, queues, log } = deps;
  return {
    async enqueue(requests) {
      const jobs = requests.map((request) => toJobRequest(registry, request));
      const accepted: Accepted[] = [];
      let queued: EnqueueReport['queued'] = 'redis';
      const add = async (fresh: readonly OpenJob[]): Promise<void> => {
        try {
          if (queued === 'redis') await queues.add(fresh);
        } catch (error) {
          queued = 'database';
          log.warn('queue.add_waits', {
            jobs: jobs.length - accepted.length + fresh.length,
            error: messageOf(error),
          });
        }
      };
      let adding = Promise.resolve();
      try {
        for (let at = 0; at < jobs.length; at += rowsPerBlock) {
          const block = jobs.slice(at, at + rowsPerBlock);
          // PostgreSQL takes this block while Redis takes the one before.
          const answers = await acceptBlock(ledger, block);
          await adding;
          accepted.push(...answers);
          adding = add(answers.flatMap((answer, index) => (answer.isNew ? [toOpenJob(answer, block[index])] : [])));
        }
      } finally {
        await adding;
      }
      return { accepted, queued };
    },
  };
}

/** Looks for the request at fault only when PostgreSQL has refused the block: what is sent is almost always fine. */
async function acceptBlock(ledger: JobLedger, block: readonly JobRequest[]): ReturnType<JobLedger['accept']> {
  try {
    return await ledger.accept(block);
  } catch (cause) {
    const state = sqlState(cause);
    if (cause instanceof AppError || !state?.startsWith('22')) throw cause;
    const bad = block.find((request) => whyNotStorable(request) !== undefined);
    throw new AppError(
      'TASK_ARGUMENTS',
      `${bad?.task ?? block[0]?.task}() got arguments that cannot be stored: ${whyNotStorable(bad) ?? `SQLSTATE ${state}`}. Nothing of its block was accepted.`,
      { cause },
    );
  }
}

function toJobRequest(registry: TaskRegistry, request: EnqueueRequest): JobRequest {
  const task = registry.find(request.task);
  const { parameters, subjectId } = task.bind(request.args ?? [], request.kwargs ?? {});
  return {
    taskId: request.taskId ?? randomUUID(),
    task: task.name,
    queue: task.queue,
    parameters,
    subjectId,
    origin: request.origin,
    priority: request.priority ?? priorities.normal,
    dueAt: request.dueAt ?? null,
  };
}

/** What the queue is given of a job that was accepted for this request. */
export function toOpenJob(
  { rowId, delivery }: { rowId: string; delivery: number },
  request: JobRequest | undefined,
): OpenJob {
  return {
    rowId,
    delivery,
    task: request?.task ?? '',
    queue: request?.queue ?? '',
    priority: request?.priority ?? 0,
    failedAttempts: request?.failedAttempts ?? 0,
    dueAt: request?.dueAt ?? null,
  };
}
