/**
 * Writes documents with an expiry to Redis, many in one script call. Documents that are added in the same turn share a call, in the
 * order in which they were added. While Redis is unreachable the writer waits, until it is stopped.
 */

import { createBatcher } from './batcher.ts';
import type { Redis } from './connections/redis.ts';
import { messageOf } from './errors.ts';
import type { Log } from './log/logger.ts';

/** A text, or a text around a part that other documents of the batch share and that is sent once. */
export type Json = string | { readonly before: string; readonly shared: string; readonly after: string };

export type DocumentWrite =
  | { readonly mode: 'set'; readonly key: string; readonly json: Json; readonly lifeSeconds: number }
  | { readonly mode: 'delete'; readonly key: string }
  /** Does not replace a stored final document. `isPublished`: also sent to the channel with the name of the key. */
  | {
      readonly mode: 'unless-final';
      readonly key: string;
      readonly json: Json;
      readonly lifeSeconds: number;
      readonly isPublished: boolean;
    };

export interface DocumentWriter {
  /** Resolves when the documents are in Redis, or when the writer was stopped. */
  write(writes: readonly DocumentWrite[]): Promise<void>;
  stop(): void;
}

export interface DocumentWriterOptions {
  readonly redis: Redis;
  /** A Lua pattern that matches final documents. */
  readonly finalPattern: string;
  readonly log: Log;
}

const writeScript = `
local final = ARGV[#ARGV]
for i = 1, #KEYS do
  local base = (i - 1) * 5
  local mode, life, json, shared = ARGV[base + 1], ARGV[base + 2], ARGV[base + 3], ARGV[base + 4]
  if shared ~= '' then json = json .. ARGV[#KEYS * 5 + shared] .. ARGV[base + 5] end
  if mode == 'delete' then
    redis.call('DEL', KEYS[i])
  elseif mode == 'set' then
    redis.call('SETEX', KEYS[i], life, json)
  else
    -- pcall: a key of another type is replaced; an error would fail every document of the batch
    local stored = redis.pcall('GET', KEYS[i])
    if not (type(stored) == 'string' and string.find(stored, final)) then
      redis.call('SETEX', KEYS[i], life, json)
      if mode == 'publish' then redis.call('PUBLISH', KEYS[i], json) end
    end
  end
end
return #KEYS`;

/** Redis runs one script at a time, so the size of a call is limited to not block other clients for long. */
const maxItemsPerCall = 200;
const firstPauseMs = 500;
const maxPauseMs = 2_000;

export function createDocumentWriter({ redis, finalPattern, log }: DocumentWriterOptions): DocumentWriter {
  let isStopped = false;

  const writeAll = async (writes: readonly DocumentWrite[]): Promise<void> => {
    const keys = writes.map(({ key }) => key);
    const args = toArguments(writes);
    for (let failures = 0; !isStopped; failures++) {
      try {
        await redis.eval(writeScript, keys.length, ...keys, ...args, finalPattern);
        return;
      } catch (error) {
        // The connection logs its own outage.
        if (failures === 0)
          log[redis.status === 'ready' ? 'warn' : 'debug']('redis.results_wait', {
            error: messageOf(error, 200),
            writes: writes.length,
          });
        await new Promise((resolve) => setTimeout(resolve, Math.min(firstPauseMs * 2 ** failures, maxPauseMs)));
      }
    }
  };

  const batcher = createBatcher<readonly DocumentWrite[], void>({
    maxItems: maxItemsPerCall,
    async execute(items) {
      await writeAll(items.flat());
      return items.map(() => undefined);
    },
  });
  return {
    async write(writes) {
      if (writes.length > 0) await batcher.add(writes);
    },
    stop() {
      isStopped = true;
    },
  };
}

/** Five arguments for each write in the order of the script, then the shared texts, which writes refer to by number from 1. */
function toArguments(writes: readonly DocumentWrite[]): (string | number)[] {
  const args: (string | number)[] = [];
  const shared: string[] = [];
  for (const write of writes) {
    if (write.mode === 'delete') {
      args.push('delete', 0, '', '', '');
      continue;
    }
    const { json, lifeSeconds } = write;
    const mode = write.mode === 'set' ? 'set' : write.isPublished ? 'publish' : 'store';
    if (typeof json === 'string') {
      args.push(mode, lifeSeconds, json, '', '');
      continue;
    }
    // Documents of one job are adjacent.
    if (shared[shared.length - 1] !== json.shared) shared.push(json.shared);
    args.push(mode, lifeSeconds, json.before, shared.length, json.after);
  }
  return [...args, ...shared];
}

/** ISO 8601 with six digits after the second, in UTC, as Python writes it. */
export function isoMicroseconds(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('Z', '000+00:00');
}
