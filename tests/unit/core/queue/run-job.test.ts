import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../../../src/core/errors.ts';
import type { TakenJob } from '../../../../src/core/job-ledger.ts';
import { complete, type Outcome } from '../../../../src/core/outcome.ts';
import { abortReasons, runJob, stopwatch } from '../../../../src/core/queue/run-job.ts';
import { type AttemptLimits, createTaskRegistry, defineTask, type TaskContext } from '../../../../src/core/task.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

const job: TakenJob = {
  rowId: '1',
  taskId: 'id',
  task: 'work',
  queue: 'default',
  parameters: {},
  subjectId: null,
  origin: 'tests',
  state: 'queued',
  failedAttempts: 2,
  runId: '9',
  startedAt: '2026-01-01T00:00:00Z',
  terms: null,
  isIsolated: false,
  ageMs: 10,
  subject: null,
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Runs one job whose handler is `run`, with limits of 2 and 3 s. */
function start(
  run: (context: TaskContext) => Promise<Outcome> | Outcome,
  { task = 'work', ...settings }: { task?: string; timeLimit?: AttemptLimits; terms?: TakenJob['terms'] } = {},
) {
  const controller = new AbortController();
  const lateEnds: unknown[] = [];
  const registry = createTaskRegistry([
    defineTask({
      name: 'work',
      parameters: z.object({}),
      timeLimit: settings.timeLimit,
      run: (_parameters, context: TaskContext) => run(context),
    }),
  ]);
  const outcome = runJob(registry, {
    job: { ...job, task, terms: settings.terms ?? null },
    services: { name: 'services' },
    signal: controller,
    log: createMemoryLog(),
    softLimitMs: 2_000,
    hardLimitMs: 3_000,
    progress: () => undefined,
    takeAgain: async () => job,
    onLateEnd: ({ result }) => lateEnds.push(result),
  });
  return { controller, outcome, lateEnds };
}

const whenAborted = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));

