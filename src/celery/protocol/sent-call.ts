/** The call of a job as its sender wrote it: name, arguments, queue and priority. A job without a message is described by its parameters. */
import type { CallTerms } from '../../core/job-ledger.ts';
import { safeRepr, tupleRepr } from './python-repr.ts';
import { isBadMessage, readTaskMessage } from './read-task-message.ts';

export interface SentCall {
  readonly task: string;
  /** The name to show. */
  readonly displayName: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Arguments as text for people. */
  readonly argsText: string;
  readonly kwargsText: string;
  /** As its sender wrote it; a job without a message is its own root. */
  readonly rootId: string | null;
  readonly etaText: string | null;
  readonly expiresText: string | null;
  readonly queue: string;
  /** 0 to 9 */
  readonly priority: number;
  readonly isRedelivered: boolean;
}

export interface DescribedJob {
  readonly taskId: string;
  readonly task: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly queue: string;
  /** BullMQ's. */
  readonly priority: number;
  readonly terms?: Partial<CallTerms> | null;
}

/** The call of a job; decodes its message if it came with one. */
export function sentCallOf({ taskId, task, parameters, queue, priority, terms }: DescribedJob): SentCall {
  const raw = terms?.wire?.raw;
  const message = typeof raw === 'string' ? readTaskMessage(raw) : undefined;
  if (message && !isBadMessage(message)) {
    return {
      task: message.task,
      displayName: message.shadow ?? message.task,
      args: message.args,
      kwargs: message.kwargs,
      argsText: message.argsText ?? tupleRepr(message.args),
      kwargsText: message.kwargsText ?? safeRepr(message.kwargs),
      rootId: message.rootId,
      etaText: message.etaText,
      expiresText: message.expiresText,
      queue: message.routingKey ?? queue,
      priority: message.priority,
      isRedelivered: message.isRedelivered,
    };
  }
  return {
    task,
    displayName: task,
    args: [],
    kwargs: parameters,
    argsText: '()',
    kwargsText: safeRepr(parameters),
    rootId: taskId,
    etaText: null,
    expiresText: null,
    queue,
    // The inverse of how Celery's 0, 3, 6, 9 became BullMQ's 1, 4, 7, 10; bulk work lies behind them all.
    priority: Math.max(0, Math.min(9, priority - 1)),
    isRedelivered: false,
  };
}
