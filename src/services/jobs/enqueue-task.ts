/** Enqueues one call of a task by its name, and waits for its end where that is wanted. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../core/connections/database.ts';
import { AppError } from '../../core/errors.ts';
import type { JobLedger } from '../../core/job-ledger.ts';
import { didYouMean } from '../../core/nearest-name.ts';
import type { Enqueuer } from '../../core/queue/enqueue.ts';
import type { TaskRegistry } from '../../core/task.ts';
import { type JobEnding, readJobState } from '../../models/queries/jobs.ts';

export interface EnqueueDeps {
  readonly registry: Pick<TaskRegistry, 'all' | 'find'>;
  readonly enqueuer: Enqueuer;
  readonly clock: Pick<Clock, 'wallMs'>;
}

export interface TaskCall {
  /** Name or alias of a task. */
  readonly name: string;
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** Unset: a new one. The same id sent twice is done once. */
  readonly taskId?: string;
  /** Start it no sooner than that. */
  readonly countdownSeconds?: number;
  /** Who asks: `cli`, `api`. */
  readonly origin: string;
}

export interface EnqueuedTask {
  readonly taskId: string;
  readonly task: string;
  /** False: this id was accepted before and is not done again. */
  readonly isNew: boolean;
  /** False: the job is accepted and Redis did not take it. */
  readonly isQueued: boolean;
}

/** @throws AppError TASK_UNKNOWN with the nearest name, TASK_ARGUMENTS, DATABASE_* */
export async function enqueueTask(
  { registry, enqueuer, clock }: EnqueueDeps,
  { name, countdownSeconds = 0, ...call }: TaskCall,
): Promise<EnqueuedTask> {
  const task = taskNamed(registry, name);
  const dueAt = countdownSeconds === 0 ? null : new Date(clock.wallMs() + countdownSeconds * 1_000).toISOString();
  const { accepted, queued } = await enqueuer.enqueue([{ ...call, task, dueAt }]);
  const [job] = accepted;
  if (!job) throw new AppError('BUG', 'One request was enqueued, and no job was accepted.');
  return { taskId: job.taskId, task, isNew: job.isNew, isQueued: queued === 'redis' };
}

function taskNamed(registry: EnqueueDeps['registry'], name: string): string {
  const names = registry.all.flatMap((task) => [task.name, ...task.aliases]);
  if (names.includes(name)) return registry.find(name).name;
  const known = registry.all.map((task) => task.name).join(', ');
  throw new AppError('TASK_UNKNOWN', `There is no task "${name}".${didYouMean(name, names)} Known: ${known}.`);
}

export interface EndedJob extends JobEnding {
  /** Of a completed job; null otherwise. */
  readonly result: unknown;
}

const lookEveryMs = 200;

/** Looks at the job until it has ended. @throws AbortError when `signal` is aborted, AppError DATABASE_* */
export async function waitForJob(
  { database, ledger }: { database: Database; ledger: Pick<JobLedger, 'resultOf'> },
  taskId: string,
  signal: AbortSignal,
): Promise<EndedJob> {
  for (;;) {
    const job = await readJobState(database, taskId);
    if (job && job.state !== 'queued' && job.state !== 'retrying')
      return { ...job, result: job.state === 'completed' ? ((await ledger.resultOf(taskId)) ?? null) : null };
    await sleep(lookEveryMs, undefined, { signal });
  }
}
