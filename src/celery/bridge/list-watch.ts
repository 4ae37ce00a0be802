/**
 * Learns without polling that one of many lists has got a message. No blocking command waits for several lists and moves what
 * comes (BLMOVE knows one list, BRPOP would lose a message with the process), so Redis is asked to tell when a list that was
 * read has changed (CLIENT TRACKING): reading lengths arms it, the first push to any of them rings.
 */
import { createRedis, type Redis } from '../../core/redis.ts';

const channel = '__redis__:invalidate';
/** A look now and then, should a message of the broker be lost. */
const lookAgainMs = 5_000;
/** A server, or a proxy before it, that knows no tracking. */
const pollMs = 200;

export interface ListWatch {
  /** Whether a list has messages. Where none has, the next push rings, and `waitMs` says how long to wait for it at most. */
  look(keys: readonly string[]): Promise<{ readonly hasMessages: boolean; readonly waitMs: number }>;
  close(): void;
}

export function createListWatch({ url, ring }: { url: string; ring: () => void }): ListWatch {
  /** Tracking belongs to a connection, so this one is nobody else's; opened by the first look. */
  let reader: Redis | undefined;
  let listener: Redis | undefined;
  let isTracked = false;
  let isUnsupported = false;

  /** The address of a listener is its id, which a reconnection changes. */
  const forget = () => {
    listener?.disconnect();
    listener = undefined;
    isTracked = false;
    ring();
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
    fresh.on('message', ring);
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
