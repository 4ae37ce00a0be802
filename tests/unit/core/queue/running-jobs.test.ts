import { expect, it } from 'vitest';
import { createRunningJobs } from '../../../../src/core/queue/running-jobs.ts';
import { fakeClock, takenJob } from '../../../helpers/deliveries.ts';

const make = () => createRunningJobs({ clock: fakeClock(7) });

it('jobs are listed from their begin to their end', () => {
  const running = make();
  const { end } = running.begin(takenJob(), 'j1-0');
  expect([running.size, running.has('1'), running.list()[0]?.startedWallMs]).toEqual([1, true, 7]);
  end();
  expect([running.size, running.has('1'), running.list()]).toEqual([0, false, []]);
});

it('a cancellation aborts its job alone and resolves when the job has let go', async () => {
  const running = make();
  const [one, two] = [running.begin(takenJob(), 'j1-0'), running.begin(takenJob({ rowId: '2' }), 'j2-0')];
  const gone = running.cancel('1');
  expect([one.controller.signal.reason, two.controller.signal.aborted]).toEqual(['cancelled', false]);
  one.end();
  await expect(gone).resolves.toBeUndefined();
  expect(running.cancel('1')).toBeUndefined();
});

it('locks that are lost abort the jobs of these BullMQ ids; a stop aborts all', () => {
  const running = make();
  const [one, two] = [running.begin(takenJob(), 'j1-0'), running.begin(takenJob({ rowId: '2' }), undefined)];
  running.abort('lockLost', ['j1-0', 'j9-0']);
  expect([one.controller.signal.reason, two.controller.signal.aborted]).toEqual(['lock-lost', false]);
  running.abort('stopping');
  expect([one.controller.signal.reason, two.controller.signal.reason]).toEqual(['lock-lost', 'stopping']);
});

it('ended jobs are counted by task', () => {
  const running = make();
  for (const task of ['a', 'b', 'a']) running.count(task);
  expect(running.counts()).toEqual({ a: 2, b: 1 });
});
