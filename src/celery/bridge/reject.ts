/** Answers messages that are no jobs: first a row that keeps each message, then its sender is told. */
import type { JobLedger } from '../../core/job-ledger.ts';
import type { KnownJob, Lifecycle } from '../../core/lifecycle.ts';
import type { Log } from '../../core/log/logger.ts';
import type { TaskRegistry } from '../../core/task.ts';
import { callTermsOf } from '../protocol/call-terms.ts';
import type { ReadCall, TaskMessage } from '../protocol/task-message.ts';
import { readApiPolls } from './api-polls.ts';
import type { Inflight, TakenMessage } from './inflight.ts';
import type { RejectedMessage, RevokedMessage } from './judge-message.ts';
import { rejectedRow } from './rejected-row.ts';

export interface RejectDeps {
  readonly ledger: Pick<JobLedger, 'setAside'>;
  readonly lifecycle: Pick<Lifecycle, 'tell'>;
  readonly inflight: Pick<Inflight, 'bytesOf'>;
  readonly registry: TaskRegistry;
  readonly log: Log;
}

/** @throws AppError DATABASE_*, or what Redis says: then no sender was told, and the same messages can be rejected again */
export async function rejectMessages(
  deps: RejectDeps,
  messages: readonly (RevokedMessage | RejectedMessage)[],
): Promise<void> {
  if (messages.length === 0) return;
  const rows = await Promise.all(
    messages.map(async (each) => rejectedRow(each, await bytesOf(deps.inflight, each.taken))),
  );
  await deps.ledger.setAside(rows);
  await Promise.all(
    messages.map((each) => (each.kind === 'revoked' ? tellRevoked(deps, each) : tellRejected(deps, each))),
  );
}

/** Decoded as UTF-8, a message has lost its other bytes; its row keeps them. */
async function bytesOf(inflight: RejectDeps['inflight'], { tag, raw }: TakenMessage): Promise<Buffer> {
  return (raw.includes('\ufffd') ? await inflight.bytesOf(tag) : undefined) ?? Buffer.from(raw);
}

async function tellRevoked(
  { registry, log, lifecycle }: RejectDeps,
  { taken, message, reason }: RevokedMessage,
): Promise<void> {
  const { apiTaskIds, meetingId } = readApiPolls(message, registry);
  const parameters = { api_task_id: apiTaskIds[0] ?? null };
  const job = toKnownJob(message, taken, { parameters, subjectId: meetingId });
  log.info('celery.revoked', { task_id: job.taskId, task: job.task, reason });
  await lifecycle.tell({ kind: 'cancelled', job, reason });
}

async function tellRejected(
  { registry, log, lifecycle }: RejectDeps,
  { taken, id, task, message, call, error }: RejectedMessage,
): Promise<void> {
  log.error('celery.rejected', { task_id: id, task, list: taken.list, code: error.code, error: error.message });
  const { apiTaskIds: statusIds, meetingId: subjectId } = readApiPolls(call ?? emptyCall, registry);
  const known = { parameters: {}, subjectId };
  const unread = { taskId: id, ...(task === null ? {} : { task }), ...known };
  const job = message ? toKnownJob(message, taken, known) : unread;
  await lifecycle.tell({ kind: 'rejected', job: { ...job, statusIds }, error });
}

const emptyCall: ReadCall = { task: null, args: [], kwargs: {} };

/** `known`: what could be read of its arguments, which may not fit the task. */
function toKnownJob(
  message: TaskMessage,
  { raw, list }: TakenMessage,
  known: Pick<KnownJob, 'parameters' | 'subjectId'>,
): KnownJob {
  const { id: taskId, task } = message;
  return { taskId, task, ...known, terms: callTermsOf(message, { raw, list, expiresAtMs: null }) };
}
