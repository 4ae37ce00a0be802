/** Queues meetings for classification, block by block. */
import type { Database } from '../../core/connections/database.ts';
import { AppError } from '../../core/errors.ts';
import type { Enqueuer } from '../../core/queue/enqueue.ts';
import { noteAction } from '../../models/queries/controls.ts';
import { classificationRequest } from '../jobs/classification-request.ts';
import { chooseMeetings, type MeetingChoice } from './choose-meetings.ts';

export interface RequestClassificationDeps {
  readonly database: Database;
  readonly enqueuer: Enqueuer;
}

export interface ClassificationOrder {
  readonly choice: MeetingChoice;
  /** Classifies again what has not changed. */
  readonly isForced: boolean;
  /** Who asks, for the audit row. */
  readonly actor: string;
  /** Which door the request came through, such as `cli`. */
  readonly origin: string;
  /** Stops before the next block; accepted jobs stay. */
  readonly signal?: AbortSignal;
}

export interface QueuedMeeting {
  readonly meetingId: number;
  readonly taskId: string;
  readonly rowId: string;
}

export interface RequestedClassifications {
  readonly jobs: readonly QueuedMeeting[];
  readonly unknown: readonly number[];
  /** False: Redis did not take some of the jobs, so they wait in the database. */
  readonly isQueued: boolean;
}

/** A short list of ids goes before bulk work. */
const maxUrgentIds = 100;

/** Each call makes jobs of its own; a job whose meeting has not changed ends at once. @throws AppError DATABASE_* */
export async function requestClassification(
  { database, enqueuer }: RequestClassificationDeps,
  { choice, isForced, actor, origin, signal }: ClassificationOrder,
): Promise<RequestedClassifications> {
  const jobs: QueuedMeeting[] = [];
  const unknown: number[] = [];
  let isQueued = true;
  const isUrgent = typeof choice !== 'string' && choice.length <= maxUrgentIds;
  for await (const block of chooseMeetings(database, choice)) {
    if (signal?.aborted) break;
    unknown.push(...block.unknown);
    const requests = block.known.map((id) => classificationRequest(id, { origin, isForced, isUrgent }));
    const { accepted, queued } = await enqueuer.enqueue(requests);
    if (queued === 'database') isQueued = false;
    for (const [index, { taskId, rowId }] of accepted.entries()) {
      const meetingId = block.known[index];
      if (meetingId === undefined) throw new AppError('BUG', 'More jobs were accepted than asked for.');
      jobs.push({ meetingId, taskId, rowId });
    }
  }
  if (jobs.length > 0) {
    const after = { choice: typeof choice === 'string' ? choice : 'ids', is_forced: isForced, accepted: jobs.length };
    await noteAction(database, { actor, action: 'classify', object: 'meetings', after, reason: null });
  }
  return { jobs, unknown, isQueued };
}
