/** Decides what becomes of a message on its arrival: a job, a revocation, or set aside with a reason. Pure. */
import { createHash } from 'node:crypto';
import { AppError } from '../../core/errors.ts';
import type { CallTerms, JobRequest } from '../../core/job-ledger.ts';
import type { KnownJob } from '../../core/lifecycle.ts';
import type { TaskRegistry } from '../../core/task.ts';
import { type BadMessage, isBadMessage, readTaskMessage, splitListKey, type TaskMessage } from '../protocol/message.ts';
import type { ReadCall } from './api-polls.ts';

export type Judgement =
  | { readonly kind: 'job'; readonly request: JobRequest; readonly message: TaskMessage }
  | { readonly kind: 'revoke'; readonly reason: 'revoked' | 'expired'; readonly message: TaskMessage }
  /** `message`: where it could be read, so that links and chords hear of it. */
  | {
      readonly kind: 'set-aside';
      readonly error: AppError;
      readonly id: string | null;
      readonly task: string | null;
      readonly message: TaskMessage | null;
      /** What it asked for, where that could be read. */
      readonly call: ReadCall | null;
    };

export interface JudgeOptions {
  readonly registry: TaskRegistry;
  readonly nowMs: number;
  isRevoked(taskId: string): boolean;
}

/** Never throws. `list`: key of the list it was taken from, whose suffix is its priority. */
export function judgeMessage(raw: string, list: string, { registry, nowMs, isRevoked }: JudgeOptions): Judgement {
  const message = readTaskMessage(raw);
  if (isBadMessage(message)) return setAside(message, null);
  const { id, task: name, args, kwargs, etaMs } = message;
  if (isRevoked(id)) return { kind: 'revoke', reason: 'revoked', message };
  const expiresAtMs = expiryOf(message, nowMs);
  if (expiresAtMs !== null && expiresAtMs <= nowMs) return { kind: 'revoke', reason: 'expired', message };
  try {
    const task = registry.find(name);
    const { parameters, subjectId } = task.bind(args, kwargs);
    const request: JobRequest = {
      taskId: id,
      task: task.name,
      queue: task.queue,
      parameters,
      subjectId,
      origin: 'celery',
      priority: jobPriority(list),
      dueAt: etaMs !== null && etaMs > nowMs ? new Date(etaMs).toISOString() : null,
      terms: termsOf(message, { raw, list, expiresAtMs }),
      failedAttempts: message.retries,
    };
    return { kind: 'job', request, message };
  } catch (cause) {
    // A schema's own code may throw anything.
    const error =
      cause instanceof AppError
        ? cause
        : new AppError('TASK_ARGUMENTS', `${name}() got arguments it cannot use.`, { cause });
    return setAside({ error, id, task: name, call: message }, message);
  }
}

function setAside(bad: BadMessage, message: TaskMessage | null): Judgement {
  return { kind: 'set-aside', ...bad, message };
}

function expiryOf({ expires }: TaskMessage, nowMs: number): number | null {
  if (expires === null) return null;
  const atMs = 'atMs' in expires ? expires.atMs : nowMs + expires.inSeconds * 1_000;
  // Beyond what a date can be means never.
  return Math.abs(atMs) <= 8.64e15 ? atMs : null;
}

function termsOf(
  message: TaskMessage,
  { raw, list, expiresAtMs }: { raw: string; list: string; expiresAtMs: number | null },
): CallTerms {
  const { softLimitSeconds, hardLimitSeconds, ignoresResult, groupId, parentId, rootId, customHeaders } = message;
  return {
    expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
    softLimitMs: softLimitSeconds === null ? null : softLimitSeconds * 1_000,
    hardLimitMs: hardLimitSeconds === null ? null : hardLimitSeconds * 1_000,
    ignoresResult,
    groupId,
    parentId,
    rootId,
    ...(Object.keys(customHeaders).length === 0 ? {} : { headers: customHeaders }),
    wire: { list, raw, hasFollowUps: hasFollowUps(message) },
  };
}

function hasFollowUps({ embed: { callbacks, errbacks, chain, chord } }: TaskMessage): boolean {
  return callbacks.length + errbacks.length + chain.length > 0 || chord !== null;
}

/** What is told of a message that is no job. `known`: what could be read of its arguments, which may not fit the task. */
export function jobOf(
  message: TaskMessage,
  { raw, list }: { raw: string; list: string },
  known: Pick<KnownJob, 'parameters' | 'subjectId'>,
): KnownJob {
  return {
    taskId: message.id,
    task: message.task,
    ...known,
    terms: termsOf(message, { raw, list, expiresAtMs: null }),
  };
}

/** The message of a job that came from Celery and has links, steps or a chord; undefined for every other job. */
export function messageWithFollowUps(terms: Partial<CallTerms> | null | undefined): TaskMessage | undefined {
  const wire = terms?.wire;
  if (wire?.hasFollowUps !== true || typeof wire.raw !== 'string') return undefined;
  const message = readTaskMessage(wire.raw);
  return isBadMessage(message) ? undefined : message;
}

/** Celery's 0, 3, 6, 9 are 1, 4, 7, 10 of BullMQ, where 0 would overtake everything. */
function jobPriority(list: string): number {
  return 1 + splitListKey(list).priority;
}

/** Larger messages are cut in their row. */
const mostKeptBytes = 256 * 1024;

/** What `jobs.message` keeps of a message that was set aside; text where PostgreSQL can store it. */
export function keepReceived(list: string, bytes: Buffer): Readonly<Record<string, unknown>> {
  const kept = bytes.subarray(0, mostKeptBytes);
  const text = kept.toString('utf8');
  const isText = Buffer.from(text).equals(kept) && !text.includes('\0');
  return {
    list,
    bytes: bytes.length,
    is_cut: kept.length < bytes.length,
    encoding: isText ? 'utf8' : 'base64',
    raw: isText ? text : kept.toString('base64'),
  };
}

/** The same message set aside twice has one row, which takes no task id from a good message that follows. */
export function setAsideId(why: 'rejected' | 'revoked', id: string | null, bytes: Buffer): string {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  return id === null ? `${why}-${hash}` : `${why}-${id}-${hash}`;
}
