/** Cancels jobs: the row first, then the queue, then the worker that runs it, and documents for clients that wait for the result. */
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../core/connections/database.ts';
import type { Redis } from '../../core/connections/redis.ts';
import { withDeadline } from '../../core/deadline.ts';
import type { Lifecycle } from '../../core/lifecycle.ts';
import {
  endCancellation,
  isRunning,
  type QueuedJob,
  readCancellations,
  removeFromQueue,
  requestCancellation,
} from '../../core/queue/cancellations.ts';
import { listWorkers } from '../../core/queue/presence.ts';
import type { Queues } from '../../core/queue/queues.ts';
import { cancelOpenJobs } from '../../models/queries/operations.ts';
import { findRetryCandidates } from '../../models/queries/retry-jobs.ts';
import { forEachSelectedPage, type SelectedJobs } from './select-jobs.ts';

/**
 * `stopped`: it ran, and its worker has let go of it · `not-running`: it waited and never starts · `already-finished`: nothing
 * was changed · `worker-silent`: the row is closed, so nothing will be saved, but its worker has not answered.
 */
export type CancelAnswer = 'stopped' | 'already-finished' | 'not-running' | 'worker-silent' | 'unknown';

export interface CancelDeps {
  readonly database: Database;
  readonly queues: Queues;
  readonly redis: Redis;
  readonly lifecycle: Pick<Lifecycle, 'tell'>;
  readonly clock: Clock;
}

export interface CancelRequest {
  readonly taskIds: readonly string[];
  readonly actor: string;
  readonly reason: string | null;
}

export interface Cancelled {
  readonly task_id: string;
  readonly answer: CancelAnswer;
}

/** An answer is promised within 5 s (two beats of a worker); a part of it goes to what happens before and after. */
const answerWithinMs = 4_700;
const lookEveryMs = 100;

/** One answer for each id, in order; safe to call twice. @throws AppError DATABASE_* before anything was cancelled */
export async function cancelJobs(deps: CancelDeps, request: CancelRequest): Promise<readonly Cancelled[]> {
  const untilMs = deps.clock.monotonicMs() + answerWithinMs;
  const ended = await cancelOpenJobs(deps.database, request);
  const jobs = ended.map(({ row_id, task_id, queue, delivery }) => ({
    rowId: row_id,
    taskId: task_id,
    queue,
    delivery,
  }));
  const answers = new Map<string, CancelAnswer>();
  // The rows are closed: where Redis does not answer, workers find that out for themselves.
  const tellRedis = async () => {
    for (const { taskId, answer } of await stopJobs(deps, jobs, untilMs)) answers.set(taskId, answer);
  };
  const publish = () =>
    Promise.all(
      ended.map(({ task_id, parameters, meeting_id }) =>
        deps.lifecycle.tell({
          kind: 'cancelled',
          job: { taskId: task_id, parameters, subjectId: meeting_id },
          reason: 'revoked',
        }),
      ),
    );
  await withDeadline(Promise.all([tellRedis(), publish()]), answerWithinMs + 200, 'jobs were cancelled').catch(
    () => undefined,
  );
  const rest = request.taskIds.filter((id) => !jobs.some(({ taskId }) => taskId === id));
  const known = new Set((await findRetryCandidates(deps.database, rest)).map(({ task_id }) => task_id));
  return request.taskIds.map((task_id) => {
    if (rest.includes(task_id)) return { task_id, answer: known.has(task_id) ? 'already-finished' : 'unknown' };
    return { task_id, answer: answers.get(task_id) ?? 'worker-silent' };
  });
}

interface StoppingJob extends QueuedJob {
  readonly taskId: string;
}

/** Cancels counted jobs page by page; how many got each answer. @throws as `cancelJobs` */
export async function cancelSelected(
  deps: CancelDeps,
  { selected, ...change }: { selected: SelectedJobs; actor: string; reason: string | null },
): Promise<Partial<Record<CancelAnswer, number>>> {
  return forEachSelectedPage(deps.database, selected, (page) =>
    cancelJobs(deps, { taskIds: page.map(({ task_id }) => task_id), ...change }),
  );
}

async function stopJobs(
  deps: CancelDeps,
  jobs: readonly StoppingJob[],
  untilMs: number,
): Promise<readonly { taskId: string; answer: CancelAnswer }[]> {
  if (jobs.length === 0) return [];
  const { redis, queues, clock } = deps;
  const found = await removeFromQueue(queues, jobs);
  // A scheduled run is held under the schedule's name, not under its row's: only its worker tells.
  const active = new Set(
    (await listWorkers(redis, clock)).flatMap((worker) => worker.active.map(({ task_id }) => task_id)),
  );
  const held = new Set(jobs.filter((_job, index) => found[index] === 'running'));
  const running = jobs.filter((job) => held.has(job) || active.has(job.taskId));
  await requestCancellation(
    redis,
    running.map(({ rowId }) => rowId),
  );
  const silent = await waitForStops(deps, running, { held, untilMs });
  await endCancellation(
    redis,
    silent.map(({ rowId }) => rowId),
  );
  return jobs.map((job) => {
    if (!running.includes(job)) return { taskId: job.taskId, answer: 'not-running' };
    return { taskId: job.taskId, answer: silent.includes(job) ? 'worker-silent' : 'stopped' };
  });
}

/** Those that still run at the end of the time. */
async function waitForStops(
  { redis, queues, clock }: CancelDeps,
  running: readonly StoppingJob[],
  { held, untilMs }: { held: ReadonlySet<StoppingJob>; untilMs: number },
): Promise<readonly StoppingJob[]> {
  let left = running;
  for (;;) {
    const asked = new Set(await readCancellations(redis));
    const stillHeld = await Promise.all(left.map(async (job) => !held.has(job) || (await isRunning(queues, job))));
    left = left.filter(({ rowId }, index) => asked.has(rowId) && stillHeld[index]);
    if (left.length === 0 || clock.monotonicMs() >= untilMs) return left;
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}
