import { describe, expect, it } from 'vitest';
import { createRoom } from '../../../../src/celery/bridge/room.ts';
import { makeSignal } from './fakes.ts';

function makeRoom({ concurrency, busy }: { concurrency: number; busy: number }) {
  const signal = makeSignal();
  return { signal, room: createRoom({ concurrency: () => concurrency, countBusy: async () => busy, signal }) };
}

describe('the room of the bridge', () => {
  it.each([
    [20, 0, 40],
    [20, 30, 10],
    [20, 31, 0],
    [1, 1, 1],
    [1, 2, 0],
    [1_000, 0, 500],
  ])('of %i jobs at a time and %i busy ones is %i messages', async (concurrency, busy, free) => {
    expect(await makeRoom({ concurrency, busy }).room.free()).toBe(free);
  });

  it('wakes the bridge when half of the concurrency is free again', async () => {
    const { room, signal } = makeRoom({ concurrency: 4, busy: 8 });
    await room.free();
    room.observe({ kind: 'succeeded' });
    expect(signal.wakes).toBe(0);
    room.observe({ kind: 'retrying' });
    expect(signal.wakes).toBe(1);
    room.observe({ kind: 'failed' });
    expect(signal.wakes).toBe(1);
  });

  it.each(['accepted', 'started', 'progress', 'waiting'] as const)(
    'counts no slot as free when a job is %s',
    async (kind) => {
      const { room, signal } = makeRoom({ concurrency: 1, busy: 2 });
      await room.free();
      room.observe({ kind });
      expect(signal.wakes).toBe(0);
    },
  );

  it('counts nothing once the wait is over', async () => {
    const { room, signal } = makeRoom({ concurrency: 1, busy: 2 });
    await room.free();
    await room.wait();
    expect(signal.waits).toEqual([1_000]);
    room.observe({ kind: 'succeeded' });
    expect(signal.wakes).toBe(0);
  });
});
