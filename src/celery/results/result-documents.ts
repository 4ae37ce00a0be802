/**
 * The documents of Celery 5's Redis result backend, `celery-task-meta-<task id>`, field by field in Celery's order. Pure.
 * docs/celery-protocol.md
 */
import type { AppError } from '../../core/errors.ts';
import type { CancelReason, KnownJob } from '../../core/lifecycle.ts';
import type { DocumentWrite } from '../../core/redis-documents.ts';
import type { ProgressStep } from '../../core/task.ts';
import { pythonException, tracebackOf } from '../protocol/python-exception.ts';

/** A stored SUCCESS is kept, as in Celery, so that a late failure of a repeated run does not replace it. A Lua pattern. */
export const storedSuccessPattern = '^{"status": ?"SUCCESS"';

/** `result_expires` of the Python worker. */
const resultLifeSeconds = 3_600;

/** A job, or a task of a canvas that will never be sent. */
export type DescribedTask = Pick<KnownJob, 'taskId'> & {
  readonly failedAttempts?: number;
  readonly terms?: { readonly groupId?: string | null; readonly parentId?: string | null } | null;
};

interface Details {
  readonly dateDone?: string;
  readonly traceback?: string | null;
  readonly children?: readonly unknown[];
}

export function startedDocument(job: DescribedTask, worker: string): DocumentWrite {
  return meta('store', job, 'STARTED', JSON.stringify({ pid: process.pid, hostname: worker }));
}

export function progressDocument(
  job: DescribedTask & Pick<KnownJob, 'subjectId'>,
  { current, total, stage, message }: ProgressStep,
): DocumentWrite {
  const percent = Math.round((100 * current) / total);
  const step = { current, total, percent, stage, message, meeting_id: job.subjectId };
  return meta('store', job, 'PROGRESS', JSON.stringify(step));
}

export function retryDocument(job: DescribedTask, error: AppError): DocumentWrite {
  // In Celery a retry is sent by the task itself, so the task is its own child.
  const children = [[[job.taskId, null], null]];
  return meta('store', job, 'RETRY', exceptionJson(error), { traceback: tracebackOf(error), children });
}

export function successDocument(job: DescribedTask, resultJson: string, details: Details): DocumentWrite {
  return meta('publish', job, 'SUCCESS', resultJson, details);
}

export function failureDocument(job: DescribedTask, error: AppError, dateDone: string): DocumentWrite {
  return meta('publish', job, 'FAILURE', exceptionJson(error), { dateDone, traceback: tracebackOf(error) });
}

export function revokedDocument(job: DescribedTask, reason: CancelReason, dateDone: string): DocumentWrite {
  const result = `{"exc_type":"TaskRevokedError","exc_message":["${reason}"],"exc_module":"celery.exceptions"}`;
  return meta('publish', job, 'REVOKED', result, { dateDone });
}

/**
 * Final states are published on a channel named as the key, where AsyncResult.get() waits. Other states are not, as celery-ts takes
 * the first message for the result.
 */
function meta(
  mode: 'store' | 'publish',
  job: DescribedTask,
  state: string,
  resultJson: string,
  { dateDone = null, traceback = null, children = [] }: { dateDone?: string | null } & Omit<Details, 'dateDone'> = {},
): DocumentWrite {
  const id = JSON.stringify(job.taskId);
  const childrenJson = children.length === 0 ? '[]' : JSON.stringify(children);
  const rest = `,"traceback":${JSON.stringify(traceback)},"children":${childrenJson},"date_done":${JSON.stringify(dateDone)},${relativesJson(job)}"task_id":${id}}`;
  return {
    mode: 'unless-final',
    key: metaKeyOf(job),
    json: { before: `{"status":"${state}","result":`, shared: resultJson, after: rest },
    lifeSeconds: resultLifeSeconds,
    isPublished: mode === 'publish',
  };
}

export function metaKeyOf({ taskId }: { readonly taskId: string }): string {
  return `celery-task-meta-${taskId}`;
}

/** A retried task is its own parent, because in Celery the task itself sends its retry. */
function relativesJson({ taskId, failedAttempts = 0, terms }: DescribedTask): string {
  if (!terms) return '';
  const parent = failedAttempts > 0 ? taskId : (terms.parentId ?? null);
  const group = terms.groupId ? `"group_id":${JSON.stringify(terms.groupId)},` : '';
  return parent === null ? group : `${group}"parent_id":${JSON.stringify(parent)},`;
}

function exceptionJson(error: AppError): string {
  return JSON.stringify(pythonException(error));
}
