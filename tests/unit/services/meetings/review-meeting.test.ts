import { describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { readCorrections, reviewMeeting } from '../../../../src/services/meetings/review-meeting.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

const fields = [
  { id: 'urgency', type: 'boolean', periods: [], values: [] },
  { id: 'lead_source', type: 'enum', periods: [], values: [{ id: 'seo' }] },
] as const;
const corrections = [{ field: 'urgency', value: false }];
const request = { meetingId: 7, corrections, actor: 'Camila', reason: 'sure' };

function makeDatabase({ isClassified = true, isKnown = true } = {}) {
  const notes: (readonly unknown[])[] = [];
  const database = createFakeDatabase(
    {
      meeting_known: isKnown ? [{ id: 7 }] : [],
      classification_standing: isClassified ? [{ meeting_id: 7, urgency: false }] : [],
    },
    {
      transaction(text, values) {
        if (text.includes('for update') && isClassified) return [{ run_id: '3', corrected: {} }];
        if (text.includes('to_jsonb(mc)')) return [{ fields: { urgency: { value: true } }, columns: {} }];
        if (text.includes('vambe_worker.audit')) notes.push(values);
        return [];
      },
    },
  );
  return { database, notes };
}

describe('Corrections', () => {
  it('are read against the fields, each field once', () => {
    expect(readCorrections(['urgency=no', 'lead_source=seo'], fields)).toEqual([
      { field: 'urgency', value: false },
      { field: 'lead_source', value: 'seo' },
    ]);
    expect(() => readCorrections(['urgency=no', 'urgency=yes'], fields)).toThrow('"urgency" is given twice.');
  });
});

describe('A review', () => {
  it('saves before and after with its actor and reason, and replaces the copy that clients read', async () => {
    const { database, notes } = makeDatabase();
    const replaceCopy = vi.fn(async () => undefined);
    const reviewed = await reviewMeeting({ database, emptyLabel: null, replaceCopy }, request);
    expect(reviewed).toEqual({
      meetingId: 7,
      corrections: [{ field: 'urgency', before: true, after: false }],
      staleCopy: null,
    });
    expect(notes).toEqual([['Camila', 7, '{"urgency":true}', '{"urgency":false}', 'sure']]);
    expect(replaceCopy).toHaveBeenCalledWith(7, expect.stringContaining('"urgency":false'));
  });

  it('stays saved when Redis does not take the copy, and says so', async () => {
    const { database } = makeDatabase();
    const away = new AppError('REDIS_UNREACHABLE', 'Redis does not answer.');
    const replaceCopy = () => Promise.reject(away);
    const reviewed = await reviewMeeting({ database, emptyLabel: null, replaceCopy }, request);
    expect(reviewed.staleCopy).toBe(away);
  });

  it('is refused where there is no classification or no meeting', async () => {
    const replaceCopy = async () => undefined;
    const bare = reviewMeeting(
      { database: makeDatabase({ isClassified: false }).database, emptyLabel: null, replaceCopy },
      request,
    );
    await expect(bare).rejects.toThrow('Meeting 7 has no classification to correct.');
    const { database } = makeDatabase({ isClassified: false, isKnown: false });
    const unknown = reviewMeeting({ database, emptyLabel: null, replaceCopy }, request);
    await expect(unknown).rejects.toThrow('There is no meeting 7.');
  });
});
