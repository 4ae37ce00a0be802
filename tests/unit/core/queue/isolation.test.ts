import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { closed, complete, fail, hold, type Outcome, requeue, retry, snooze } from '../../../../src/core/outcome.ts';
import {
  createIsolationPool,
  type IsolationPool,
  type PoolRun,
  runIsolated,
  stallsOf,
  toSent,
} from '../../../../src/core/queue/isolation.ts';
import { takenJob } from '../../../helpers/deliveries.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

let folder = '';
let entry: URL;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'isolation-'));
  const file = path.join(folder, 'child.mjs');
  // Row `die` kills the child, `slow` waits for its abort, every other one completes with its own id.
  await writeFile(
    file,
    `let id;
const answer = (outcome) => process.send({ kind: 'outcome', outcome });
process.on('message', (message) => {
  if (message.kind === 'abort') answer({ kind: 'closed', reason: message.reason });
  if (message.kind !== 'run') return;
  id = message.rowId;
  if (id === 'die') process.exit(1);
  if (id !== 'slow') answer({ kind: 'complete', result: id, isRecorded: true, cache: [] });
});
process.on('disconnect', () => process.exit(0));`,
  );
  entry = pathToFileURL(file);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const makePool = () => createIsolationPool({ entry, options: {}, log: createMemoryLog() });
const options = (signal = new AbortController().signal): PoolRun => ({ signal });
const single = (beforeSingle = async () => undefined): PoolRun => ({ ...options(), beforeSingle });

describe('the pool', () => {
  it('answers what the child answers, and fails the job of which the child dies', async () => {
    const pool = makePool();
    expect(await pool.run('7', options())).toMatchObject({ kind: 'complete', result: '7' });
    expect(await pool.run('die', options())).toMatchObject({ kind: 'fail', error: { code: 'JOB_POISONED' } });
    pool.stop();
  });

  it('has two children at most, and runs nothing beside a single job', async () => {
    const pool = makePool();
    const controller = new AbortController();
    const slow = [pool.run('slow', options(controller.signal)), pool.run('slow', options(controller.signal))];
    expect(await pool.run('3', options())).toMatchObject({ kind: 'snooze' });
    expect(await pool.run('4', single())).toMatchObject({ kind: 'snooze' });
    controller.abort('cancelled');
    expect(await Promise.all(slow)).toMatchObject([{ kind: 'closed', reason: 'cancelled' }, { kind: 'closed' }]);
    pool.stop();
  });

  it('starts a single job once its note is written, and not without it', async () => {
    const pool = makePool();
    const refused = single(() => Promise.reject(new Error('no Redis')));
    await expect(pool.run('die', refused)).rejects.toThrow('no Redis');
    expect(await pool.run('8', single())).toMatchObject({ kind: 'complete', result: '8' });
    pool.stop();
  });

  it('requeues what runs when it is stopped', async () => {
    const pool = makePool();
    const slow = pool.run('slow', options());
    pool.stop();
    expect(await slow).toEqual(requeue());
    expect(await pool.run('5', options())).toMatchObject({ kind: 'snooze' });
  });
});

test.each([
  complete({ a: 1 }),
  fail(new AppError('TASK_FAILED', 'x')),
  retry(new AppError('TASK_FAILED', 'x'), { delayMs: 5 }),
  hold(new AppError('MODEL_QUOTA', 'x'), null),
  snooze('busy', 5),
  requeue(),
  closed('gone'),
] satisfies Outcome[])('$kind goes over the channel as JSON', (outcome) => {
  const sent = JSON.parse(JSON.stringify(toSent(outcome)));
  expect(sent.kind).toBe(outcome.kind);
  if ('error' in outcome) expect(sent).toMatchObject({ code: outcome.error.code, message: 'x' });
});

describe('a suspect', () => {
  it.each([
    [false, 0, 0],
    [true, 0, 1],
    [true, 2, 2],
    [false, 1, 1],
  ])('marked %s with %i stalls of BullMQ has %i', (isIsolated, counter, expected) => {
    expect(stallsOf(takenJob({ isIsolated }), counter)).toBe(expected);
  });

  it.each([
    [1, { isIsolated: false, isSet: false }, ['mark', 'run']],
    [1, { isIsolated: true, isSet: false }, ['run']],
    [2, { isIsolated: true, isSet: false }, ['note', 'run', 'clear']],
    [3, { isIsolated: true, isSet: false }, ['note', 'run', 'clear']],
    [3, { isIsolated: true, isSet: true }, []],
  ])('with %i stalls, %j: %j', async (stalls, { isIsolated, isSet }, expected) => {
    const done: string[] = [];
    const isolation: Pick<IsolationPool, 'run'> = {
      async run(_rowId, { beforeSingle }) {
        await beforeSingle?.();
        done.push('run');
        return complete(1);
      },
    };
    const ledger = { markIsolated: async () => void done.push('mark') };
    const note = { isSet, set: async () => void done.push('note'), clear: async () => void done.push('clear') };
    const { signal } = new AbortController();
    const outcome = await runIsolated({ isolation, ledger }, { job: takenJob({ isIsolated }), stalls, note, signal });
    expect(done).toEqual(expected);
    expect(outcome.kind).toBe(expected.length === 0 ? 'fail' : 'complete');
  });
});
