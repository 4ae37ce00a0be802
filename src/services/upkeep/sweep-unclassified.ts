/**
 * Accepts meetings for which no classification was requested: with a transcript, without a classification and without a job since they last
 * changed. A message that waits in a Celery list may ask for any of them, and a Python worker may be the one to do it, so nothing is
 * accepted while some wait.
 */
import type { EnqueueRequest } from '../../core/queue/enqueue.ts';
import { classificationRequest } from '../jobs/classification-request.ts';

const meetingsAPage = 1_000;

/** `waiting_messages`: how many messages wait; present where they are the reason that nothing was accepted. */
export type SweepUnclassified = () => Promise<{ readonly accepted: number; readonly waiting_messages?: number }>;

export interface SweepDeps {
  /** Celery messages that no worker has taken. @throws what Redis says */
  countMessages(): Promise<number>;
  /** Ids in rising order, after `afterId`. */
  listUnclassified(page: { afterId: number; limit: number }): Promise<readonly number[]>;
  enqueue(requests: readonly EnqueueRequest[]): Promise<unknown>;
}

/** May run twice: a meeting accepted by the first run has its job. */
export function createSweepUnclassified({ countMessages, listUnclassified, enqueue }: SweepDeps): SweepUnclassified {
  return async () => {
    const waiting = await countMessages();
    if (waiting > 0) return { accepted: 0, waiting_messages: waiting };
    let accepted = 0;
    for (let afterId = 0; ; ) {
      const ids = await listUnclassified({ afterId, limit: meetingsAPage });
      if (ids.length > 0) await enqueue(ids.map((id) => classificationRequest(id, { origin: 'sweep' })));
      accepted += ids.length;
      afterId = ids.at(-1) ?? afterId;
      if (ids.length < meetingsAPage) return { accepted };
    }
  };
}
