import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../../../src/core/errors.ts';
import type { TakenJob } from '../../../../src/core/job-ledger.ts';
import type { Transition } from '../../../../src/core/lifecycle.ts';
import { closed, complete, type Outcome, requeue, retry, snooze } from '../../../../src/core/outcome.ts';
import { type DeliveryDeps, deliver, msToSlot, publish, take, versionOf } from '../../../../src/core/queue/consume.ts';
import { jobDataVersion } from '../../../../src/core/queue/queues.ts';
import { createRunningJobs } from '../../../../src/core/queue/running-jobs.ts';
import { createTaskRegistry, defineTask, type TaskContext } from '../../../../src/core/task.ts';
import { endOf, fakeClock, fakeDelivery, takenJob } from '../../../helpers/deliveries.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

let done: string[];
beforeEach(() => {
  done = [];
});

/** A worker whose table holds this row, and whose one task does this. */
function makeDeps(
  more: Partial<DeliveryDeps> & { row?: TakenJob; run?: (context: TaskContext) => Promise<Outcome> } = {},
) {
  const { row = takenJob(), run = async () => complete({ ok: true }), ...rest } = more;
  const clock = fakeClock(1_000);
  const log = createMemoryLog();
  const note = async () => {
    done.push('row');
    return true;
  };
  const batcher = { add: note, idle: async () => undefined };
  const running = createRunningJobs({ clock });
  const deps: DeliveryDeps = {
    registry: createTaskRegistry([
      defineTask({ name: 'work', parameters: z.object({}), run: (_given, context: TaskContext) => run(context) }),
    ]),
    ledger: {
      cancel: async (_rowId, { code }) => void done.push(`cancel ${code}`),
      markIsolated: async () => void done.push('mark isolated'),
    },
    taker: { add: async (rowId) => (rowId === row.rowId ? row : undefined) },
    settle: {
      complete: batcher,
      noteFailure: batcher,
      worker: 'worker@tests',
      clock,
      retryDelayMs: () => 50,
      hold: async () => undefined,
      maxRetries: () => 1,
      finishedLines: { nextLevel: () => 'info' },
    },
    lifecycle: {
      tell: async ({ kind }: Transition) => void done.push(kind),
      announcer: () => ({ tell: ({ kind }) => void done.push(kind), stop: () => undefined }),
    },
    running,
    outages: { report: (error) => (error instanceof AppError && error.code.startsWith('REDIS_') ? error : undefined) },
    rates: { hasSlots: () => false, msToSlot: async () => 0 },
    isolation: {
      async run(_rowId, { beforeSingle }) {
        await beforeSingle?.();
        done.push(beforeSingle ? 'isolated, single' : 'isolated');
        return complete(1);
      },
    },
    services: {},
    softLimitMs: 1_000,
    hardLimitMs: 2_000,
    clock,
    log,
    publishEnded: async () => void done.push('publish ended'),
    isStopping: () => false,
    acceptScheduled: async (task, schedule, slotMs) => {
      done.push(`accept ${task} ${schedule} ${slotMs}`);
      return '1';
    },
    ...rest,
  };
  return { deps, log, running };
}

