/**
 * What the existing API reads of a job in Redis: `task_status:<id>`, and the keys that a task's outcome names, such as
 * `classification_result:<meeting id>`. Losing them undoes nothing, as readers fall back to the database.
 */
import type { Clock } from '../../core/clock.ts';
import type { CriticalListener, KnownJob, Transition } from '../../core/lifecycle.ts';
import type { CacheEntry } from '../../core/outcome.ts';
import { type DocumentWrite, type DocumentWriter, isoMicroseconds, type Json } from '../../core/redis-documents.ts';

/** As long as the Python worker keeps it. */
const statusLifeSeconds = 3_600;

export function createStatusPublisher({ writer, clock }: { writer: DocumentWriter; clock: Clock }): CriticalListener {
  return {
    name: 'status documents',
    on(transition) {
      const writes = documentsOf(transition, isoMicroseconds(clock.wallMs()));
      return writes.length === 0 ? undefined : writer.write(writes);
    },
    stop: () => writer.stop(),
  };
}

/** Pure. @param timestamp of the document, ISO 8601 */
function documentsOf(transition: Transition, timestamp: string): readonly DocumentWrite[] {
  switch (transition.kind) {
    case 'accepted':
    case 'rejected':
      return [];
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
      return [failed(transition.job, 'cancelled', timestamp)];
  }
}

function processing(job: KnownJob, message: string, timestamp: string): DocumentWrite {
  return status(job, 'processing', `"message":${JSON.stringify(message)}`, timestamp);
}

function failed(job: KnownJob, error: string, timestamp: string): DocumentWrite {
  return status(job, 'failed', `"error":${JSON.stringify(error)}`, timestamp);
}

function status(job: KnownJob, state: string, extra: string, timestamp: string): DocumentWrite {
  return statusWrite(job, `{"status":"${state}","meeting_id":${job.subjectId},${extra},"timestamp":"${timestamp}"}`);
}

/** The API polls under the id that it made and passed as api_task_id; tasks of other producers are under their own id. */
function statusWrite(job: KnownJob, json: Json): DocumentWrite {
  const apiTaskId = job.parameters.api_task_id;
  const id = typeof apiTaskId === 'string' && apiTaskId !== '' ? apiTaskId : job.taskId;
  return { mode: 'set', key: `task_status:${id}`, json, lifeSeconds: statusLifeSeconds };
}

function cacheWrite({ key, json, lifeSeconds }: CacheEntry): DocumentWrite {
  return json === null ? { mode: 'delete', key } : { mode: 'set', key, json, lifeSeconds };
}