describe('one attempt', () => {
  test('gives the handler services, job and the number of its attempt', async () => {
    const { outcome } = start(({ attempt, services, job: own }) => complete({ attempt, services, rowId: own.rowId }));
    expect(await outcome).toMatchObject({ result: { attempt: 3, services: { name: 'services' }, rowId: '1' } });
  });

  test('ends as its error says', async () => {
    const { outcome } = start(() => {
      throw new AppError('TRANSCRIPT_EMPTY', 'empty');
    });
    expect(await outcome).toMatchObject({ kind: 'fail', error: { code: 'TRANSCRIPT_EMPTY' } });
  });

  test('of an unknown task fails for good', async () => {
    expect(await start(() => complete(1), { task: 'gone' }).outcome).toMatchObject({
      kind: 'fail',
      error: { code: 'TASK_UNKNOWN' },
    });
  });

  test('leaves no timer behind', async () => {
    await start(() => complete(1)).outcome;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('time limits', () => {
  test('at the soft one the signal aborts, and whoever heeds it is tried again as TASK_TIMEOUT', async () => {
    const { outcome, controller } = start(({ signal }) => whenAborted(signal));
    await vi.advanceTimersByTimeAsync(1_999);
    expect(controller.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(controller.signal.reason).toBe(abortReasons.softLimit);
    const ended = await outcome;
    expect(ended).toMatchObject({ kind: 'retry', error: { code: 'TASK_TIMEOUT' } });
    expect(ended.kind === 'retry' && ended.error.message).toContain('2 s');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('at the hard one a handler that does not listen is given up', async () => {
    const { outcome } = start(() => new Promise<never>(() => undefined));
    const ended = vi.fn();
    void outcome.then(ended);
    await vi.advanceTimersByTimeAsync(2_999);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toHaveBeenCalledWith(expect.objectContaining({ kind: 'retry' }));
  });

  test('a result between the two limits counts', async () => {
    const { outcome } = start(() => new Promise((resolve) => setTimeout(() => resolve(complete('late')), 2_500)));
    await vi.advanceTimersByTimeAsync(2_500);
    expect(await outcome).toMatchObject({ kind: 'complete', result: 'late' });
  });
});

describe("a task's own time limit", () => {
  test.each([
    ['a shorter soft limit', { softMs: 500 }, 500],
    ['a longer soft limit, with the hard one', { softMs: 5_000, hardMs: 6_000 }, 5_000],
    ['a soft limit beyond the hard limit of the settings', { softMs: 5_000 }, 5_000],
    ['a hard limit below the soft limit of the settings', { hardMs: 1_000 }, 1_000],
  ])('stops the attempt, which is tried again: %s', async (_name, timeLimit, afterMs) => {
    const { outcome } = start(({ signal }) => whenAborted(signal), { timeLimit });
    const ended = vi.fn();
    void outcome.then(ended);
    await vi.advanceTimersByTimeAsync(afterMs - 1);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toHaveBeenCalledWith(
      expect.objectContaining({ kind: 'retry', error: expect.objectContaining({ code: 'TASK_TIMEOUT' }) }),
    );
  });

  test('gives way to the limit that a message brings, which ends the job', async () => {
    const terms = { softLimitMs: 700, hardLimitMs: null } as TakenJob['terms'];
    const { outcome } = start(({ signal }) => whenAborted(signal), { timeLimit: { softMs: 5_000 }, terms });
    await vi.advanceTimersByTimeAsync(700);
    expect(await outcome).toMatchObject({ kind: 'fail', error: { code: 'TASK_SOFT_LIMIT' } });
  });
});

describe('an abort from outside', () => {
  test.each([abortReasons.stopping, abortReasons.lockLost])(
    'for "%s" hands the job back, also from a deaf handler',
    async (reason) => {
      const { outcome, controller } = start(() => new Promise<never>(() => undefined));
      controller.abort(reason);
      expect(await outcome).toEqual({ kind: 'requeue' });
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  test('before the start never lets the handler be waited for', async () => {
    const controller = new AbortController();
    controller.abort(abortReasons.stopping);
    const registry = createTaskRegistry([
      defineTask({ name: 'work', parameters: z.object({}), run: () => new Promise<Outcome>(() => undefined) }),
    ]);
    const outcome = runJob(registry, {
      job,
      services: {},
      signal: controller,
      log: createMemoryLog(),
      softLimitMs: 2_000,
      hardLimitMs: 3_000,
      progress: () => undefined,
      takeAgain: async () => job,
    });
    expect(await outcome).toEqual({ kind: 'requeue' });
  });

  test('by a person closes the job, whatever the handler makes of it', async () => {
    const { controller, outcome } = start(({ signal }) => whenAborted(signal));
    controller.abort(abortReasons.cancelled);
    expect(await outcome).toEqual({ kind: 'closed', reason: 'cancelled' });
  });

  test('for any other reason is a cancellation', async () => {
    const { outcome, controller } = start(({ signal }) => whenAborted(signal));
    controller.abort('revoked by Ana');
    expect(await outcome).toMatchObject({ kind: 'fail', error: { code: 'TASK_FAILED' } });
  });
});

test('a clock that goes back never makes a duration negative', () => {
  const times = [50, 20];
  const elapsedMs = stopwatch({ wallMs: () => 0, monotonicMs: () => times.shift() ?? 0 });
  expect(elapsedMs()).toBe(0);
});

describe('a handler that is given up and ends later', () => {
  test.each([abortReasons.lockLost, abortReasons.stopping, abortReasons.hardLimit])(
    'tells its result after %s where it has ended its row itself (R2)',
    async (reason) => {
      let finish: (outcome: Outcome) => void = () => undefined;
      const { controller, outcome, lateEnds } = start(() => new Promise((resolve) => (finish = resolve)));
      controller.abort(reason);
      await outcome;
      finish(complete('saved', { isRecorded: true }));
      await vi.advanceTimersByTimeAsync(0);
      expect(lateEnds).toEqual(['saved']);
    },
  );

  test('is ignored where its row is still open, as the job runs again (R2)', async () => {
    let finish: (outcome: Outcome) => void = () => undefined;
    const { controller, outcome, lateEnds } = start(() => new Promise((resolve) => (finish = resolve)));
    controller.abort(abortReasons.lockLost);
    expect((await outcome).kind).toBe('requeue');
    finish(complete('not saved'));
    await vi.advanceTimersByTimeAsync(0);
    expect(lateEnds).toEqual([]);
  });

  test('tells nothing where it ended in time', async () => {
    const { outcome, lateEnds } = start(() => complete('saved', { isRecorded: true }));
    await outcome;
    expect(lateEnds).toEqual([]);
  });
});
