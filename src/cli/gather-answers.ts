/** Asks Redis who lives and, where a question is about jobs, PostgreSQL what their calls are. */
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { createDatabase } from '../core/database.ts';
import { type HeldJob, listHeld } from '../core/queue/holdings.ts';
import type { WorkerState } from '../core/queue/presence.ts';
import { createQueues } from '../core/queue/queues.ts';
import type { Redis } from '../core/redis.ts';
import { type JobCall, readJobCalls } from '../models/queries/jobs.ts';
import { type AnswerContext, answerOf, type HeldCall, type Question } from './inspect-answers.ts';
import { locateServers, lookAtRedis, readPresence } from './observe.ts';

const lookMs = 5_000;
/** Jobs shown of one queue. */
const mostJobs = 1_000;

/** By worker name; empty where no worker lives. @throws AppError REDIS_*, DATABASE_* */
export async function gatherAnswers(config: Config, question: Question): Promise<Record<string, unknown>> {
  const { redisUrl, postgresUrl } = await locateServers(config);
  if (redisUrl === null) return {};
  const { workers, held } = await lookAtRedis(redisUrl, lookMs, async (redis) => {
    const { alive } = await readPresence(redis);
    return { workers: alive, held: await listHeldBy(redis, alive, question) };
  });
  const taskIds = question === 'active' ? workers.flatMap(({ active }) => active.map(({ task_id }) => task_id)) : [];
  const calls = await readCalls(postgresUrl, { taskIds, rowIds: held.map(({ rowId }) => rowId) });
  const nowMs = systemClock.wallMs();
  const context = { nowMs, broker: brokerOf(redisUrl), running: new Map(calls.map((each) => [each.task_id, each])) };
  return Object.fromEntries(
    workers.map((worker) => [
      worker.worker,
      answerOf(question, { ...context, worker, ...jobsOf(worker, held, calls) }),
    ]),
  );
}

interface OwnedJob extends HeldJob {
  readonly state: 'delayed' | 'active';
  /** Name of the worker that the job is shown under. */
  readonly owner: string;
}

async function listHeldBy(redis: Redis, workers: readonly WorkerState[], question: Question): Promise<OwnedJob[]> {
  if (question !== 'scheduled' && question !== 'reserved') return [];
  const state: OwnedJob['state'] = question === 'scheduled' ? 'delayed' : 'active';
  const names = [...new Set(workers.flatMap((worker) => worker.queues))];
  const queues = createQueues({ connection: redis, names, clock: systemClock, maxRetries: 0, retryDelayMs: 0 });
  try {
    const lists = await Promise.all(
      names.map(async (name) => {
        const jobs = await listHeld(queues, { name, state, limit: mostJobs });
        // A delayed job belongs to its queue: it is shown once, under the first worker that takes from there.
        const first = workers.find((worker) => worker.queues.includes(name))?.worker ?? '';
        return jobs.map((job) => ({ ...job, state, owner: state === 'delayed' ? first : (job.worker ?? first) }));
      }),
    );
    return lists.flat();
  } finally {
    await queues.close();
  }
}

/** Held jobs of one worker; what it says to be running is not reserved any more. */
function jobsOf(
  worker: WorkerState,
  held: readonly OwnedJob[],
  calls: readonly JobCall[],
): Pick<AnswerContext, 'scheduled' | 'reserved'> {
  const byRow = new Map(calls.map((call) => [call.row_id, call]));
  const running = new Set(worker.active.map(({ task_id }) => task_id));
  const own = held
    .filter(({ owner }) => owner === worker.worker)
    .flatMap(({ rowId, dueMs, state }): (HeldCall & { state: OwnedJob['state'] })[] => {
      const call = byRow.get(rowId);
      return call === undefined || !call.is_open ? [] : [{ call, dueMs, state }];
    });
  return {
    scheduled: own.filter(({ state }) => state === 'delayed'),
    reserved: own.filter(({ state, call }) => state === 'active' && !running.has(call.task_id)),
  };
}

async function readCalls(
  url: string | null,
  ids: { taskIds: readonly string[]; rowIds: readonly string[] },
): Promise<readonly JobCall[]> {
  if (url === null || ids.taskIds.length + ids.rowIds.length === 0) return [];
  const database = createDatabase({ url, poolSize: 1, prepared: false, applicationName: 'vambe inspect' });
  try {
    const calls = await readJobCalls(database, ids);
    return calls.filter((call) => call.is_open);
  } finally {
    database.close().catch(() => undefined);
  }
}

function brokerOf(url: string): AnswerContext['broker'] {
  const { hostname, port, pathname, protocol } = new URL(url);
  return { hostname, port: Number(port || 6379), database: pathname.slice(1) || '0', isTls: protocol === 'rediss:' };
}
