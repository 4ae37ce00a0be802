/** Accepts meetings that nobody asked to classify: with a transcript, without a classification and without a job since they last changed. */
import { type EnqueueRequest, priorities } from '../../core/queue/enqueue.ts';

const meetingsAPage = 1_000;

export type SweepUnclassified = () => Promise<{ readonly accepted: number }>;

export interface SweepDeps {
  /** Ids in rising order, after `afterId`. */
  listUnclassified(page: { afterId: number; limit: number }): Promise<readonly number[]>;
  enqueue(requests: readonly EnqueueRequest[]): Promise<unknown>;
}

/** May run twice: a meeting accepted by the first run has its job. */
export function createSweepUnclassified({ listUnclassified, enqueue }: SweepDeps): SweepUnclassified {
  return async () => {
    let accepted = 0;
    for (let afterId = 0; ; ) {
      const ids = await listUnclassified({ afterId, limit: meetingsAPage });
      if (ids.length > 0) await enqueue(ids.map(classifyInBulk));
      accepted += ids.length;
      afterId = ids.at(-1) ?? afterId;
      if (ids.length < meetingsAPage) return { accepted };
    }
  };
}

function classifyInBulk(meetingId: number): EnqueueRequest {
  return { task: 'classify_meeting', args: [meetingId], origin: 'sweep', priority: priorities.bulk };
}