describe('a delivery', () => {
  it('goes through all steps in order: row, publication, acknowledgement', async () => {
    const { deps, running, log } = makeDeps();
    expect(await endOf(deliver(deps, fakeDelivery()))).toBe('returned');
    expect(done).toEqual(['started', 'row', 'succeeded']);
    expect(log.named('job.finished')[0]?.fields).toMatchObject({ job_id: '1', task: 'work' });
    expect([running.size, running.counts()]).toEqual([0, { work: 1 }]);
  });

  it('is requeued untouched while the process stops', async () => {
    const delivery = fakeDelivery();
    expect(await endOf(deliver(makeDeps({ isStopping: () => true }).deps, delivery))).toBe('WaitingError');
    expect([done, delivery.moves]).toEqual([[], ['wait']]);
  });

  it('of a newer version waits for a newer worker', async () => {
    const delivery = fakeDelivery({ data: { id: '1', v: jobDataVersion + 1 } });
    const { deps, log } = makeDeps();
    expect(await endOf(deliver(deps, delivery))).toBe('DelayedError');
    expect(delivery.moves).toEqual(['delayed 31000']);
    expect(log.named('job.too_new')).toHaveLength(1);
  });

  it('whose data Redis lost is acknowledged; what its row ended with is published', async () => {
    expect(await endOf(deliver(makeDeps().deps, fakeDelivery({ data: {} })))).toBe('returned');
    expect(done).toEqual([]);
    const { deps } = makeDeps({ row: takenJob({ state: 'completed' }) });
    expect(await endOf(deliver(deps, fakeDelivery({ data: {} })))).toBe('returned');
    expect(done).toEqual(['publish ended']);
  });

  it('that comes before its rate slot is snoozed until then, and its row is not taken', async () => {
    const delivery = fakeDelivery();
    const { deps } = makeDeps({
      rates: { hasSlots: () => true, msToSlot: async () => 250 },
      taker: { add: () => Promise.reject(new Error('taken')) },
    });
    expect(await endOf(deliver(deps, delivery))).toBe('DelayedError');
    expect(delivery.moves).toEqual(['delayed 1250']);
  });

  it('without a row is acknowledged', async () => {
    const { deps, log } = makeDeps();
    expect(await endOf(deliver(deps, fakeDelivery({ data: { id: '404', v: 1 } })))).toBe('returned');
    expect(log.named('job.row_gone')[0]?.fields).toEqual({ job_id: '404' });
  });

  it.each(['completed', 'failed', 'cancelled'] as const)(
    'of a row that is %s publishes that and is acknowledged',
    async (state) => {
      const { deps } = makeDeps({ row: takenJob({ state }) });
      expect(await endOf(deliver(deps, fakeDelivery()))).toBe('returned');
      expect(done).toEqual(['publish ended']);
    },
  );

  it.each([
    ['revoked', 'TASK_REVOKED'],
    ['expired', 'TASK_EXPIRED'],
  ] as const)('of a job that was %s closes the row as %s and is acknowledged', async (reason, code) => {
    const { deps } = makeDeps({ refuses: () => reason });
    expect(await endOf(deliver(deps, fakeDelivery()))).toBe('returned');
    expect(done).toEqual([`cancel ${code}`, 'cancelled']);
  });

  it('that a handler retries is not acknowledged, and counts as no end', async () => {
    const { deps, running } = makeDeps({ run: async () => retry(new Error('later')) });
    expect(await endOf(deliver(deps, fakeDelivery()))).toBe('AttemptFailed');
    expect(done).toEqual(['started', 'row', 'retrying']);
    expect(running.counts()).toEqual({});
  });

  it('is shown as running until BullMQ has it back', async () => {
    const { deps, running } = makeDeps({ run: async () => requeue() });
    const delivery = fakeDelivery();
    const seen: number[] = [];
    delivery.bullJob.moveToWait = async () => seen.push(running.size);
    expect(await endOf(deliver(deps, delivery))).toBe('WaitingError');
    expect([seen, running.size]).toEqual([[1], 0]);
  });

  it.each([
    [1, ['started', 'mark isolated', 'isolated', 'row', 'succeeded']],
    [2, ['started', 'mark isolated', 'isolated, single', 'row', 'succeeded']],
    [3, ['started', 'mark isolated', 'isolated, single', 'row', 'succeeded']],
  ])('after %s stalls: %j', async (stalledCounter, steps) => {
    await endOf(deliver(makeDeps().deps, fakeDelivery({ stalledCounter })));
    expect(done).toEqual(steps);
  });

  it('that ran as the only suspect while its worker died is failed; one that was only held is not (A7)', async () => {
    const data = { id: '1', v: jobDataVersion };
    const held = fakeDelivery({ stalledCounter: 3, data });
    expect(await endOf(deliver(makeDeps().deps, held))).toBe('returned');
    expect(held.updates).toEqual([{ ...data, runsSingle: true }, data]);
    done = [];
    const ran = fakeDelivery({ stalledCounter: 3, data: { ...data, runsSingle: true } });
    expect(await endOf(deliver(makeDeps().deps, ran))).toBe('UnrecoverableError');
    expect(done).toEqual(['started', 'row', 'failed']);
  });

  it('whose hash Redis lost before the note could be written is not started (A7)', async () => {
    const gone = new Error('Missing key for job j1-0. updateData');
    const delivery = fakeDelivery({ stalledCounter: 2, moveError: gone });
    delivery.bullJob.updateData = () => Promise.reject(gone);
    const { deps, log } = makeDeps();
    expect(await endOf(deliver(deps, delivery))).toBe('DelayedError');
    expect(done).toEqual(['started', 'mark isolated']);
    expect(log.named('job.waits')).toEqual([]);
  });

  it('that waits for the slot of the only suspect leaves no note, and one that was taken away leaves it (A7)', async () => {
    const waits = fakeDelivery({ stalledCounter: 2 });
    const { deps } = makeDeps({ isolation: { run: async () => snooze('no slot', 5) } });
    expect(await endOf(deliver(deps, waits))).toBe('DelayedError');
    expect(waits.updates.some(({ runsSingle }) => runsSingle)).toBe(false);
    const lost = fakeDelivery({ stalledCounter: 2 });
    const { deps: frozen, running } = makeDeps({
      isolation: {
        async run(_rowId, { beforeSingle }) {
          await beforeSingle?.();
          running.abort('lockLost');
          return requeue();
        },
      },
    });
    expect(await endOf(deliver(frozen, lost))).toBe('WaitingError');
    expect(lost.updates).toEqual([{ id: '1', v: jobDataVersion, runsSingle: true }]);
  });

  it('that a server refused is snoozed for 2 s and costs no attempt', async () => {
    const fault = new AppError('REDIS_UNREACHABLE', 'away');
    const delivery = fakeDelivery();
    const { deps } = makeDeps({ run: () => Promise.reject(fault) });
    expect(await endOf(deliver(deps, delivery))).toBe('DelayedError');
    expect([done, delivery.moves]).toEqual([['started'], ['delayed 3000']]);
  });

  it('that meets a bug of ours is logged and snoozed for 30 s', async () => {
    const delivery = fakeDelivery();
    const { deps, log } = makeDeps({ taker: { add: () => Promise.reject(new TypeError('oops')) } });
    expect(await endOf(deliver(deps, delivery))).toBe('DelayedError');
    expect(delivery.moves).toEqual(['delayed 31000']);
    expect(log.named('job.waits')[0]?.fields).toMatchObject({ code: 'BUG', error: 'TypeError: oops' });
  });

  it('that meets an error of ours outside of the handler is failed by BullMQ, with a line', async () => {
    const { deps, log } = makeDeps({ taker: { add: () => Promise.reject(new AppError('BUG', 'no')) } });
    expect(await endOf(deliver(deps, fakeDelivery()))).toBe('AppError');
    expect(log.named('job.failed')).toHaveLength(1);
  });
});

