/** Celery's task events for each transition of a job. Pure. */
import type { AppError } from '../../core/errors.ts';
import type { CancelReason, KnownJob, Transition } from '../../core/lifecycle.ts';
import { sentCallOf } from '../protocol/sent-call.ts';
import { type EventFields, failedFields, receivedFields, revokedFields, succeededFields } from './event-bodies.ts';

type Accepted = Extract<Transition, { kind: 'accepted' }>['job'];

export interface TaskEvent {
  readonly type: string;
  readonly fields: () => EventFields;
}

/**
 * Events in the order in which they are sent. `signum`: the signal of a termination. A job that came from no Celery list is received
 * when it starts for the first time.
 */
export function taskEventsOf(event: Transition, signum?: number): readonly TaskEvent[] {
  const uuid = event.job.taskId;
  if (uuid === null) return [];
  switch (event.kind) {
    case 'accepted':
      if (event.job.origin !== 'celery') return [];
      return [{ type: 'task-received', fields: () => receivedOf(event.job) }];
    case 'started': {
      const { job } = event;
      const started = { type: 'task-started', fields: () => ({ uuid }) };
      if (job.origin === 'celery' || job.failedAttempts > 0) return [started];
      return [{ type: 'task-received', fields: () => receivedOf({ ...job, priority: 1, dueAt: null }) }, started];
    }
    case 'succeeded':
      return [{ type: 'task-succeeded', fields: () => succeededFields(uuid, event.result, event.durationMs / 1_000) }];
    case 'failed':
      return [failedEvent(uuid, event.error)];
    case 'rejected': {
      const { job, error } = event;
      const { task } = job;
      // Celery receives a call with wrong arguments; what it cannot read or does not know, it does not.
      if (task === undefined || !job.terms || error.code !== 'TASK_ARGUMENTS') return [failedEvent(uuid, error)];
      const call = { ...job, taskId: uuid, task, queue: '', priority: 1, dueAt: null };
      return [{ type: 'task-received', fields: () => receivedOf(call) }, failedEvent(uuid, error)];
    }
    case 'retrying': {
      const { job, error } = event;
      const next = { ...job, failedAttempts: job.failedAttempts + 1, priority: 1, dueAt: null };
      // Celery sends the message again with the task as its parent, so monitors count a task-received for each task-started.
      return [
        { type: 'task-received', fields: () => ({ ...receivedOf(next), parent_id: uuid, eta: null }) },
        { type: 'task-retried', fields: () => failedFields(uuid, error) },
      ];
    }
    case 'cancelled':
      return [{ type: 'task-revoked', fields: () => revokedOf(uuid, event.reason, signum) }];
    case 'progress':
    case 'waiting':
      return [];
  }
}

function failedEvent(uuid: string, error: AppError): TaskEvent {
  return { type: 'task-failed', fields: () => failedFields(uuid, error) };
}

function receivedOf(job: Omit<Accepted, 'subjectId' | 'origin' | 'terms'> & Pick<KnownJob, 'terms'>) {
  const { displayName, argsText, kwargsText, rootId, etaText, expiresText } = sentCallOf(job);
  return receivedFields({
    uuid: job.taskId,
    name: displayName,
    args: argsText,
    kwargs: kwargsText,
    rootId,
    parentId: job.terms?.parentId ?? null,
    retries: job.failedAttempts ?? 0,
    eta: etaText ?? job.dueAt,
    expires: expiresText ?? job.terms?.expiresAt ?? null,
  });
}

/** A termination that came without a signal counts as SIGTERM, which is Celery's default. */
function revokedOf(uuid: string, reason: CancelReason, signum = 15): EventFields {
  const terminated = reason === 'terminated';
  return revokedFields(uuid, { terminated, signum: terminated ? signum : null, expired: reason === 'expired' });
}
