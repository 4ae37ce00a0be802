import { describe, expect, it } from 'vitest';
import type { Redis } from '../../../../src/core/connections/redis.ts';
import { sendAgain } from '../../../../src/services/jobs/send-again.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

const received = (row_id: string, more = {}) => ({
  row_id,
  list: 'celery',
  encoding: 'utf8',
  raw: '{}',
  is_cut: false,
  ...more,
});

function makeBroker(failure: Error | null = null) {
  const pushed: [string, string][] = [];
  const pipeline = () => ({
    lpush: (list: string, raw: Buffer) => pushed.push([list, raw.toString()]),
    exec: async () => pushed.map(() => [failure, 1]),
  });
  return { broker: { pipeline } as unknown as Redis, pushed };
}

const request = { rowIds: ['1', '2'], actor: 'cli', reason: null };

describe('Messages that were set aside', () => {
  it('go to their lists byte for byte before their rows are noted; one that was cut stays', async () => {
    const database = createFakeDatabase({
      jobs_received: [received('1', { raw: 'aGk=', encoding: 'base64' }), received('2', { is_cut: true })],
    });
    const { broker, pushed } = makeBroker();
    expect(await sendAgain({ database, broker }, request)).toEqual(['1']);
    expect(pushed).toEqual([['celery', 'hi']]);
    expect(database.calls('jobs_sent_again')).toEqual([[['1'], 'cli', null]]);
  });

  it('keep their rows as they are where Redis refuses', async () => {
    const database = createFakeDatabase({ jobs_received: [received('1')] });
    await expect(sendAgain({ database, broker: makeBroker(new Error('OOM')).broker }, request)).rejects.toThrow('OOM');
    expect(database.calls('jobs_sent_again')).toEqual([]);
  });
});
