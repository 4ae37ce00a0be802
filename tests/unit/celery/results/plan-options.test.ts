import { expect, it } from 'vitest';
import { encodeTaskMessage } from '../../../../src/celery/protocol/encode-task-message.ts';
import { isBadMessage, readTaskMessage } from '../../../../src/celery/protocol/read-task-message.ts';
import { planOptionsWith } from '../../../../src/celery/results/plan-options.ts';
import { nowMs, registry } from '../bridge/fakes.ts';

const clock = { wallMs: () => nowMs, monotonicMs: () => 0 };
const message = (() => {
  const { raw } = encodeTaskMessage({
    id: 'a',
    task: 't',
    args: [],
    kwargs: {},
    queue: 'q',
    rootId: 'r',
    origin: '1@h',
  });
  const read = readTaskMessage(raw);
  if (isBadMessage(read)) throw read.error;
  return read;
})();
const options = planOptionsWith({ registry, clock, origin: '2@h' })(message, ['result'], 'link');

it('names the parent, and a seed that differs by parent and kind of follow-up', () => {
  expect(options).toMatchObject({
    parent: { id: 'a', rootId: 'r' },
    prefix: ['result'],
    seed: 'vambe:child:a:link',
    nowMs,
    origin: '2@h',
  });
});

it.each([
  ['the queue that the signature names', 'classify_meeting', { queue: 'mine' }, 'mine'],
  ['the queue of a task that is known', 'classify_meeting', {}, 'classification'],
  ['the queue of its parent for another task', 'no.such.task', {}, 'q'],
])('sends to %s', (_which, task, given, queue) => {
  expect(options.queueOf(task, given)).toBe(queue);
});
