import { describe, expect, it } from 'vitest';
import type { TakenMessage } from '../../../../src/celery/bridge/inflight.ts';
import { createTaker, listKeys } from '../../../../src/celery/bridge/take.ts';
import { makeSignal, makeTaken } from './fakes.ts';

interface Servers {
  readonly leftovers: readonly TakenMessage[];
  readonly inLists: readonly TakenMessage[];
  readonly lists: readonly string[];
  readonly free: number;
  readonly hasMessages: boolean;
  readonly isStopping: boolean;
}

function makeTaker(given: Partial<Servers> = {}) {
  const servers = {
    leftovers: [],
    inLists: [],
    lists: ['celery'],
    free: 40,
    hasMessages: false,
    isStopping: false,
    ...given,
  };
  const signal = makeSignal();
  const calls: unknown[][] = [];
  const taker = createTaker({
    signal,
    lists: () => servers.lists,
    isStopping: () => servers.isStopping,
    inflight: {
      async list() {
        calls.push(['list']);
        return servers.leftovers;
      },
      async take(keys, max) {
        calls.push(['take', keys.flat().length, max]);
        return servers.inLists;
      },
    },
    watch: { look: async () => ({ hasMessages: servers.hasMessages, waitMs: 5_000 }) },
    room: {
      free: async () => servers.free,
      async wait() {
        calls.push(['wait for room']);
      },
    },
  });
  return { taker, calls, signal };
}

describe('take', () => {
  it('returns what is in flight already before it takes more, once', async () => {
    const { taker, calls } = makeTaker({ leftovers: [makeTaken()] });
    expect(await taker.take()).toHaveLength(1);
    expect(await taker.take()).toEqual([]);
    expect(calls).toEqual([['list'], ['take', 4, 40]]);
  });

  it('looks in flight again after a failed call', async () => {
    const { taker, calls } = makeTaker({ inLists: [makeTaken()] });
    await taker.take();
    taker.noteLeftovers();
    await taker.take();
    expect(calls.map(([what]) => what)).toEqual(['list', 'take', 'list', 'take']);
  });

  it('takes as many as there is room for, and waits for nothing when it got some', async () => {
    const { taker, calls, signal } = makeTaker({ inLists: [makeTaken()], free: 3 });
    expect(await taker.take()).toHaveLength(1);
    expect(calls.at(-1)).toEqual(['take', 4, 3]);
    expect(signal.waits).toEqual([]);
  });

  it('waits for room without touching the lists', async () => {
    const { taker, calls } = makeTaker({ free: 0 });
    expect(await taker.take()).toEqual([]);
    expect(calls).toEqual([['list'], ['wait for room']]);
  });

  it('waits for a push where the lists are empty', async () => {
    const { taker, signal } = makeTaker();
    await taker.take();
    expect(signal.waits).toEqual([5_000]);
  });

  it.each([{ hasMessages: true }, { isStopping: true }])('waits for no push with %j', async (servers) => {
    const { taker, signal } = makeTaker(servers);
    await taker.take();
    expect(signal.waits).toEqual([]);
  });

  it('waits where it has no lists', async () => {
    const { taker, calls, signal } = makeTaker({ lists: [] });
    await taker.take();
    expect([calls, signal.waits]).toEqual([[['list']], [1_000]]);
  });
});

describe('listKeys', () => {
  it('has the urgent lists of all queues first, and another queue first at each turn', () => {
    const plain = (turn: number) => listKeys(['a', 'b', 'c'], turn)[0];
    expect([plain(0), plain(1), plain(2)]).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c', 'a'],
      ['c', 'a', 'b'],
    ]);
    expect(listKeys(['a'], 0)).toEqual([['a'], ['a\x06\x163'], ['a\x06\x166'], ['a\x06\x169']]);
  });
});
