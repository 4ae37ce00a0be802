/** The same meetings requested by several commands at the same time. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestClassification } from '../../../src/services/meetings/request-classification.ts';
import { insertMeetings, manyTranscripts } from '../../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';
import { query, startApp, type TestApp } from '../../helpers/start-app.ts';

let namespace: Namespace;
let app: TestApp;

beforeAll(async () => {
  namespace = await createNamespace();
  app = await startApp(namespace);
});
afterAll(async () => {
  await app?.close();
  await namespace?.close();
});

test('three requests for all meetings at once make one job for each meeting, and each names it (R10)', async () => {
  const ids = await insertMeetings(app.database, manyTranscripts(3_000));
  const order = { choice: 'all', isForced: false, actor: 'tests', origin: 'cli' } as const;
  const answers = await Promise.all([1, 2, 3].map(() => requestClassification(app, order)));
  const [row] = await query<{ jobs: number; meetings: number }>(
    app,
    `select count(*)::int as jobs, count(distinct meeting_id)::int as meetings from vambe_worker.jobs where task = 'classify_meeting'`,
  );
  expect(row).toEqual({ jobs: ids.length, meetings: ids.length });
  const taskIds = answers.map(({ jobs }) => jobs.map(({ taskId }) => taskId).sort());
  expect(taskIds[1]).toEqual(taskIds[0]);
  expect(taskIds[2]).toEqual(taskIds[0]);
  expect(answers.flatMap(({ jobs }) => jobs).filter(({ isNew }) => isNew)).toHaveLength(ids.length);
});
