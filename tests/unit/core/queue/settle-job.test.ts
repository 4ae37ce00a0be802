import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import type { CompletedJob, FailedAttempt } from '../../../../src/core/job-ledger.ts';
import {
  closed,
  complete,
  endedElsewhere,
  fail,
  hold,
  type Outcome,
  requeue,
  retry,
  snooze,
} from '../../../../src/core/outcome.ts';
import { type SettleDeps, settleJob } from '../../../../src/core/queue/settle-job.ts';
import { fakeClock, takenJob } from '../../../helpers/deliveries.ts';

const error = new AppError('TASK_FAILED', 'no luck');

/** Settles one outcome; `isOurs` false: another run ended the row. */
async function settle(outcome: Outcome, { isOurs = true, failedAttempts = 0 } = {}) {
  const rows: (CompletedJob | FailedAttempt)[] = [];
  const holds: string[] = [];
  const add = async (row: CompletedJob | FailedAttempt) => {
    rows.push(row);
    return isOurs;
  };
  const deps: SettleDeps = {
    complete: { add, idle: async () => undefined },
    noteFailure: { add, idle: async () => undefined },
    worker: 'worker@tests',
    clock: fakeClock(1_000),
    retryDelayMs: () => 60,
    hold: async (queue) => void holds.push(queue),
    maxRetries: () => 2,
    finishedLines: { nextLevel: () => 'info' },
  };
  const settlement = await settleJob(deps, { job: takenJob({ failedAttempts }), outcome, durationMs: 12.4 });
  return { rows, holds, ...settlement };
}

describe('an outcome is settled:', () => {
  it('complete writes the row, is published and acknowledged', async () => {
    const { rows, publish, acknowledgement } = await settle(complete({ a: 1 }));
    expect(rows).toMatchObject([{ rowId: '1', runId: '9', result: { a: 1 }, worker: 'worker@tests' }]);
    expect(publish).toMatchObject({ kind: 'succeeded', resultJson: '{"a":1}' });
    expect(acknowledgement).toMatchObject({ kind: 'complete', line: { event: 'job.finished' } });
  });

  it('complete of a handler that ended its row itself writes none', async () => {
    const { rows, publish } = await settle(complete('x', { isRecorded: true }));
    expect(rows).toEqual([]);
    expect(publish?.kind).toBe('succeeded');
  });

  it('a result that cannot be stored fails the job instead', async () => {
    const { rows, acknowledgement } = await settle(complete('a\0b'));
    expect(rows).toMatchObject([{ code: 'RESULT_NOT_STORABLE', dueAt: null }]);
    expect(acknowledgement.kind).toBe('fail');
  });

  it('fail notes the attempt, publishes the error with its cache, and is acknowledged as failed', async () => {
    const cache = [{ key: 'k', json: null, lifeSeconds: 1 }];
    const { rows, publish, acknowledgement } = await settle(fail(error, { cache }));
    expect(rows).toMatchObject([{ attempt: 1, code: 'TASK_FAILED', dueAt: null }]);
    expect(publish).toMatchObject({ kind: 'failed', cache });
    expect(acknowledgement).toMatchObject({ kind: 'fail', line: { event: 'job.failed' } });
  });

  it.each([
    [undefined, 60],
    [5, 5],
  ])('retry with the delay %s comes again after %s ms', async (delayMs, expected) => {
    const { rows, publish, acknowledgement } = await settle(retry(error, { delayMs }), { failedAttempts: 1 });
    expect(rows).toMatchObject([{ attempt: 2, dueAt: new Date(1_000 + expected).toISOString() }]);
    expect(publish?.kind).toBe('retrying');
    expect(acknowledgement).toMatchObject({ kind: 'retry', delayMs: expected });
  });

  it('retry without an attempt left fails the job', async () => {
    const { rows, acknowledgement } = await settle(retry(error), { failedAttempts: 2 });
    expect(rows).toMatchObject([{ attempt: 3, dueAt: null }]);
    expect(acknowledgement.kind).toBe('fail');
  });

  it('snooze writes no row and counts no attempt', async () => {
    const { rows, publish, acknowledgement } = await settle(snooze('busy', 500));
    expect([rows, publish]).toEqual([[], null]);
    expect(acknowledgement).toMatchObject({ kind: 'snooze', untilMs: 1_500 });
  });

  it('hold makes the queue wait before the job is requeued', async () => {
    const { holds, publish, acknowledgement } = await settle(hold(error, null));
    expect(holds).toEqual(['default']);
    expect([publish?.kind, acknowledgement.kind]).toEqual(['waiting', 'requeue']);
  });

  it('requeue does nothing else', async () => {
    const { rows, publish, acknowledgement } = await settle(requeue());
    expect([rows, publish, acknowledgement.kind]).toEqual([[], null, 'requeue']);
  });

  it('closed is acknowledged, or comes back to publish what its other end did not', async () => {
    expect((await settle(closed('cancelled'))).acknowledgement.kind).toBe('complete');
    expect((await settle(closed(endedElsewhere))).acknowledgement).toMatchObject({ kind: 'snooze', untilMs: 6_000 });
  });

  it.each([complete(1), fail(error), retry(error)])(
    '$kind of a row that ended elsewhere publishes nothing',
    async (outcome) => {
      const { publish, acknowledgement } = await settle(outcome, { isOurs: false });
      expect(publish).toBeNull();
      expect(acknowledgement).toMatchObject({ kind: 'snooze', line: { event: 'job.closed' } });
    },
  );
});
