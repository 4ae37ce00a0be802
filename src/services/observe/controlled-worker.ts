/** A worker process as remote control sees it: what it holds, and the changes it takes. */
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../core/connections/database.ts';
import type { Redis } from '../../core/connections/redis.ts';
import type { TakenJob } from '../../core/job-ledger.ts';
import type { Lifecycle } from '../../core/lifecycle.ts';
import type { Log } from '../../core/log/logger.ts';
import type { ControlledWorker, ShownJob } from '../../core/process/controlled-worker.ts';
import type { Consumer } from '../../core/queue/consumer.ts';
import { priorities } from '../../core/queue/enqueue.ts';
import { listWorkers, type WorkerState } from '../../core/queue/presence.ts';
import { listQueuedJobs, type QueuedEntry, type QueuedState } from '../../core/queue/queue-counts.ts';
import type { Queues } from '../../core/queue/queues.ts';
import type { TaskRates } from '../../core/queue/rate-limits.ts';
import type { RuntimeOverrides } from '../../core/runtime-overrides.ts';
import type { Task, TaskRegistry } from '../../core/task.ts';
import { type JobCall, readJobCalls } from '../../models/queries/jobs.ts';
import { closeTerminatedJobs, revokeWaitingJobs } from '../jobs/revoke-jobs.ts';

/** Jobs shown of one queue. */
const mostShown = 1_000;

export interface ControlledWorkerOptions {
  readonly name: string;
  readonly queueNames: readonly string[];
  readonly registry: TaskRegistry;
  readonly consumer: Pick<Consumer, 'running' | 'counts' | 'cancel'>;
  readonly overrides: RuntimeOverrides;
  readonly queues: Queues;
  readonly rates: Pick<TaskRates, 'limit' | 'read'>;
  readonly database: Database;
  readonly redis: Redis;
  readonly lifecycle: Pick<Lifecycle, 'tell'>;
  readonly maxRetries: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly clock: Clock;
  readonly log: Log;
  shutDown(): void;
}

type QueryNames = 'revokedIds' | 'tasks' | 'lists' | 'started' | 'concurrency' | 'settings';
type ChangeNames = Exclude<keyof ControlledWorker, QueryNames | 'active' | 'reserved' | 'scheduled'>;

export function createControlledWorker(options: ControlledWorkerOptions): ControlledWorker {
  return { ...createQueuedJobLists(options), ...createQueries(options), ...createChanges(options) };
}

/** The jobs that this worker shows: running, taken and scheduled. */
function createQueuedJobLists(
  options: ControlledWorkerOptions,
): Pick<ControlledWorker, 'active' | 'reserved' | 'scheduled'> {
  const { name, consumer, queues, database, redis, clock } = options;
  const running = () => consumer.running();

  /** Jobs in BullMQ's hands of every queue that this worker takes from. */
  const held = async (state: QueuedState, isMine: (job: QueuedEntry, queue: string) => boolean) => {
    const lists = await Promise.all(
      options.queueNames.map(async (queue) =>
        (await listQueuedJobs(queues, { name: queue, state, limit: mostShown })).filter((job) => isMine(job, queue)),
      ),
    );
    const jobs = lists.flat();
    const calls = await readJobCalls(database, { taskIds: [], rowIds: jobs.map(({ rowId }) => rowId) });
    const byRow = new Map(calls.filter(({ is_open }) => is_open).map((call) => [call.row_id, call]));
    return jobs.flatMap(({ rowId, dueMs }) => {
      const call = byRow.get(rowId);
      return call ? [{ call, dueMs }] : [];
    });
  };

  return {
    active: async () => running().map(({ job, startedWallMs }) => shownTaken(job, startedWallMs)),
    async reserved() {
      const workers = await listWorkers(redis, clock);
      const active = new Set([
        ...running().map(({ job }) => job.taskId),
        ...workers.flatMap((worker) => worker.active.map(({ task_id }) => task_id)),
      ]);
      const [taken, waiting] = await Promise.all([
        held('active', ({ worker }) => worker === name),
        held('prioritized', (_job, queue) => isShownBy(name, workers, queue)),
      ]);
      // What waits here and came from a list is in no list any more: nothing else would show it. `vambe jobs` shows bulk work.
      const jobs = [...taken, ...waiting.filter(({ call }) => call.terms !== null)];
      return jobs.filter(({ call }) => !active.has(call.task_id)).map(({ call }) => shownCall(call, null));
    },
    async scheduled() {
      const workers = await listWorkers(redis, clock);
      const jobs = await held('delayed', (_job, queue) => isShownBy(name, workers, queue));
      return jobs.map(({ call, dueMs }) => shownCall(call, dueMs));
    },
  };
}

