/** Takes the next batch of messages: first what is in flight already, then from the lists by priority. */
import { listKey, prioritySteps } from '../protocol/list-key.ts';
import type { Inflight, TakenMessage } from './inflight.ts';
import type { ListWatch } from './list-watch.ts';
import type { Room } from './room.ts';
import type { WakeSignal } from './wake-signal.ts';

const noListsMs = 1_000;

export interface TakeDeps {
  readonly inflight: Pick<Inflight, 'list' | 'take'>;
  readonly watch: Pick<ListWatch, 'look'>;
  readonly room: Pick<Room, 'free' | 'wait'>;
  readonly signal: WakeSignal;
  /** Names of the Celery lists that are consumed now. */
  lists(): readonly string[];
  isStopping(): boolean;
}

export interface Taker {
  /** The next messages. Empty after a wait: no lists, no room, or no messages. @throws what Redis says */
  take(): Promise<readonly TakenMessage[]>;
  /** Messages are in flight that no call of `take` returned: a call failed, or they were taken over from another bridge. */
  noteLeftovers(): void;
}

export function createTaker({ inflight, watch, room, signal, lists, isStopping }: TakeDeps): Taker {
  /** True at first: a bridge of the same id may have left some. */
  let hasLeftovers = true;
  let turn = 0;

  const takeLeftovers = async (): Promise<readonly TakenMessage[]> => {
    if (!hasLeftovers) return [];
    const leftovers = await inflight.list();
    hasLeftovers = false;
    return leftovers;
  };

  const waitForMessages = async (keys: readonly string[]): Promise<void> => {
    const { hasMessages, waitMs } = await watch.look(keys);
    if (!hasMessages && !isStopping()) await signal.wait(waitMs);
  };

  return {
    async take() {
      const leftovers = await takeLeftovers();
      if (leftovers.length > 0) return leftovers;
      const names = lists();
      turn = (turn + 1) % Math.max(1, names.length);
      const keysByPriority = listKeys(names, turn);
      if (names.length === 0) {
        await signal.wait(noListsMs);
        return [];
      }
      const free = await room.free();
      if (free === 0) {
        await room.wait();
        return [];
      }
      const taken = await inflight.take(keysByPriority, free);
      if (taken.length === 0) await waitForMessages(keysByPriority.flat());
      return taken;
    },
    noteLeftovers() {
      hasLeftovers = true;
    },
  };
}

/** Keys by priority, the most urgent first. Lists of one priority take turns in being first, so that a long one blocks no other. */
export function listKeys(names: readonly string[], turn: number): string[][] {
  const rotated = [...names.slice(turn), ...names.slice(0, turn)];
  return prioritySteps.map((step) => rotated.map((name) => listKey(name, step)));
}
