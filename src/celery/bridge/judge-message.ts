/** Decides what becomes of a message on its arrival: it is accepted as a job, revoked, or rejected with a reason. Pure. */
import { AppError } from '../../core/errors.ts';
import type { JobRequest } from '../../core/job-ledger.ts';
import type { TaskRegistry } from '../../core/task.ts';
import { callTermsOf } from '../protocol/call-terms.ts';
import { splitListKey } from '../protocol/list-key.ts';
import { isBadMessage, readTaskMessage } from '../protocol/read-task-message.ts';
import type { BadMessage, TaskMessage } from '../protocol/task-message.ts';
import type { TakenMessage } from './inflight.ts';

export interface DecodedMessage {
  readonly taken: TakenMessage;
  readonly message: TaskMessage | BadMessage;
}

export interface AcceptedMessage {
  readonly kind: 'accepted';
  readonly taken: TakenMessage;
  readonly message: TaskMessage;
  readonly request: JobRequest;
}

/** It was revoked before it arrived, or arrived after its `expires`. */
export interface RevokedMessage {
  readonly kind: 'revoked';
  readonly taken: TakenMessage;
  readonly message: TaskMessage;
  readonly reason: 'revoked' | 'expired';
}

/** It cannot be run. */
export interface RejectedMessage extends BadMessage {
  readonly kind: 'rejected';
  readonly taken: TakenMessage;
  /** Where it could be read, so that its links and chords hear of it. */
  readonly message: TaskMessage | null;
}

export type JudgedMessage = AcceptedMessage | RevokedMessage | RejectedMessage;

export interface JudgeOptions {
  readonly registry: TaskRegistry;
  readonly nowMs: number;
  isRevoked(taskId: string): boolean;
}

/** Never throws. */
export function decodeMessage(taken: TakenMessage): DecodedMessage {
  return { taken, message: readTaskMessage(taken.raw) };
}

/** Never throws. */
export function judgeMessage({ taken, message }: DecodedMessage, options: JudgeOptions): JudgedMessage {
  if (isBadMessage(message)) return { kind: 'rejected', taken, ...message, message: null };
  const { nowMs, isRevoked } = options;
  if (isRevoked(message.id)) return { kind: 'revoked', taken, message, reason: 'revoked' };
  const expiresAtMs = expiryOf(message, nowMs);
  if (expiresAtMs !== null && expiresAtMs <= nowMs) return { kind: 'revoked', taken, message, reason: 'expired' };
  try {
    return { kind: 'accepted', taken, message, request: toJobRequest({ taken, message }, options, expiresAtMs) };
  } catch (cause) {
    return { kind: 'rejected', taken, ...badCall(message, cause), message };
  }
}

/** @throws AppError TASK_UNKNOWN, TASK_ARGUMENTS, or any error of the code in a task's schema */
function toJobRequest(
  { taken: { raw, list }, message }: { taken: TakenMessage; message: TaskMessage },
  { registry, nowMs }: JudgeOptions,
  expiresAtMs: number | null,
): JobRequest {
  const { id, task: name, args, kwargs, etaMs, retries } = message;
  const task = registry.find(name);
  const { parameters, subjectId } = task.bind(args, kwargs);
  return {
    taskId: id,
    task: task.name,
    queue: task.queue,
    parameters,
    subjectId,
    origin: 'celery',
    priority: jobPriority(list),
    dueAt: etaMs !== null && etaMs > nowMs ? new Date(etaMs).toISOString() : null,
    terms: callTermsOf(message, { raw, list, expiresAtMs }),
    failedAttempts: retries,
  };
}

function badCall(message: TaskMessage, cause: unknown): BadMessage {
  const { id, task } = message;
  const error =
    cause instanceof AppError
      ? cause
      : new AppError('TASK_ARGUMENTS', `${task}() got arguments it cannot use.`, { cause });
  return { error, id, task, call: message };
}

function expiryOf({ expires }: TaskMessage, nowMs: number): number | null {
  if (expires === null) return null;
  const atMs = 'atMs' in expires ? expires.atMs : nowMs + expires.inSeconds * 1_000;
  // Beyond the range of a Date it never expires.
  return Math.abs(atMs) <= 8.64e15 ? atMs : null;
}

/** The suffix of a list is its priority. Celery's 0, 3, 6, 9 are 1, 4, 7, 10 of BullMQ, where 0 would overtake everything. */
function jobPriority(list: string): number {
  return 1 + splitListKey(list).priority;
}
