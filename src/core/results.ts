/**
 * Where clients read what became of a task: `celery-task-meta-<id>`, `task_status:<id>` and a task's own cache keys.
 * Documents and their lives are those of Celery 5's Redis result backend and of the existing API, byte for byte in meaning.
 * Written after the commit that they speak of; losing them undoes nothing, as readers fall back to the database.
 */

import { createBatcher } from './batcher.ts';
import type { Clock } from './clock.ts';
import type { AppError, ErrorCode } from './errors.ts';
import type { TakenJob } from './job-ledger.ts';
import type { Log } from './logger.ts';
import type { CacheEntry } from './outcome.ts';
import type { Redis } from './redis.ts';
import type { ProgressStep } from './task.ts';

/** Lives of existing keys: results and task states one hour. */
const resultLifeSeconds = 3_600;

export interface ResultBackend {
  started(job: TakenJob): Promise<void>;
  progress(job: TakenJob, step: ProgressStep): Promise<void>;
  retrying(job: TakenJob, error: AppError): Promise<void>;
  /** Resolves when the documents are in Redis; waits while Redis is away, until `stop`. */
  succeeded(job: TakenJob, result: unknown, cache: readonly CacheEntry[]): Promise<void>;
  failed(job: TakenJob, error: AppError, cache: readonly CacheEntry[]): Promise<void>;
  revoked(job: Pick<TakenJob, 'taskId' | 'parameters' | 'meetingId'>): Promise<void>;
  /** Gives up what cannot be written; pending calls resolve. */
  stop(): void;
}

type Write = readonly [mode: 'state' | 'final' | 'set' | 'delete', key: string, lifeSeconds: number, json: string];

/**
 * Celery's own rule, made atomic: a stored SUCCESS is never overwritten. Final states are published on a channel named
 * as the key, as AsyncResult.get() waits there; other states are not, as celery-ts takes the first message for the result.
 */
const writeScript = `
for i = 1, #KEYS do
  local base = (i - 1) * 3
  local mode, life, json = ARGV[base + 1], ARGV[base + 2], ARGV[base + 3]
  if mode == 'delete' then
    redis.call('DEL', KEYS[i])
  elseif mode == 'set' then
    redis.call('SETEX', KEYS[i], life, json)
  else
    -- pcall: somebody's key of another type is replaced; an error would hold up every job of the batch
    local stored = redis.pcall('GET', KEYS[i])
    if not (type(stored) == 'string' and string.find(stored, '^{"status": ?"SUCCESS"')) then
      redis.call('SETEX', KEYS[i], life, json)
      if mode == 'final' then redis.call('PUBLISH', KEYS[i], json) end
    end
  end
end
return #KEYS`;

/** Writes in one script call are bounded, so that Redis is never busy with one for long. */
const maxWritesABatch = 300;

export interface ResultBackendOptions {
  /** Holds `celery-task-meta-*` (CELERY_RESULT_BACKEND). */
  readonly backend: Redis;
  /** Holds the API's keys (REDIS_URL); the same connection in most installations. */
  readonly cache: Redis;
  readonly worker: string;
  readonly clock: Clock;
  readonly log: Log;
}

export function createResultBackend({ backend, cache, worker, clock, log }: ResultBackendOptions): ResultBackend {
  let isStopped = false;
  const writerOf = (redis: Redis) => {
    const batcher = createBatcher<readonly Write[], void>({
      maxItems: maxWritesABatch / 3,
      async execute(items) {
        await writeAll(redis, items.flat(), () => isStopped, log);
        return items.map(() => undefined);
      },
    });
    return (writes: readonly Write[]) => batcher.add(writes);
  };
  const toCache = writerOf(cache);
  const toBackend = backend === cache ? toCache : writerOf(backend);

  const put = async (meta: readonly Write[], rest: readonly Write[]) => {
    if (toBackend === toCache) await toCache([...rest, ...meta]);
    else await Promise.all([toCache(rest), toBackend(meta)]);
  };
  const now = () => isoMicroseconds(clock.wallMs());
  const startedResult = JSON.stringify({ pid: process.pid, hostname: worker });

  return {
    async started(job) {
      await put(
        [meta('state', job.taskId, 'STARTED', startedResult, null)],
        [status(job, 'processing', '"message":"started"', now())],
      );
    },
    async progress(job, { current, total, stage, message }) {
      const step = JSON.stringify({
        current,
        total,
        percent: Math.round((100 * current) / total),
        stage,
        message,
        meeting_id: job.meetingId,
      });
      await put(
        [meta('state', job.taskId, 'PROGRESS', step, null)],
        [status(job, 'processing', `"message":${JSON.stringify(message)}`, now())],
      );
    },
    async retrying(job, error) {
      await put(
        [meta('state', job.taskId, 'RETRY', exceptionJson(error), null, tracebackOf(error))],
        [
          status(
            job,
            'processing',
            `"message":${JSON.stringify(`waiting for another attempt (${error.code})`)}`,
            now(),
          ),
        ],
      );
    },
    async succeeded(job, result, entries) {
      const json = JSON.stringify(result) ?? 'null';
      await put(
        [meta('final', job.taskId, 'SUCCESS', json, now())],
        [...entries.map(cacheWrite), status(job, 'completed', `"result":${json}`, now())],
      );
    },
    async failed(job, error, entries) {
      await put(
        [meta('final', job.taskId, 'FAILURE', exceptionJson(error), now(), tracebackOf(error))],
        [...entries.map(cacheWrite), status(job, 'failed', `"error":${JSON.stringify(error.message)}`, now())],
      );
    },
    async revoked(job) {
      const result = '{"exc_type":"TaskRevokedError","exc_message":["revoked"],"exc_module":"celery.exceptions"}';
      await put(
        [meta('final', job.taskId, 'REVOKED', result, now())],
        [status(job, 'failed', '"error":"cancelled"', now())],
      );
    },
    stop() {
      isStopped = true;
    },
  };
}

