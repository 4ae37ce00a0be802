/** The request that classifies one meeting: the same for imports, people and the sweep. */
import { type EnqueueRequest, priorities } from '../../core/queue/enqueue.ts';

/** Name of the task in src/tasks/classify-meeting.ts. */
export const classifyTask = 'classify_meeting';

export interface ClassificationTerms {
  /** Who asks: `cli`, `api`, `import`, `sweep`. */
  readonly origin: string;
  /** Classify again what is classified already; false unless set. */
  readonly isForced?: boolean;
  /** A person waits for it, so it goes before bulk work; false unless set. */
  readonly isUrgent?: boolean;
}

export function classificationRequest(
  meetingId: number,
  { origin, isForced = false, isUrgent = false }: ClassificationTerms,
): EnqueueRequest {
  return {
    task: classifyTask,
    args: [meetingId, isForced],
    origin,
    priority: isUrgent ? priorities.normal : priorities.bulk,
  };
}
