import { expect, test } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { hold } from '../../../../src/core/outcome.ts';
import { createHolds, type QueueHold } from '../../../../src/core/queue/holds.ts';
import type { Queues } from '../../../../src/core/queue/queues.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

/** Queues and a table that only remember what was done, and time that passes when it is told to. */
function makeHolds({ isWell = (): boolean => false, isPausedToo = false } = {}) {
  let nowMs = 1_000_000;
  let probes = 0;
  const done: string[] = [];
  let held: QueueHold[] = [];
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs };
  const queueOf = (name: string) => ({
    pause: async () => void done.push(`pause ${name}`),
    resume: async () => void done.push(`resume ${name}`),
    getRateLimitTtl: async () => 0,
    rateLimit: async (ms: number) => void done.push(`slow ${name} ${ms}`),
  });
  const log = createMemoryLog();
  const holds = createHolds({
    queues: { names: ['classification'], get: queueOf } as unknown as Queues,
    table: {
      async begin({ queue, error, until }) {
        done.push(`note ${error.code} ${until === null ? 'until well' : 'for a while'}`);
        const isNew = held.length === 0;
        held = [{ queue, code: error.code, isUntilWell: until === null }];
        return isNew;
      },
      list: async () => held,
      async end() {
        const wasHeld = held.length > 0;
        held = [];
        return { wasHeld, isPausedToo };
      },
    },
    clock,
    log,
    worker: 'worker@tests',
    probes: {
      async classification() {
        probes += 1;
        if (!isWell()) throw new AppError('MODEL_REFUSED_KEY', 'still refused');
      },
    },
    mayProbe: async () => true,
  });
  return { holds, done, log, probes: () => probes, pass: (ms: number) => (nowMs += ms) };
}

const refused = hold(new AppError('MODEL_REFUSED_KEY', 'the key is refused'), null);

test('a provider that refuses us is probed ten times in ten minutes, however many jobs and beats there are (D3)', async () => {
  const { holds, done, log, probes, pass } = makeHolds();
  for (let job = 0; job < 50; job += 1) await holds.begin('classification', refused);
  expect(done).toEqual(['note MODEL_REFUSED_KEY until well', 'pause classification']);
  for (let beat = 0; beat < 300; beat += 1) {
    await holds.look();
    pass(2_000);
  }
  expect(probes()).toBe(10);
  expect(log.named('queue.held').length).toBe(1);
});

test('D3 the queue goes on as soon as a look finds the provider well', async () => {
  let isWell = false;
  const { holds, done, log, pass } = makeHolds({ isWell: () => isWell });
  await holds.begin('classification', refused);
  await holds.look();
  isWell = true;
  pass(60_000);
  await holds.look();
  expect(done.at(-1)).toBe('resume classification');
  expect(log.named('queue.resumed').length).toBe(1);
});

test('D3 a queue that a person paused too stays paused', async () => {
  const { holds, done } = makeHolds({ isWell: () => true, isPausedToo: true });
  await holds.begin('classification', refused);
  await holds.look({ isStart: true });
  expect(done).not.toContain('resume classification');
});

test('D1 a wait that was asked for is passed on to all workers once, and needs no look to end', async () => {
  const { holds, done, probes, pass } = makeHolds();
  const wait = hold(new AppError('MODEL_RATE_LIMITED', 'asks to wait 20 s'), 20_000);
  for (let job = 0; job < 20; job += 1) await holds.begin('classification', wait);
  expect(done).toEqual(['note MODEL_RATE_LIMITED for a while', 'slow classification 20000']);
  await holds.look();
  expect(probes()).toBe(0);
  pass(20_000);
  await holds.begin('classification', wait);
  expect(done.length).toBe(4);
});
