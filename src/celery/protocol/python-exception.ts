/** An AppError as Celery describes an exception to its clients. Pure. */
import type { AppError, ErrorCode } from '../../core/errors.ts';

/** Codes with a Python exception that clients know; every other exception is named after its code. */
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

export interface PythonException {
  readonly exc_type: string;
  /** The arguments of its constructor. */
  readonly exc_message: readonly unknown[];
  readonly exc_module: string;
}

/**
 * Celery's exception object. Python raises it again by type and module, and creates a type that it does not know. A task may choose
 * its exception as `details.exception`: { type, module, args }.
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

/** Text as Celery's clients print it; null where Celery has none, because no code of the task failed. */
export function tracebackOf(error: AppError): string | null {
  if (error.code === 'TASK_UNKNOWN' || error.code === 'TASK_HARD_LIMIT' || error.code === 'JOB_POISONED') return null;
  return `Traceback (most recent call last):\n${pythonException(error).exc_type}: ${error.message} [${error.code}]\n`;
}

function pascalCase(code: string): string {
  return code.toLowerCase().replace(/(^|_)([a-z])/g, (_match, _gap, letter: string) => letter.toUpperCase());
}