function createQueries(options: ControlledWorkerOptions): Pick<ControlledWorker, QueryNames> {
  const { registry, consumer, overrides, rates } = options;
  return {
    revokedIds: () => overrides.revokedIds(),
    tasks: async () =>
      Promise.all(
        registry.all.map(async (task) => ({
          name: task.name,
          aliases: task.aliases,
          maxRetries: task.maxRetries ?? options.maxRetries,
          rateLimit: await rates.read(task.name),
        })),
      ),
    lists: () => overrides.lists(),
    started() {
      const counts: Record<string, number> = { ...consumer.counts() };
      for (const { job } of consumer.running()) counts[job.task] = (counts[job.task] ?? 0) + 1;
      return counts;
    },
    concurrency: () => overrides.concurrency(),
    settings: () => options.settings,
  };
}

function createChanges(options: ControlledWorkerOptions): Pick<ControlledWorker, ChangeNames> {
  const { registry, consumer, overrides, rates, log } = options;
  const taskNamed = (task: string): Task | undefined =>
    registry.all.find(({ name, aliases }) => name === task || aliases.includes(task));

  return {
    async revoke(taskIds, { terminates }) {
      overrides.revoke(taskIds);
      const here = terminates ? consumer.running().filter(({ job }) => taskIds.includes(job.taskId)) : [];
      const stopped = here.map(({ job }) => job.taskId);
      log.info('celery.setting_changed', { what: 'revoke', ids: taskIds.length, terminated: stopped.length });
      if (stopped.length > 0) await closeTerminatedJobs(options, stopped);
      for (const { job } of here) void consumer.cancel(job.rowId);
      const rest = taskIds.filter((id) => !stopped.includes(id));
      return [...stopped, ...(await revokeWaitingJobs(options, rest))];
    },
    mergeRevoked(taskIds) {
      const known = new Set(overrides.revokedIds());
      overrides.revoke(taskIds.filter((id) => !known.has(id)));
    },
    async limitRate(task, limit) {
      const found = taskNamed(task);
      if (!found) return false;
      await rates.limit(found.name, limit);
      log.info('celery.setting_changed', { what: 'rate_limit', task: found.name, limit: limit?.text ?? 'none' });
      return true;
    },
    limitTime(task, { softSeconds, hardSeconds }) {
      const found = taskNamed(task);
      if (!found) return false;
      const ms = (seconds: number | null) => (seconds === null ? null : seconds * 1_000);
      overrides.setTimeLimits(found.name, { softMs: ms(softSeconds), hardMs: ms(hardSeconds) });
      log.info('celery.setting_changed', {
        what: 'time_limit',
        task: found.name,
        soft_s: softSeconds,
        hard_s: hardSeconds,
      });
      return true;
    },
    addList(list) {
      if (overrides.addList(list)) log.info('celery.setting_changed', { what: 'add_consumer', list });
    },
    cancelList(list) {
      if (overrides.removeList(list)) log.info('celery.setting_changed', { what: 'cancel_consumer', list });
    },
    changeConcurrency(by) {
      overrides.setConcurrency(overrides.concurrency() + by);
      log.info('celery.setting_changed', { what: 'pool', concurrency: overrides.concurrency() });
    },
    shutDown() {
      log.warn('celery.shutdown', { next: 'stopping as after SIGTERM, on request of remote control' });
      options.shutDown();
    },
  };
}

/** A job that no worker has belongs to its queue: it is shown once, by the first worker that takes from there. */
function isShownBy(name: string, workers: readonly WorkerState[], queue: string): boolean {
  return (workers.find(({ queues }) => queues.includes(queue))?.worker ?? name) === name;
}

function shownTaken({ taskId, task, queue, parameters, terms }: TakenJob, startedMs: number): ShownJob {
  return { taskId, task, queue, parameters, priority: priorities.normal, terms, startedMs, dueMs: null };
}

function shownCall(call: JobCall, dueMs: number | null): ShownJob {
  const { task_id: taskId, task, queue, parameters, priority, terms, due_at: dueAt } = call;
  // BullMQ counts from when it was told, a few milliseconds later.
  const askedMs = dueMs === null || dueAt === null ? dueMs : Date.parse(dueAt);
  return { taskId, task, queue, parameters, priority, terms, startedMs: null, dueMs: askedMs };
}
