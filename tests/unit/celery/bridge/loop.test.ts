import { expect, it } from 'vitest';
import { createLoop } from '../../../../src/celery/bridge/loop.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';
import { makeSignal } from './fakes.ts';

type Step = () => Promise<void>;

/** Runs these steps one after the other, and stops during the last one. */
async function runSteps(steps: readonly Step[]) {
  const [log, signal] = [createMemoryLog(), makeSignal()];
  let [ran, errors] = [0, 0];
  await new Promise<void>((resolve) => {
    const loop = createLoop({
      log,
      signal,
      async step() {
        const step = steps[ran];
        ran += 1;
        if (ran === steps.length) void loop.stop().then(resolve);
        await step?.();
      },
      onError() {
        errors += 1;
      },
    });
    loop.start();
  });
  return { ran, errors, waits: signal.waits, events: log.events.map(({ event }) => event) };
}

const works: Step = async () => undefined;
const fails: Step = async () => {
  throw new Error('Redis is away');
};

it('repeats its step until it is stopped, and logs nothing', async () => {
  expect(await runSteps([works, works])).toEqual({ ran: 2, errors: 0, waits: [], events: [] });
});

it('logs the beginning and the end of an outage once, and pauses a second after each failure', async () => {
  expect(await runSteps([fails, fails, works, works])).toEqual({
    ran: 4,
    errors: 2,
    waits: [1_000, 1_000],
    events: ['celery.waits', 'celery.back'],
  });
});

it('does not pause after a failure while it stops', async () => {
  expect(await runSteps([fails])).toEqual({ ran: 1, errors: 1, waits: [], events: ['celery.waits'] });
});
