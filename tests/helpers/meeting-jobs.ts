/** Many classification jobs at once, and whether each was done, and shows, once. */
import { expect } from 'vitest';
import { insertMeetings, manyTranscripts } from './meetings.ts';
import { query, type TestApp } from './start-app.ts';
import { waitFor } from './wait-for.ts';

export async function enqueueMeetings(app: TestApp, count: number): Promise<number[]> {
  const ids = await insertMeetings(app.database, manyTranscripts(count));
  await app.enqueuer.enqueue(ids.map((id) => ({ task: 'classify_meeting', args: [id], origin: 'tests' })));
  return ids;
}

export async function countCompleted(
  app: TestApp,
  meetingIds: readonly number[],
  { origin = 'tests' }: { origin?: string } = {},
): Promise<number> {
  // A worker's own sweep_unclassified may have seen the meetings before their jobs were accepted.
  const text = `select count(*)::int from vambe_worker.jobs where meeting_id = any($1) and state = 'completed' and origin = $2`;
  const [row] = await query<{ count: number }>(app, text, [meetingIds, origin]);
  return row?.count ?? 0;
}

/** All of them end as completed, each meeting with one classification, no job with two runs, no attempt counted as failed. */
export async function expectAllDoneOnce(
  app: TestApp,
  meetingIds: readonly number[],
  { deadlineMs = 60_000, ...options }: { origin?: string; deadlineMs?: number } = {},
): Promise<void> {
  await waitFor(
    `${meetingIds.length} jobs to complete`,
    async () => (await countCompleted(app, meetingIds, options)) === meetingIds.length,
    deadlineMs,
  );
  const [row] = await query(
    app,
    `select (select count(*)::int from public.meetings_classifications where meeting_id = any($1)) as stored,
      (select count(*)::int - count(distinct job_id)::int from vambe_worker.runs where meeting_id = any($1)) as runs_too_many,
      (select sum(attempt)::int from vambe_worker.jobs where meeting_id = any($1)) as failed_attempts`,
    [meetingIds],
  );
  expect(row).toEqual({ stored: meetingIds.length, runs_too_many: 0, failed_attempts: 0 });
}
