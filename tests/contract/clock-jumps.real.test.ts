/** Wall clocks that jump, and hosts whose clocks disagree: starts keep their order, durations their sign, schedules their slots. */
import { expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { countQueue } from '../../src/core/queue/queue-counts.ts';
import { insertMeetings, spanishTranscript } from '../helpers/meetings.ts';
import { query, startApp, type TestAppOptions, type WorkOptions } from '../helpers/start-app.ts';
import { createGate, createStubClassifier, fieldOf } from '../helpers/stub-classifier.ts';
import { useTestBed } from '../helpers/test-bed.ts';
import { waitFor } from '../helpers/wait-for.ts';

const dayMs = 86_400_000;
const bed = useTestBed();
const { started } = bed;

async function startWorking(options: TestAppOptions, work: WorkOptions = {}) {
  const app = await startApp(bed.namespace, options);
  const worker = await app.work(work);
  started.push(async () => {
    await worker.stop(0);
    await app.close();
  });
  return app;
}
const clockAt = (offsetMs: () => number): Clock => ({ ...systemClock, wallMs: () => Date.now() + offsetMs() });

test.each([-dayMs, dayMs])(
  'a clock that jumps by %i ms between read and save spoils no duration (A10)',
  async (jumpMs) => {
    let offsetMs = 0;
    const classifier = createStubClassifier({
      before() {
        offsetMs = jumpMs;
      },
    });
    const app = await startWorking({ classifier, clock: clockAt(() => offsetMs) });
    const [meetingId] = await insertMeetings(app.database, [spanishTranscript]);
    expect(await app.rowIn(await app.ask({ args: [meetingId] }), 'completed')).toMatchObject({ attempt: 0 });
    const [row] = await query<{ ms: number }>(
      app,
      'select duration_ms as ms from vambe_worker.runs where meeting_id = $1',
      [meetingId],
    );
    expect(row?.ms).toBeGreaterThanOrEqual(0);
    expect(row?.ms).toBeLessThan(60_000);
    const finished = await waitFor('it to be told', () => app.log.named('job.finished')[0]);
    expect(finished.fields.duration_ms).toBeLessThan(60_000);
  },
);

test('of two hosts a day apart the later start wins, also against a later clock (A10)', async () => {
  const gate = createGate();
  const early = createStubClassifier({
    before: () => gate.wait(),
    answer: () => ({ fields: { business_sector: fieldOf('mining') } }),
  });
  // One at a time: while it is held it can take none of the later starts.
  const ahead = { clock: clockAt(() => dayMs), workerName: 'ahead@tests' };
  const first = await startWorking({ classifier: early, ...ahead }, { concurrency: 1 });
  const [meetingId] = await insertMeetings(first.database, [spanishTranscript]);
  const older = await first.ask({ args: [meetingId] });
  await waitFor('the first to be asked', () => gate.waiting === 1);
  const late = createStubClassifier({
    version: 'stub-2/tests',
    answer: () => ({ fields: { business_sector: fieldOf('retail') } }),
  });
  const second = await startWorking({ classifier: late, clock: clockAt(() => -dayMs), workerName: 'behind@tests' });
  await waitFor('the second to answer', async () => {
    await second.ask({ args: [meetingId] });
    return late.calls.length > 0;
  });
  await waitFor(
    'its save',
    async () =>
      (await query(first, 'select 1 from public.meetings_classifications where meeting_id = $1', [meetingId])).length >
      0,
  );
  gate.open();
  await first.rowIn(older, 'completed');
  const [row] = await query(
    first,
    'select business_sector from public.meetings_classifications where meeting_id = $1',
    [meetingId],
  );
  expect(row).toEqual({ business_sector: 'retail' });
});

test('a slot of a schedule that two hosts take makes one job (A10)', async () => {
  const [ahead, behind] = [
    await startWorking({ clock: clockAt(() => dayMs) }),
    await startWorking({ clock: clockAt(() => -dayMs) }),
  ];
  for (const host of ['one', 'two'])
    await ahead.queues
      .get('default')
      .add('health_check', { schedule: 'health_check', v: 1 }, { jobId: `repeat:${host}:1767225600000` });
  const rows = () =>
    query(behind, `select state from vambe_worker.jobs where origin = 'schedule' and task = 'health_check'`);
  await waitFor('both to be done', async () => {
    const { waiting, active } = await countQueue(ahead.queues, 'default');
    return waiting + active === 0;
  });
  expect(await rows()).toEqual([{ state: 'completed' }]);
});
