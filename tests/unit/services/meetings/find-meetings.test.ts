import { describe, expect, it } from 'vitest';
import { findMeetings, findOneMeeting } from '../../../../src/services/meetings/find-meetings.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

const meetings = ['Clínica Norte', 'Clínica Sur', 'Clínica Este', 'Clínica Oeste', 'Clínica Centro', 'Clínica Sol'];
const found = (count: number) =>
  createFakeDatabase({
    meeting_of_clients: ([, limit]) =>
      meetings.slice(0, Math.min(count, Number(limit))).map((client_name, index) => ({
        id: index + 1,
        client_name,
        seller_name: 'Ana',
        meeting_at: new Date('2024-02-10T15:00:00Z'),
        total: count,
      })),
  });

describe('A meeting that is looked for by its client (N2)', () => {
  it('is found when just one fits', async () => {
    expect(await findOneMeeting(found(1), 'norte')).toMatchObject({ id: 1, client_name: 'Clínica Norte' });
  });

  it('is named among the others when several fit, five at most', async () => {
    await expect(findOneMeeting(found(2), 'clinica')).rejects.toThrow(
      '"clinica" fits 2 meetings: 1 (Clínica Norte, 2024-02-10), 2 (Clínica Sur, 2024-02-10). Give one of the ids.',
    );
    const many = findOneMeeting(found(6), 'clinica');
    await expect(many).rejects.toMatchObject({ code: 'USAGE' });
    await expect(many).rejects.toThrow('5 (Clínica Centro, 2024-02-10) and 1 more. Give one of the ids.');
  });

  it('is not found when none fits, and a blank name is refused', async () => {
    await expect(findOneMeeting(found(0), 'hotel')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(findMeetings(found(0), { client: ' ', limit: 5 })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('is listed with the count of all that fit', async () => {
    const listed = await findMeetings(found(6), { client: ' clinica ', limit: 2 });
    expect(listed.meetings.map(({ id }) => id)).toEqual([1, 2]);
    expect(listed.total).toBe(6);
  });
});
