/**
 * Where clients read what became of a task: `celery-task-meta-<id>`, `task_status:<id>` and a task's own cache keys.
 * Documents and their lives are those of Celery 5's Redis result backend and of the existing API, byte for byte in meaning.
 * Written after the commit that they speak of; losing them undoes nothing, as readers fall back to the database.
 */

import { createBatcher } from './batcher.ts';
import type { Clock } from './clock.ts';
import type { AppError, ErrorCode } from './errors.ts';
import type { CallTerms, TakenJob } from './job-ledger.ts';
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
  /** Its queue waits; the attempt does not count. */
  waiting(job: TakenJob, error: AppError): Promise<void>;
  /** Resolves when the documents are in Redis; waits while Redis is away, until `stop`. `children`: of what it sent on. */
  succeeded(job: TakenJob, result: unknown, cache: readonly CacheEntry[], children?: readonly unknown[]): Promise<void>;
  failed(job: TakenJob, error: AppError, cache: readonly CacheEntry[]): Promise<void>;
  revoked(job: RevokedJob, reason?: RevokeReason): Promise<void>;
  /** A failure under an id that is no job here: a message that cannot be run, a step that will never be sent. */
  failedUnrun(task: UnrunTask, error: AppError): Promise<void>;
  /** Gives up what cannot be written; pending calls resolve. */
  stop(): void;
}

/** `terminated`: while it ran. */
export type RevokeReason = 'revoked' | 'expired' | 'terminated';

export interface RevokedJob extends Pick<TakenJob, 'taskId' | 'parameters' | 'meetingId'> {
  readonly task?: string;
  readonly terms?: (Partial<CallTerms> & Pick<CallTerms, 'ignoresResult' | 'groupId' | 'parentId'>) | null;
}

export interface UnrunTask {
  /** Null: its message has none that could be read. */
  readonly taskId: string | null;
  readonly groupId: string | null;
  readonly parentId: string | null;
  /** Ids under which the API polls for it; unset: none. */
  readonly apiTaskIds?: readonly string[];
  readonly meetingId?: number | null;
}

type Write = readonly [mode: 'state' | 'final' | 'set' | 'delete', key: string, lifeSeconds: number, json: Json];

/** A document, or one around a text that others of the batch hold too and that travels once. */
type Json = string | { readonly before: string; readonly shared: string; readonly after: string };

/**
 * Celery's own rule, made atomic: a stored SUCCESS is never overwritten. Final states are published on a channel named
 * as the key, as AsyncResult.get() waits there; other states are not, as celery-ts takes the first message for the result.
 */
