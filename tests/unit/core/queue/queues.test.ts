import { Queue } from 'bullmq';
import { describe, expect, it, vi } from 'vitest';
import { createRedis } from '../../../../src/core/connections/redis.ts';
import type { OpenJob } from '../../../../src/core/job-ledger.ts';
import { bullJobId, createQueues, groupByQueue, readBullJobId } from '../../../../src/core/queue/queues.ts';
import { fakeClock } from '../../../helpers/deliveries.ts';

const row = (more: Partial<OpenJob> = {}): OpenJob => ({
  rowId: '12',
  task: 'work',
  queue: 'default',
  delivery: 3,
  priority: 1,
  failedAttempts: 0,
  dueAt: null,
  ...more,
});

describe('ids of BullMQ jobs', () => {
  it('name row and delivery, and are read back', () => {
    expect(bullJobId(row())).toBe('j12-3');
    expect(readBullJobId('j12-3')).toEqual({ rowId: '12', delivery: 3 });
  });

  it.each(['repeat:sweep:1000', 'j12', '', 'xj1-2'])('%j is no id of a row', (id) => {
    expect(readBullJobId(id)).toBeUndefined();
  });
});

it('rows are grouped by queue in their order', () => {
  const groups = groupByQueue([row({ rowId: '1' }), row({ rowId: '2', queue: 'x' }), row({ rowId: '3' })]);
  expect([...groups].map(([name, rows]) => [name, rows.map(({ rowId }) => rowId)])).toEqual([
    ['default', ['1', '3']],
    ['x', ['2']],
  ]);
});

describe('rows that are added', () => {
  it('become BullMQ jobs with the attempts that are left, a delay and a priority', async () => {
    const addBulk = vi.spyOn(Queue.prototype, 'addBulk').mockResolvedValue([]);
    // Connects to nothing: no command is sent before the first job.
    const connection = createRedis({ url: 'redis://127.0.0.1:1/0', name: 'tests', use: 'queue' });
    connection.on('error', () => undefined);
    const queues = createQueues({
      connection,
      names: ['default'],
      clock: fakeClock(1_000),
      maxRetries: 3,
      maxRetriesOf: (task) => (task === 'own' ? 9 : undefined),
    });
    await queues.add([
      row({ failedAttempts: 2, dueAt: new Date(1_500).toISOString() }),
      row({ task: 'own', priority: 0 }),
    ]);
    expect(addBulk.mock.calls[0]?.[0]).toMatchObject([
      { name: 'work', data: { id: '12' }, opts: { jobId: 'j12-3', attempts: 2, delay: 500, priority: 1 } },
      { name: 'own', opts: { attempts: 10 } },
    ]);
    expect(() => queues.get('none')).toThrow('No task uses the queue "none", known are default.');
    addBulk.mockRestore();
    connection.disconnect();
  });
});
