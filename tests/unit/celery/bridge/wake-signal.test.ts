import { expect, it } from 'vitest';
import { createWakeSignal } from '../../../../src/celery/bridge/wake-signal.ts';

const longMs = 600_000;

it('ends a wait', async () => {
  const signal = createWakeSignal();
  const waiting = signal.wait(longMs);
  signal.wake();
  await waiting;
});

it('keeps a wake-up that comes before the wait, and counts several as one', async () => {
  const signal = createWakeSignal();
  signal.wake();
  signal.wake();
  await signal.wait(longMs);
  const second = signal.wait(longMs).then(() => 'woken');
  expect(await Promise.race([second, Promise.resolve('waits')])).toBe('waits');
  signal.wake();
  await second;
});

it('ends a wait by itself after its time', async () => {
  await createWakeSignal().wait(1);
});
