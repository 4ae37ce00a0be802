import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { TakenJob } from '../../../src/core/job-ledger.ts';
import { type CriticalListener, createLifecycle, type Transition } from '../../../src/core/lifecycle.ts';
import { createMemoryLog } from '../../helpers/memory-log.ts';

const job = { taskId: 'a', task: 't', parameters: {}, subjectId: null } as TakenJob;
const cancelled: Transition = { kind: 'cancelled', job, reason: 'revoked' };
const started: Transition = { kind: 'started', job };

/** A lifecycle whose critical listeners are these functions. */
function makeLifecycle(critical: readonly CriticalListener['on'][] = []) {
  const log = createMemoryLog();
  const listeners = critical.map((on, index) => ({ name: `listener ${index}`, on }));
  return { log, lifecycle: createLifecycle({ critical: listeners, log }) };
}

describe('a transition', () => {
  test('is told to observers at once and in order, until they stop', async () => {
    const { lifecycle } = makeLifecycle();
    const heard: string[] = [];
    lifecycle.observe(({ kind }) => heard.push(`first ${kind}`));
    const stop = lifecycle.observe(({ kind }) => heard.push(`second ${kind}`));
    void lifecycle.tell(cancelled);
    expect(heard).toEqual(['first cancelled', 'second cancelled']);
    stop();
    await lifecycle.tell(cancelled);
    expect(heard).toEqual(['first cancelled', 'second cancelled', 'first cancelled']);
  });

  test('is over when every critical listener has done its part; they start in order', async () => {
    const order: string[] = [];
    let release = () => {};
    const { lifecycle } = makeLifecycle([
      () => {
        order.push('first starts');
        return new Promise<void>((resolve) => {
          release = resolve;
        }).then(() => void order.push('first ends'));
      },
      async () => void order.push('second starts and ends'),
    ]);
    const told = lifecycle.tell(cancelled).then(() => order.push('told'));
    await Promise.resolve();
    release();
    await told;
    expect(order).toEqual(['first starts', 'second starts and ends', 'first ends', 'told']);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
  ] as const)('goes on to the others when a listener %s, which is logged with its name', async (_how, fails) => {
    const heard: string[] = [];
    const { lifecycle, log } = makeLifecycle([fails, async () => void heard.push('critical')]);
    lifecycle.observe(fails);
    lifecycle.observe(() => heard.push('observer'));
    await lifecycle.tell(cancelled);
    await vi.waitFor(() => expect(log.named('lifecycle.listener_failed')).toHaveLength(2));
    expect(heard).toEqual(['observer', 'critical']);
    expect(log.events.map(({ fields: { listener, error } }) => ({ listener, error }))).toEqual(
      expect.arrayContaining([
        { listener: 'observer', error: 'broken' },
        { listener: 'listener 0', error: 'broken' },
      ]),
    );
  });
});

describe('a step of an attempt', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const make = () => {
    const published: string[] = [];
    const observed: string[] = [];
    const { lifecycle } = makeLifecycle([async ({ kind }) => void published.push(kind)]);
    lifecycle.observe(({ kind }) => observed.push(kind));
    return { announcer: lifecycle.announcer(), published, observed };
  };

  test('is observed at once, and published when it lasts 50 ms', async () => {
    const { announcer, published, observed } = make();
    announcer.tell(started);
    expect(observed).toEqual(['started']);
    await vi.advanceTimersByTimeAsync(49);
    expect(published).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(published).toEqual(['started']);
  });

  test('that another one follows sooner is not published', async () => {
    const { announcer, published, observed } = make();
    announcer.tell(started);
    announcer.tell({ kind: 'progress', job, step: { current: 1, total: 2, stage: 's', message: 'm' } });
    await vi.advanceTimersByTimeAsync(50);
    expect(observed).toEqual(['started', 'progress']);
    expect(published).toEqual(['progress']);
  });

  test('is not published after the attempt has ended', async () => {
    const { announcer, published } = make();
    announcer.tell(started);
    announcer.stop();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(published).toEqual([]);
  });
});