describe('a step alone:', () => {
  it.each([
    [{ v: jobDataVersion }, 'known'],
    [{ v: jobDataVersion + 1 }, 'too-new'],
    [{ v: 'x' }, 'too-new'],
    [{}, 'lost'],
    [null, 'lost'],
  ])('the version of %j is %s', (data, expected) => {
    expect(versionOf({ data } as Parameters<typeof versionOf>[0])).toBe(expected);
  });

  it('a task without a limit waits for no slot', async () => {
    const rates = { hasSlots: () => false, msToSlot: () => Promise.reject(new Error('asked')) };
    expect(await msToSlot({ rates }, fakeDelivery().bullJob)).toBe(0);
  });

  it.each([
    ['repeat:sweep:77000', 77_000],
    ['odd', 5_000],
  ])('take makes the row of the scheduled run %s first, for the moment %s', async (id, slotMs) => {
    const { deps } = makeDeps();
    const { bullJob } = fakeDelivery({ id, data: { schedule: 'nightly', v: 1 } });
    expect((await take(deps, bullJob)).job?.rowId).toBe('1');
    expect(done).toEqual([`accept work nightly ${slotMs}`]);
  });

  it('publish tells of a cancellation last, over what the run published meanwhile', async () => {
    const { deps } = makeDeps();
    const controller = new AbortController();
    controller.abort('cancelled');
    const acknowledgement = { kind: 'complete' } as const;
    await publish(deps, { job: takenJob(), controller }, { publish: null, acknowledgement });
    expect(done).toEqual(['cancelled']);
    expect(closed('cancelled').kind).toBe('closed');
  });
});