const writeScript = `
for i = 1, #KEYS do
  local base = (i - 1) * 5
  local mode, life, json, shared = ARGV[base + 1], ARGV[base + 2], ARGV[base + 3], ARGV[base + 4]
  if shared ~= '' then json = json .. ARGV[#KEYS * 5 + shared] .. ARGV[base + 5] end
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

  const putAgain = (job: TakenJob, error: AppError, words: string) =>
    put(
      [
        meta('state', job, 'RETRY', exceptionJson(error), {
          traceback: tracebackOf(error),
          // Celery sends the task again from within itself.
          children: [[[job.taskId, null], null]],
        }),
      ],
      [status(job, 'processing', `"message":${JSON.stringify(words)}`, now())],
    );

  return {
    async started(job) {
      await put(
        [meta('state', job, 'STARTED', startedResult)],
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
        [meta('state', job, 'PROGRESS', step)],
        [status(job, 'processing', `"message":${JSON.stringify(message)}`, now())],
      );
    },
    retrying: (job, error) => putAgain(job, error, `waiting for another attempt (${error.code})`),
    waiting: (job, error) => putAgain(job, error, `waiting (${error.code})`),
    async succeeded(job, result, entries, children = []) {
      const json = JSON.stringify(result) ?? 'null';
      const doc = readsResult(job) ? [meta('final', job, 'SUCCESS', json, { dateDone: now(), children })] : [];
      const before = `{"status":"completed","meeting_id":${job.meetingId},"result":`;
      const completed = statusWrite(job, { before, shared: json, after: `,"timestamp":"${now()}"}` });
      await put(doc, [...entries.map(cacheWrite), completed]);
    },
    async failed(job, error, entries) {
      const details = { dateDone: now(), traceback: tracebackOf(error) };
      await put(
        [meta('final', job, 'FAILURE', exceptionJson(error), details)],
        [...entries.map(cacheWrite), status(job, 'failed', `"error":${JSON.stringify(error.message)}`, now())],
      );
    },
    async revoked(job, reason = 'revoked') {
      const result = `{"exc_type":"TaskRevokedError","exc_message":["${reason}"],"exc_module":"celery.exceptions"}`;
      await put(
        [meta('final', job, 'REVOKED', result, { dateDone: now() })],
        [
          status(
            job,
            'failed',
            `"error":"${reason === 'expired' ? 'expired before it was started' : 'cancelled'}"`,
            now(),
          ),
        ],
      );
    },
    async failedUnrun({ taskId, groupId, parentId, apiTaskIds = [], meetingId = null }, error) {
      const details = { dateDone: now(), traceback: tracebackOf(error) };
      const job = taskId === null ? [] : [{ taskId, terms: { groupId, parentId } }];
      await put(
        job.map((each) => meta('final', each, 'FAILURE', exceptionJson(error), details)),
        apiTaskIds.map((id) =>
          status(
            { taskId: id, parameters: {}, meetingId },
            'failed',
            `"error":${JSON.stringify(error.message)}`,
            now(),
          ),
        ),
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
  const args = toArguments(writes);
  for (let failures = 0; !isStopped(); failures++) {
    try {
      await redis.eval(writeScript, keys.length, ...keys, ...args);
      return;
    } catch (error) {
      // That a connection is down is told by itself.
      if (failures === 0)
        log[redis.status === 'ready' ? 'warn' : 'debug']('redis.results_wait', {
          error: error instanceof Error ? error.message.slice(0, 200) : 'unknown',
          writes: writes.length,
        });
      await new Promise((resolve) => setTimeout(resolve, Math.min(500 * 2 ** failures, 2_000)));
    }
  }
}

/** Five for each write, in the script's order, then the shared texts that they number from 1. */
function toArguments(writes: readonly Write[]): (string | number)[] {
  const args: (string | number)[] = [];
  const shared: string[] = [];
  for (const [mode, , lifeSeconds, json] of writes) {
    if (typeof json === 'string') {
      args.push(mode, lifeSeconds, json, '', '');
      continue;
    }
    // Those of one job stand side by side.
    if (shared[shared.length - 1] !== json.shared) shared.push(json.shared);
    args.push(mode, lifeSeconds, json.before, shared.length, json.after);
  }
  return [...args, ...shared];
}

interface Described {
  readonly taskId: string;
  readonly failedAttempts?: number;
  readonly terms?: { readonly groupId: string | null; readonly parentId: string | null } | null;
}

/** Field order as Celery writes it. */
function meta(
  mode: 'state' | 'final',
  job: Described,
  state: string,
  resultJson: string,
  details: { dateDone?: string; traceback?: string | null; children?: readonly unknown[] } = {},
): Write {
  const { dateDone = null, traceback = null, children = [] } = details;
  const id = JSON.stringify(job.taskId);
  const rest = `,"traceback":${JSON.stringify(traceback)},"children":${children.length === 0 ? '[]' : JSON.stringify(children)},"date_done":${JSON.stringify(dateDone)},${relativesJson(job)}"task_id":${id}}`;
  const json = { before: `{"status":"${state}","result":`, shared: resultJson, after: rest };
  return [mode, metaKeyOf(job), resultLifeSeconds, json];
}

/** A retried task is its own parent, as Celery sends it again from within itself. */
function relativesJson({ taskId, failedAttempts = 0, terms }: Described): string {
  if (!terms) return '';
  const parent = failedAttempts > 0 ? taskId : terms.parentId;
  const group = terms.groupId === null ? '' : `"group_id":${JSON.stringify(terms.groupId)},`;
  return parent === null ? group : `${group}"parent_id":${JSON.stringify(parent)},`;
}

/** Celery stores no success of a task whose sender ignores its result; all other states it does. */
function readsResult({ terms }: Pick<RevokedJob, 'terms'>): boolean {
  return terms?.ignoresResult !== true;
}

function status(job: StatusSubject, state: string, extra: string, timestamp: string): Write {
  return statusWrite(job, `{"status":"${state}","meeting_id":${job.meetingId},${extra},"timestamp":"${timestamp}"}`);
}

type StatusSubject = Pick<TakenJob, 'taskId' | 'parameters' | 'meetingId'>;

function statusWrite({ taskId, parameters }: StatusSubject, json: Json): Write {
  return ['set', statusKeyOf({ taskId, apiTaskId: parameters.api_task_id }), resultLifeSeconds, json];
}

export function metaKeyOf({ taskId }: { readonly taskId: string }): string {
  return `celery-task-meta-${taskId}`;
}

/** The API polls under the id it made itself and passed as api_task_id; other producers' tasks under the task's own id. */
export function statusKeyOf({ taskId, apiTaskId }: { readonly taskId: string; readonly apiTaskId: unknown }): string {
  return `task_status:${typeof apiTaskId === 'string' && apiTaskId !== '' ? apiTaskId : taskId}`;
}

function cacheWrite({ key, json, lifeSeconds }: CacheEntry): Write {
  return json === null ? ['delete', key, 0, ''] : ['set', key, lifeSeconds, json];
}

/** Codes whose Python exception has a name that clients know; any other is named after its code. */
const pythonExceptions: Partial<Record<ErrorCode, readonly [type: string, module: string]>> = {
  TASK_ARGUMENTS: ['TypeError', 'builtins'],
  TASK_UNKNOWN: ['NotRegistered', 'celery.exceptions'],
  TASK_TIMEOUT: ['SoftTimeLimitExceeded', 'billiard.exceptions'],
  TASK_SOFT_LIMIT: ['SoftTimeLimitExceeded', 'billiard.exceptions'],
  TASK_HARD_LIMIT: ['TimeLimitExceeded', 'billiard.exceptions'],
  JOB_POISONED: ['WorkerLostError', 'billiard.exceptions'],
  MESSAGE_MALFORMED: ['DecodeError', 'kombu.exceptions'],
  MESSAGE_REFUSED: ['ContentDisallowed', 'kombu.exceptions'],
  MESSAGE_INVALID: ['InvalidTaskError', 'celery.exceptions'],
  CHORD_FAILED: ['ChordError', 'celery.exceptions'],
};

/** An exception as Celery describes it to clients. */
export interface PythonException {
  readonly exc_type: string;
  /** The arguments of its constructor. */
  readonly exc_message: readonly unknown[];
  readonly exc_module: string;
}

/**
 * Celery's exception object; Python raises it again by type and module, made on the fly where it does not know them. A task may
 * name one of its own as `details.exception`: { type, module, args }.
 */
export function pythonException(error: AppError): PythonException {
  const own = error.details.exception;
  if (typeof own === 'object' && own !== null && 'type' in own && typeof own.type === 'string') {
    const module = 'module' in own && typeof own.module === 'string' ? own.module : 'vambe_worker.errors';
    const args = 'args' in own && Array.isArray(own.args) ? own.args : [error.message];
    return { exc_type: own.type, exc_message: args, exc_module: module };
  }
  const [type, module] = pythonExceptions[error.code] ?? [pascalCase(error.code), 'vambe_worker.errors'];
  return { exc_type: type, exc_message: messageOf(error), exc_module: module };
}

function messageOf(error: AppError): readonly unknown[] {
  switch (error.code) {
    case 'TASK_UNKNOWN':
      return [error.details.name ?? error.message];
    case 'TASK_TIMEOUT':
    case 'TASK_SOFT_LIMIT':
      return [];
    case 'TASK_HARD_LIMIT':
      return [error.details.seconds ?? error.message];
    default:
      return [error.message];
  }
}

function exceptionJson(error: AppError): string {
  return JSON.stringify(pythonException(error));
}

/** Text as Celery's clients print it; null where Celery has none, as no code of the task's failed. */
export function tracebackOf(error: AppError): string | null {
  if (error.code === 'TASK_UNKNOWN' || error.code === 'TASK_HARD_LIMIT' || error.code === 'JOB_POISONED') return null;
  return `Traceback (most recent call last):\n${pythonException(error).exc_type}: ${error.message} [${error.code}]\n`;
}

function pascalCase(code: string): string {
  return code.toLowerCase().replace(/(^|_)([a-z])/g, (_match, _gap, letter: string) => letter.toUpperCase());
}

/** As Celery 5.6 writes it; 5.2 reads it too. */
function isoMicroseconds(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('Z', '000+00:00');
}
