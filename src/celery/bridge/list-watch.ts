/**
 * Learns without polling that one of many lists has a message. No blocking command waits for several lists and moves a message
 * safely (BLMOVE takes one list, BRPOP loses a message with the process). So it uses CLIENT TRACKING: it reads the lengths of the
 * lists, and Redis sends an invalidation at the next push to any of them.
 */
import { createRedis, type Redis } from '../../core/connections/redis.ts';

const channel = '__redis__:invalidate';
/** In case an invalidation is lost. */
const lookAgainMs = 5_000;
/** For a server, or a proxy before it, without CLIENT TRACKING. */
const pollMs = 200;

export interface ListWatch {
  /** Whether a list has messages. If none has, the next push wakes; look again after `waitMs`. */
  look(keys: readonly string[]): Promise<{ readonly hasMessages: boolean; readonly waitMs: number }>;
  close(): void;
}

export function createListWatch({ url, wake }: { url: string; wake: () => void }): ListWatch {
  /** Tracking belongs to a connection, so this one is used for nothing else; opened by the first look. */
  let reader: Redis | undefined;
  let listener: Redis | undefined;
  let isTracked = false;
  let isUnsupported = false;

  /** Redis sends invalidations to the listener's client id, which a reconnection changes. */
  const forget = () => {
    listener?.disconnect();
    listener = undefined;
    isTracked = false;
    wake();
  };

  const open = (): Redis => {
    const opened = createRedis({ url, name: 'vambe-lists', use: 'commands' });
    opened.on('close', forget);
    return opened;
  };

  const track = async (tracked: Redis) => {
    forget();
    const fresh = createRedis({ url, name: 'vambe-lists', use: 'listener' });
    listener = fresh;
    const id = await fresh.client('ID');
    await fresh.subscribe(channel);
    fresh.on('message', wake);
    fresh.on('close', () => listener === fresh && forget());
    await tracked.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id);
    isTracked = listener === fresh;
  };

  return {
    async look(keys) {
      reader ??= open();
      if (!isTracked && !isUnsupported) {
        await track(reader).catch((error: unknown) => {
          forget();
          isUnsupported =
            error instanceof Error && /unknown|syntax|subcommand|not supported|NOPERM/i.test(error.message);
          if (!isUnsupported) throw error;
        });
      }
      const replies = (await reader.pipeline(keys.map((key) => ['llen', key])).exec()) ?? [];
      const hasMessages = replies.some(([error, length]) => !error && Number(length) > 0);
      return { hasMessages, waitMs: isUnsupported ? pollMs : lookAgainMs };
    },
    close() {
      reader?.off('close', forget);
      reader?.disconnect();
      listener?.removeAllListeners('close');
      listener?.disconnect();
    },
  };
}
