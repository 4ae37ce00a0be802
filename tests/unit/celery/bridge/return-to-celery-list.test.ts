import { describe, expect, it } from 'vitest';
import { returnToCeleryList } from '../../../../src/celery/bridge/return-to-celery-list.ts';
import type { UntouchedJob } from '../../../../src/core/job-ledger.ts';
import type { Queues } from '../../../../src/core/queue/queues.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

const job = (rowId: string, rest: Partial<UntouchedJob> = {}): UntouchedJob => ({
  rowId,
  queue: 'default',
  delivery: 1,
  list: 'celery',
  raw: `message ${rowId}`,
  ...rest,
});

interface Given {
  readonly jobs: readonly UntouchedJob[];
  /** Queues that other workers take from. */
  readonly others: readonly string[];
  /** Rows whose job a worker runs. */
  readonly running: readonly string[];
  /** Rows that somebody ended meanwhile. */
  readonly ended: readonly string[];
}

async function returnAll({ jobs, others = [], running = [], ended = [] }: Partial<Given> & Pick<Given, 'jobs'>) {
  const calls: unknown[][] = [];
  const log = createMemoryLog();
  const bullQueue = {
    getJobState: async (id: string) => (running.some((row) => id.includes(row)) ? 'active' : 'waiting'),
    remove: async () => 1,
  };
  await returnToCeleryList({
    log,
    // The two methods of BullMQ's queue that it uses.
    queues: { names: ['default'], get: () => bullQueue } as unknown as Queues,
    queuesOfOthers: async () => others,
    ledger: {
      listUntouched: async () => jobs,
      async withdraw(rowIds) {
        calls.push(['withdraw', ...rowIds]);
        return rowIds.filter((id) => !ended.includes(id));
      },
    },
    inflight: {
      async beat() {
        calls.push(['beat']);
        return 0;
      },
      async add(messages) {
        calls.push(['add', ...messages.map(({ raw }) => raw)]);
        return messages.map(({ raw }) => `tag of ${raw}`);
      },
      async push(tags) {
        calls.push(['push', ...tags]);
      },
      async remove(tags) {
        calls.push(['remove', ...tags]);
      },
    },
  });
  return { calls, log };
}

describe('returnToCeleryList', () => {
  it('adds the messages in flight, deletes their rows, then pushes them, the oldest last', async () => {
    const { calls, log } = await returnAll({ jobs: [job('1'), job('2')] });
    expect(calls).toEqual([
      ['beat'],
      ['add', 'message 2', 'message 1'],
      ['withdraw', '2', '1'],
      ['push', 'tag of message 2', 'tag of message 1'],
      ['remove'],
    ]);
    expect(log.named('celery.given_back')).toMatchObject([{ fields: { messages: 2 } }]);
  });

  it('leaves a job that runs, and one whose row has no message', async () => {
    const { calls } = await returnAll({ jobs: [job('1'), job('2', { raw: '' }), job('3')], running: ['3'] });
    expect(calls).toContainEqual(['withdraw', '1']);
  });

  it('pushes no message whose row was ended meanwhile', async () => {
    const { calls } = await returnAll({ jobs: [job('1'), job('2')], ended: ['1'] });
    expect(calls.slice(-2)).toEqual([
      ['push', 'tag of message 2'],
      ['remove', 'tag of message 1'],
    ]);
  });

  it('returns nothing of a queue that another worker takes from', async () => {
    const { calls } = await returnAll({ jobs: [job('1')], others: ['default'] });
    expect(calls).toEqual([]);
  });
});
