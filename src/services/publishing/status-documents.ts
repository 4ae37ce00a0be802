/**
 * What the existing API reads of a job in Redis: `task_status:<id>`, and the keys that a task's outcome names, such as
 * `classification_result:<meeting id>`. Losing them undoes nothing, as readers fall back to the database.
 */
import type { Clock } from '../../core/clock.ts';
import type { CancelReason, CriticalListener, KnownJob, RejectedJob, Transition } from '../../core/lifecycle.ts';
import type { CacheEntry } from '../../core/outcome.ts';
import { type DocumentWrite, type DocumentWriter, isoMicroseconds, type Json } from '../../core/redis-documents.ts';

/** As long as the Python worker keeps it. */
const statusLifeSeconds = 3_600;

export function createStatusPublisher({ writer, clock }: { writer: DocumentWriter; clock: Clock }): CriticalListener {
  return {
    name: 'status documents',
    on(transition) {
      if (transition.kind === 'accepted') return undefined;
      const writes = documentsOf(transition, isoMicroseconds(clock.wallMs()));
      return writes.length === 0 ? undefined : writer.write(writes);
    },
    stop: () => writer.stop(),
  };
}

/** Pure. @param timestamp of the document, ISO 8601 */
function documentsOf(
  transition: Exclude<Transition, { kind: 'accepted' }>,
  timestamp: string,
): readonly DocumentWrite[] {
  switch (transition.kind) {
    case 'rejected':
      return rejected(transition.job, transition.error.message, timestamp);
    case 'started':
      return [processing(transition.job, 'started', timestamp)];
    case 'progress':
      return [processing(transition.job, transition.step.message, timestamp)];
    case 'retrying':
      return [processing(transition.job, `waiting for another attempt (${transition.error.code})`, timestamp)];
    case 'waiting':
      return [processing(transition.job, `waiting (${transition.error.code})`, timestamp)];
    case 'succeeded': {
      const { job, resultJson, cache } = transition;
      const before = `{"status":"completed","meeting_id":${job.subjectId},"result":`;
      return [
        ...cache.map(cacheWrite),
        statusWrite(job, { before, shared: resultJson, after: `,"timestamp":"${timestamp}"}` }),
      ];
    }
    case 'failed':
      return [...transition.cache.map(cacheWrite), failed(transition.job, transition.error.message, timestamp)];
    case 'cancelled':
      return [failed(transition.job, cancelledMessage(transition.reason), timestamp)];
  }
}

function processing(job: KnownJob, message: string, timestamp: string): DocumentWrite {
  return status(job, 'processing', `"message":${JSON.stringify(message)}`, timestamp);
}

function failed(job: KnownJob, error: string, timestamp: string): DocumentWrite {
  return status(job, 'failed', `"error":${JSON.stringify(error)}`, timestamp);
}

/** The API polls under ids of its own, which may be all that could be read of a message. */
function rejected(job: RejectedJob, error: string, timestamp: string): readonly DocumentWrite[] {
  const own = job.taskId === null ? [] : [job.taskId];
  const ids = job.statusIds.length > 0 ? job.statusIds : own;
  return ids.map((taskId) => failed({ ...job, taskId, parameters: {} }, error, timestamp));
}

function cancelledMessage(reason: CancelReason): string {
  return reason === 'expired' ? 'expired before it was started' : 'cancelled';
}

function status(job: KnownJob, state: string, extra: string, timestamp: string): DocumentWrite {
  return statusWrite(job, `{"status":"${state}","meeting_id":${job.subjectId},${extra},"timestamp":"${timestamp}"}`);
}

function statusWrite({ taskId, parameters }: KnownJob, json: Json): DocumentWrite {
  const key = statusKeyOf({ taskId, apiTaskId: parameters.api_task_id });
  return { mode: 'set', key, json, lifeSeconds: statusLifeSeconds };
}

/** The API polls under the id that it made and passed as api_task_id; tasks of other producers are under their own id. */
export function statusKeyOf({ taskId, apiTaskId }: { readonly taskId: string; readonly apiTaskId: unknown }): string {
  return `task_status:${typeof apiTaskId === 'string' && apiTaskId !== '' ? apiTaskId : taskId}`;
}

function cacheWrite({ key, json, lifeSeconds }: CacheEntry): DocumentWrite {
  return json === null ? { mode: 'delete', key } : { mode: 'set', key, json, lifeSeconds };
}
