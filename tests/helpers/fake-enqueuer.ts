/** Accepts every request and remembers it. */
import type { EnqueueReport, EnqueueRequest, Enqueuer } from '../../src/core/queue/enqueue.ts';

export interface FakeEnqueuer extends Enqueuer {
  readonly requests: readonly EnqueueRequest[];
}

export function createFakeEnqueuer(queued: EnqueueReport['queued'] = 'redis'): FakeEnqueuer {
  const requests: EnqueueRequest[] = [];
  return {
    requests,
    async enqueue(more) {
      const first = requests.length + 1;
      requests.push(...more);
      const accepted = more.map((_, index) => ({
        taskId: `task-${first + index}`,
        rowId: String(first + index),
        isNew: true,
      }));
      return { accepted, queued };
    },
  };
}
