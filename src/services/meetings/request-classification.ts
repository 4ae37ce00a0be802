/** Queues meetings for classification, block by block. */
import type { Database } from '../../core/connections/database.ts';
import { AppError } from '../../core/errors.ts';
import type { Enqueuer } from '../../core/queue/enqueue.ts';
import { listOpenClassifications, whileNoOtherRequests } from '../../models/queries/classification-jobs.ts';
import { noteAction } from '../../models/queries/controls.ts';
import { type ClassificationTerms, classificationRequest, classifyTask } from '../jobs/classification-request.ts';
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
  /** False: an open job of an earlier request classifies this meeting, and no further job was made. */
  readonly isNew: boolean;
}

export interface RequestedClassifications {
  readonly jobs: readonly QueuedMeeting[];
  readonly unknown: readonly number[];
  /** False: Redis did not take some of the jobs, so they wait in the database. */
  readonly isQueued: boolean;
}

/** A short list of ids goes before bulk work. */
const maxUrgentIds = 100;

/**
 * Makes a job for each meeting, or answers with its open job if it has one; a forced request always makes jobs. A job whose meeting has
 * not changed ends at once. @throws AppError DATABASE_*
 */
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
    const queueAll = (meetingIds: readonly number[]) =>
      queueMeetings(enqueuer, { meetingIds, terms: { origin, isForced, isUrgent } });
    const queued = isForced ? await queueAll(block.known) : await queueMissing(database, block.known, queueAll);
    if (!queued.isQueued) isQueued = false;
    jobs.push(...queued.jobs);
  }
  const accepted = jobs.filter(({ isNew }) => isNew).length;
  if (accepted > 0) {
    const after = { choice: typeof choice === 'string' ? choice : 'ids', is_forced: isForced, accepted };
    await noteAction(database, { actor, action: 'classify', object: 'meetings', after, reason: null });
  }
  return { jobs, unknown, isQueued };
}

type QueuedBlock = Pick<RequestedClassifications, 'jobs' | 'isQueued'>;

async function queueMeetings(
  enqueuer: Enqueuer,
  { meetingIds, terms }: { meetingIds: readonly number[]; terms: ClassificationTerms },
): Promise<QueuedBlock> {
  const { accepted, queued } = await enqueuer.enqueue(meetingIds.map((id) => classificationRequest(id, terms)));
  const jobs = accepted.map(({ taskId, rowId }, index) => {
    const meetingId = meetingIds[index];
    if (meetingId === undefined) throw new AppError('BUG', 'More jobs were accepted than asked for.');
    return { meetingId, taskId, rowId, isNew: true };
  });
  return { jobs, isQueued: queued === 'redis' };
}

/** Makes jobs only for the meetings that have no open one; in the order of the ids. */
function queueMissing(
  database: Database,
  meetingIds: readonly number[],
  queue: (meetingIds: readonly number[]) => Promise<QueuedBlock>,
): Promise<QueuedBlock> {
  return whileNoOtherRequests(database, async () => {
    const open = await listOpenClassifications(database, { meetingIds, task: classifyTask });
    const known = new Map(open.map((job) => [job.meeting_id, job]));
    const queued = await queue(meetingIds.filter((id) => !known.has(id)));
    const made = new Map(queued.jobs.map((job) => [job.meetingId, job]));
    const jobs = meetingIds.flatMap((meetingId) => {
      const earlier = known.get(meetingId);
      if (earlier) return [{ meetingId, taskId: earlier.task_id, rowId: earlier.row_id, isNew: false }];
      return made.get(meetingId) ?? [];
    });
    return { jobs, isQueued: queued.isQueued };
  });
}
