import { describe, expect, it } from 'vitest';
import { sendFollowUps } from '../../../../src/services/jobs/send-follow-ups.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

const unsent = (redo: string) => ({ at: '', code: 'REDIS_REFUSED', message: '', redo });

describe('Follow-ups that Redis had refused', () => {
  it('are sent, and a row keeps those that are refused again', async () => {
    const database = createFakeDatabase({
      jobs_unsent: [
        { row_id: '1', terms: {}, unsent: [unsent('a')] },
        { row_id: '2', terms: {}, unsent: [unsent('b'), unsent('bad')] },
        { row_id: '3', terms: {}, unsent: [unsent('bad')] },
      ],
    });
    const send = async (_row: unknown, { redo }: { redo: string }) => {
      if (redo === 'bad') throw new Error('refused');
    };
    const done = await sendFollowUps({ database, send }, { rowIds: ['1', '2', '3'], actor: 'cli', reason: null });
    expect(done).toEqual(['1']);
    expect(database.calls('jobs_follow_ups_sent').map(([row, left]) => [row, JSON.parse(String(left)).length])).toEqual(
      [
        ['1', 0],
        ['2', 1],
      ],
    );
  });
});
