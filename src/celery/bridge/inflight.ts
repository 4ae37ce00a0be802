/**
 * Messages between a Celery list and their rows: moved out of the lists by one script, kept under this bridge's own name until
 * the rows are committed, and adopted by another bridge when this one is gone. A kill at any point loses none.
 */
import type { Redis } from '../../core/redis.ts';

/** On the broker, as it may be another server than the queue's; scores are its own clock, so machines need not agree. */
const bridgesKey = 'vambe:bridges';
const inflightKeyOf = (place: string) => `vambe:inflight:${place}`;
/** Five beats; a bridge that froze for longer finds its messages accepted by others, under the same task ids. */
const goneAfterMs = 10_000;
/** One call of the script; Redis is busy for no longer than that takes. */
const mostBytesATake = 8 * 1024 * 1024;

export interface TakenMessage {
  readonly tag: string;
  /** Key of the list it stood in. */
  readonly list: string;
  readonly raw: string;
}

export interface Inflight {
  /** Takes up to `most` from the tails: a priority at a time, its lists in turn. */
  take(keysByPriority: readonly (readonly string[])[], most: number): Promise<readonly TakenMessage[]>;
  /** What is held now, oldest first: after a fault it is not known what a call did. */
  held(): Promise<readonly TakenMessage[]>;
  /** The bytes of one message; undefined when it is gone. */
  bytesOf(tag: string): Promise<Buffer | undefined>;
  /** Holds messages that are in no list; their tags, in order. */
  hold(messages: readonly Pick<TakenMessage, 'list' | 'raw'>[]): Promise<readonly string[]>;
  /** Pushes held messages to the tails of their lists, from where they are taken next: the last one first. */
  putBack(tags: readonly string[]): Promise<void>;
  /** Forgets messages that have their rows. */
  done(tags: readonly string[]): Promise<void>;
  /** Says that this bridge lives, and adopts what bridges that are gone held; how many. */
  beat(): Promise<number>;
  /** Takes its leave; nothing may be held. */
  leave(): Promise<void>;
}

/** A list that is none (WRONGTYPE) is passed over. ARGV: most, first tag, most bytes, then for each priority its number of keys. */
const takeScript = `
local most, tag, bytes, taken, at = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), {}, 2
for level = 4, #ARGV do
  local count = tonumber(ARGV[level])
  local found = true
  while found and #taken < most * 3 and bytes > 0 do
    found = false
    for i = at, at + count - 1 do
      if #taken >= most * 3 or bytes <= 0 then break end
      local raw = redis.pcall('RPOP', KEYS[i])
      if type(raw) == 'string' then
        found = true
        bytes = bytes - #raw
        redis.call('HSET', KEYS[1], tag, KEYS[i] .. '\\n' .. raw)
        taken[#taken + 1] = tostring(tag)
        taken[#taken + 1] = KEYS[i]
        taken[#taken + 1] = raw
        tag = tag + 1
      end
    end
  end
  at = at + count
end
return taken`;

const putBackScript = `
for _, tag in ipairs(ARGV) do
  local entry = redis.call('HGET', KEYS[1], tag)
  if entry then
    local at = string.find(entry, '\\n', 1, true)
    -- pcall: a list that has become something else; the message is held until another bridge looks at it
    local pushed = redis.pcall('RPUSH', string.sub(entry, 1, at - 1), string.sub(entry, at + 1))
    if type(pushed) == 'number' then redis.call('HDEL', KEYS[1], tag) end
  end
end
return #ARGV`;

/** One beat adopts no more, so that the tags it gives are known before; the next one adopts the rest. */
const mostAdoptedABeat = 10_000;

/** ARGV: place, gone after (ms), first tag, most. Keys of the gone are made here: a broker that is a cluster is refused at the start. */
const beatScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
local adopted, tag, most = 0, tonumber(ARGV[3]), tonumber(ARGV[4])
for _, place in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))) do
  local from = '${inflightKeyOf('')}' .. place
  local entries = redis.call('HGETALL', from)
  for i = 1, #entries, 2 do
    if adopted == most then return adopted end
    redis.call('HSET', KEYS[2], tag + adopted, entries[i + 1])
    redis.call('HDEL', from, entries[i])
    adopted = adopted + 1
  end
  redis.call('ZREM', KEYS[1], place)
end
return adopted`;

/** `place`: a name that no other bridge has. */
export function createInflight(broker: Redis, place: string): Inflight {
  const key = inflightKeyOf(place);
  let nextTag = 1;
  /** Before a call, not after: a beat and a take may be under way together, and one may not write over what the other holds. */
  const reserveTags = (count: number): number => {
    const first = nextTag;
    nextTag += count;
    return first;
  };
  return {
    async take(keysByPriority, most) {
      const keys = keysByPriority.flat();
      const levels = keysByPriority.map((level) => level.length);
      const flat = await broker.eval(
        takeScript,
        keys.length + 1,
        key,
        ...keys,
        most,
        reserveTags(most),
        mostBytesATake,
        ...levels,
      );
      return toMessages(flat);
    },
    async held() {
      const entries = Object.entries(await broker.hgetall(key)).sort(([a], [b]) => Number(a) - Number(b));
      nextTag = Math.max(nextTag, Number(entries.at(-1)?.[0] ?? 0) + 1);
      return entries.map(([tag, entry]) => ({ tag, ...splitEntry(entry) }));
    },
    async bytesOf(tag) {
      const entry = await broker.hgetBuffer(key, tag);
      return entry?.subarray(entry.indexOf('\n') + 1);
    },
    async hold(messages) {
      if (messages.length === 0) return [];
      const entries = messages.map(({ list, raw }) => [String(reserveTags(1)), `${list}\n${raw}`] as const);
      await broker.hset(key, ...entries.flat());
      return entries.map(([tag]) => tag);
    },
    async putBack(tags) {
      if (tags.length > 0) await broker.eval(putBackScript, 1, key, ...tags);
    },
    async done(tags) {
      if (tags.length > 0) await broker.hdel(key, ...tags);
    },
    async beat() {
      const first = reserveTags(mostAdoptedABeat);
      return Number(await broker.eval(beatScript, 2, bridgesKey, key, place, goneAfterMs, first, mostAdoptedABeat));
    },
    async leave() {
      await broker.zrem(bridgesKey, place);
    },
  };
}

function toMessages(flat: unknown): TakenMessage[] {
  const texts = Array.isArray(flat) ? flat.map(String) : [];
  const messages: TakenMessage[] = [];
  for (let at = 0; at + 2 < texts.length; at += 3) {
    messages.push({ tag: texts[at] ?? '', list: texts[at + 1] ?? '', raw: texts[at + 2] ?? '' });
  }
  return messages;
}

/** Names of queues hold no line break. */
function splitEntry(entry: string): { list: string; raw: string } {
  const at = entry.indexOf('\n');
  return { list: entry.slice(0, at), raw: entry.slice(at + 1) };
}
