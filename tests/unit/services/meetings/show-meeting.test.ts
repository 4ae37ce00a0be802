import { describe, expect, it, vi } from 'vitest';
import { showMeeting } from '../../../../src/services/meetings/show-meeting.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

const meeting = [
  7,
  '2024-02-10 15:00:00+00',
  false,
  'Hola.',
  [1, 'Clínica Norte', null, null],
  [2, 'Ana', 'a@x.cl'],
  null,
];
const makeDatabase = (state: string) =>
  createFakeDatabase(
    {
      jobs_list_any_meeting: ([running]) => [
        { task_id: 'a', state: (running as string[]).includes('a') ? 'processing' : state },
      ],
      meeting_runs: [],
      review_list: [],
    },
    { orm: [[meeting], []] },
  );
const request = { meetingId: 7, order: ['urgency'] };

describe('A shown meeting', () => {
  it('comes with its people, without labels where it is not classified', async () => {
    const listRunning = vi.fn(async () => []);
    const shown = await showMeeting({ database: makeDatabase('completed'), listRunning }, request);
    expect(shown.meeting).toMatchObject({ id: 7, client: { name: 'Clínica Norte' }, seller: { name: 'Ana' } });
    expect(shown).toMatchObject({ labels: [], jobs: [{ state: 'completed' }], runs: [], reviews: [] });
    expect(listRunning).not.toHaveBeenCalled();
  });

  it('asks which jobs run only where one is open', async () => {
    const listRunning = vi.fn(async () => ['a']);
    const shown = await showMeeting({ database: makeDatabase('queued'), listRunning }, request);
    expect(shown.jobs).toMatchObject([{ state: 'processing' }]);
    expect(listRunning).toHaveBeenCalledOnce();
  });

  it('is refused where there is none', async () => {
    const deps = { database: createFakeDatabase(), listRunning: async () => [] };
    await expect(showMeeting(deps, request)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'There is no meeting 7. "vambe export" lists all of them.',
    });
  });
});