/** Tries until Redis takes the writes: the job that waits for them holds its slot, so what waits here is bounded. */
async function writeAll(redis: Redis, writes: readonly Write[], isStopped: () => boolean, log: Log): Promise<void> {
  if (writes.length === 0) return;
  const keys = writes.map(([, key]) => key);
  const args = writes.flatMap(([mode, , lifeSeconds, json]) => [mode, lifeSeconds, json]);
  for (let failures = 0; !isStopped(); failures++) {
    try {
      await redis.eval(writeScript, keys.length, ...keys, ...args);
      return;
    } catch (error) {
      if (failures === 0)
        log.warn('redis.results_wait', {
          error: error instanceof Error ? error.message.slice(0, 200) : 'unknown',
          writes: writes.length,
        });
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

function meta(
  mode: 'state' | 'final',
  taskId: string,
  state: string,
  resultJson: string,
  dateDone: string | null,
  traceback: string | null = null,
): Write {
  const json = `{"status":"${state}","result":${resultJson},"traceback":${JSON.stringify(traceback)},"children":[],"date_done":${JSON.stringify(dateDone)},"task_id":${JSON.stringify(taskId)}}`;
  return [mode, `celery-task-meta-${taskId}`, resultLifeSeconds, json];
}

/** The API polls under the id it made itself and passed as api_task_id; other producers' tasks under the task's own id. */
function status(
  job: Pick<TakenJob, 'taskId' | 'parameters' | 'meetingId'>,
  state: string,
  extra: string,
  timestamp: string,
): Write {
  const apiTaskId = job.parameters.api_task_id;
  const id = typeof apiTaskId === 'string' && apiTaskId !== '' ? apiTaskId : job.taskId;
  return [
    'set',
    `task_status:${id}`,
    resultLifeSeconds,
    `{"status":"${state}","meeting_id":${job.meetingId},${extra},"timestamp":"${timestamp}"}`,
  ];
}

function cacheWrite({ key, json, lifeSeconds }: CacheEntry): Write {
  return json === null ? ['delete', key, 0, ''] : ['set', key, lifeSeconds, json];
}

/** Codes whose Python exception has a name that clients know; any other is named after its code. */
const pythonExceptions: Partial<Record<ErrorCode, readonly [type: string, module: string]>> = {
  TASK_ARGUMENTS: ['TypeError', 'builtins'],
  TASK_UNKNOWN: ['NotRegistered', 'celery.exceptions'],
  TASK_TIMEOUT: ['SoftTimeLimitExceeded', 'billiard.exceptions'],
  JOB_POISONED: ['WorkerLostError', 'billiard.exceptions'],
};

/** Celery's exception object; Python raises it again by type and module, made on the fly where it does not know them. */
function exceptionJson(error: AppError): string {
  const [type, module] = pythonExceptions[error.code] ?? [pascalCase(error.code), 'vambe_worker.errors'];
  const message =
    error.code === 'TASK_UNKNOWN' && typeof error.details.name === 'string' ? error.details.name : error.message;
  return JSON.stringify({
    exc_type: type,
    exc_message: error.code === 'TASK_TIMEOUT' ? [] : [message],
    exc_module: module,
  });
}

function tracebackOf(error: AppError): string {
  const [type] = pythonExceptions[error.code] ?? [pascalCase(error.code)];
  return `${type}: ${error.message} [${error.code}]\n`;
}

function pascalCase(code: string): string {
  return code.toLowerCase().replace(/(^|_)([a-z])/g, (_match, _gap, letter: string) => letter.toUpperCase());
}

/** As Celery 5.6 writes it; 5.2 reads it too. */
function isoMicroseconds(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('Z', '000+00:00');
}
