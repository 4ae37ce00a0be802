import { DelayedError, UnrecoverableError, WaitingError } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { AttemptFailed, acknowledge, isLostJob, isVerdict } from '../../../../src/core/queue/acknowledge.ts';
import { endOf, fakeDelivery } from '../../../helpers/deliveries.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

const error = new AppError('TASK_FAILED', 'no luck');
const line = { level: 'info', event: 'job.told', fields: { a: 1 } } as const;

describe('the acknowledgement', () => {
  it.each([
    [{ kind: 'complete' } as const, 'returned', []],
    [{ kind: 'fail', error } as const, 'UnrecoverableError', []],
    [{ kind: 'retry', error, delayMs: 7 } as const, 'AttemptFailed', []],
    [{ kind: 'snooze', untilMs: 42 } as const, 'DelayedError', ['delayed 42']],
    [{ kind: 'requeue' } as const, 'WaitingError', ['wait']],
  ])('%o ends with %s', async (acknowledgement, end, moves) => {
    const delivery = fakeDelivery();
    const log = createMemoryLog();
    expect(await endOf(acknowledge(delivery, { ...acknowledgement, line }, log))).toBe(end);
    expect(delivery.moves).toEqual(moves);
    expect(log.named('job.told')).toHaveLength(1);
  });

  it('names code and message to BullMQ, and the delay of a retry', async () => {
    const failed = await acknowledge(fakeDelivery(), { kind: 'retry', error, delayMs: 7 }, createMemoryLog()).catch(
      (each) => each,
    );
    expect(failed).toMatchObject({ message: 'TASK_FAILED: no luck', delayMs: 7 });
  });

  it.each(['snooze', 'requeue'] as const)(
    '%s of a job that another worker has by now is logged and ends',
    async (kind) => {
      const log = createMemoryLog();
      const delivery = fakeDelivery({ moveError: new Error('Missing lock for job j1-0. moveToDelayed') });
      const end = await endOf(acknowledge(delivery, { kind, untilMs: 1, line }, log));
      expect(end).toBe(kind === 'snooze' ? 'DelayedError' : 'WaitingError');
      expect(log.named('job.stale')).toHaveLength(1);
    },
  );

  it('passes on what Redis says when a move fails', async () => {
    const delivery = fakeDelivery({ moveError: new Error('READONLY') });
    await expect(acknowledge(delivery, { kind: 'requeue' }, createMemoryLog())).rejects.toThrow('READONLY');
  });
});

it('a verdict is what BullMQ understands, and nothing else', () => {
  const verdicts = [new AttemptFailed(error, 1), new UnrecoverableError(), new DelayedError(), new WaitingError()];
  expect(verdicts.map(isVerdict)).toEqual([true, true, true, true]);
  expect([error, new Error('x'), undefined].map(isVerdict)).toEqual([false, false, false]);
});

it('a lost job is known by the words of BullMQ', () => {
  expect(isLostJob(new Error('Lock mismatch for job j1-0'))).toBe(true);
  expect(isLostJob(new Error('connection lost'))).toBe(false);
});
