/**
 * Messages in flight: taken from a Celery list, without a committed row yet. One script moves them from the lists into a hash of
 * this bridge; when this bridge is gone, another one takes them over. A kill at any point loses none.
 */
import type { Redis } from '../../core/connections/redis.ts';

/** On the broker, which may be another server than the one of the queues. Scores are times of its clock, so clocks of machines may differ. */
const bridgesKey = 'vambe:bridges';
const inflightKeyOf = (bridgeId: string) => `vambe:inflight:${bridgeId}`;
/** Five beats. When a bridge froze for longer, others have accepted its messages, under the same task ids. */
const goneAfterMs = 10_000;
/** Of one call of the script, which blocks Redis while it runs. */
const maxBytesPerTake = 8 * 1024 * 1024;

export interface TakenMessage {
  readonly tag: string;
  /** Key of the list it was taken from. */
  readonly list: string;
  readonly raw: string;
}

export interface Inflight {
  /** Takes up to `max` messages from the tails, by priority, from the lists of one priority in turn. */
  take(keysByPriority: readonly (readonly string[])[], max: number): Promise<readonly TakenMessage[]>;
  /** All messages in flight, oldest first: after a failed call it is not known what the call did. */
  list(): Promise<readonly TakenMessage[]>;
  /** The bytes of one message; undefined when it is gone. */
  bytesOf(tag: string): Promise<Buffer | undefined>;
  /** Adds messages that are in no list; their tags, in order. */
  add(messages: readonly Pick<TakenMessage, 'list' | 'raw'>[]): Promise<readonly string[]>;
  /** Moves messages to the tails of their lists, where the next ones are taken from: the last tag is taken first. */
  push(tags: readonly string[]): Promise<void>;
  /** Removes messages whose rows are committed. */
  remove(tags: readonly string[]): Promise<void>;
  /** Says that this bridge lives, and takes over the messages of bridges that are gone; how many. */
  beat(): Promise<number>;
  /** Unregisters this bridge; nothing may be in flight. */
  leave(): Promise<void>;
}

/** A key of another type (WRONGTYPE) is skipped. ARGV: max messages, first tag, max bytes, then for each priority its number of keys. */
const takeScript = `
local max, tag, bytes, taken, at = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), {}, 2
for level = 4, #ARGV do
  local count = tonumber(ARGV[level])
  local found = true
  while found and #taken < max * 3 and bytes > 0 do
    found = false
    for i = at, at + count - 1 do
      if #taken >= max * 3 or bytes <= 0 then break end
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

const pushScript = `
for _, tag in ipairs(ARGV) do
  local entry = redis.call('HGET', KEYS[1], tag)
  if entry then
    local at = string.find(entry, '\\n', 1, true)
    -- pcall: the key may have another type by now; then the message stays in flight
    local pushed = redis.pcall('RPUSH', string.sub(entry, 1, at - 1), string.sub(entry, at + 1))
    if type(pushed) == 'number' then redis.call('HDEL', KEYS[1], tag) end
  end
end
return #ARGV`;

/** So that the tags of one beat can be reserved before it; the next beat takes over the rest. */
const maxTakenOverPerBeat = 10_000;

/** ARGV: bridge id, gone after (ms), first tag, max messages. It makes keys itself, which a cluster forbids: preflight refuses a cluster. */
const beatScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
local moved, tag, max = 0, tonumber(ARGV[3]), tonumber(ARGV[4])
for _, bridge in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))) do
  local from = '${inflightKeyOf('')}' .. bridge
  local entries = redis.call('HGETALL', from)
  for i = 1, #entries, 2 do
    if moved == max then return moved end
    redis.call('HSET', KEYS[2], tag + moved, entries[i + 1])
    redis.call('HDEL', from, entries[i])
    moved = moved + 1
  end
  redis.call('ZREM', KEYS[1], bridge)
end
return moved`;

/** No other bridge has the same id. */
export function createInflight(broker: Redis, bridgeId: string): Inflight {
  const key = inflightKeyOf(bridgeId);
  let nextTag = 1;
  /** Before a call: a beat and a take may run at the same time, and must not write to the same tags. */
  const reserveTags = (count: number): number => {
    const first = nextTag;
    nextTag += count;
    return first;
  };
  return {
    async take(keysByPriority, max) {
      const keys = keysByPriority.flat();
      const levels = keysByPriority.map((level) => level.length);
      const flat = await broker.eval(
        takeScript,
        keys.length + 1,
        key,
        ...keys,
        max,
        reserveTags(max),
        maxBytesPerTake,
        ...levels,
      );
      return toMessages(flat);
    },
    async list() {
      const entries = Object.entries(await broker.hgetall(key)).sort(([a], [b]) => Number(a) - Number(b));
      nextTag = Math.max(nextTag, Number(entries.at(-1)?.[0] ?? 0) + 1);
      return entries.map(([tag, entry]) => ({ tag, ...splitEntry(entry) }));
    },
    async bytesOf(tag) {
      const entry = await broker.hgetBuffer(key, tag);
      return entry?.subarray(entry.indexOf('\n') + 1);
    },
    async add(messages) {
      if (messages.length === 0) return [];
      const entries = messages.map(({ list, raw }) => [String(reserveTags(1)), `${list}\n${raw}`] as const);
      await broker.hset(key, ...entries.flat());
      return entries.map(([tag]) => tag);
    },
    async push(tags) {
      if (tags.length > 0) await broker.eval(pushScript, 1, key, ...tags);
    },
    async remove(tags) {
      if (tags.length > 0) await broker.hdel(key, ...tags);
    },
    async beat() {
      const first = reserveTags(maxTakenOverPerBeat);
      return Number(
        await broker.eval(beatScript, 2, bridgesKey, key, bridgeId, goneAfterMs, first, maxTakenOverPerBeat),
      );
    },
    async leave() {
      await broker.zrem(bridgesKey, bridgeId);
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

/** A queue name has no line break. */
function splitEntry(entry: string): { list: string; raw: string } {
  const at = entry.indexOf('\n');
  return { list: entry.slice(0, at), raw: entry.slice(at + 1) };
}
