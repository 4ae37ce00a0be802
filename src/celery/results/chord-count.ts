/** Counts the members of a chord in the result backend, with the keys that Celery's own workers use. */
import type { Redis } from '../../core/connections/redis.ts';
import type { Signature } from '../protocol/signature.ts';
import type { PlannedChord } from './canvas.ts';
import type { ResultTuple } from './canvas-ends.ts';

export interface MemberEnd {
  readonly state: 'SUCCESS' | 'FAILURE' | 'REVOKED';
  /** Or the description of its exception. */
  readonly result: unknown;
}

export interface ChordMember {
  readonly id: string;
  readonly groupId: string;
  readonly index: number | null;
  readonly body: Signature;
}

export interface EndedMember {
  readonly id: string;
  readonly state: string;
  readonly result: unknown;
}

export interface EndedChord {
  readonly members: readonly EndedMember[];
  /** The argument of the body: in the order of the members, nested as the saved structure says. */
  readonly results: readonly unknown[];
}

/** The same as for results. */
const lifeSeconds = 3_600;

/** Counts as Celery does; returns the members in order when this was the last one. ARGV: index, entry, life. */
const memberScript = `
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
local size, more = redis.call('GET', KEYS[3]), redis.call('GET', KEYS[2])
for i = 1, 3 do redis.call('EXPIRE', KEYS[i], ARGV[3]) end
if size and redis.call('ZCARD', KEYS[1]) >= tonumber(size) + tonumber(more or 0) then
  return redis.call('ZRANGE', KEYS[1], 0, -1)
end
return false`;

/** To be called before its members are sent. */
export async function saveChord(backend: Redis, { groupId, size, structure }: PlannedChord): Promise<void> {
  // The key that Celery uses too, so that a Python worker can end the chord.
  if (structure) await backend.setex(chordKey(groupId, ''), lifeSeconds, JSON.stringify({ result: structure }));
  await backend.setex(chordKey(groupId, '.s'), lifeSeconds, size);
}

/** The whole chord when this was its last member, also when it was counted before. */
export async function countMember(
  backend: Redis,
  { id, groupId, index }: ChordMember,
  { state, result }: MemberEnd,
): Promise<EndedChord | undefined> {
  const entry = JSON.stringify([1, id, state, result ?? null]);
  const ended = await backend.eval(memberScript, 3, ...countKeys(groupId), index ?? '+inf', entry, lifeSeconds);
  if (!Array.isArray(ended)) return undefined;
  const members = ended.map((each) => toMember(String(each)));
  return { members, results: resultsOf(members, await backend.get(chordKey(groupId, ''))) };
}

export async function forgetChord(backend: Redis, groupId: string): Promise<void> {
  await backend.del(...countKeys(groupId));
}

function countKeys(groupId: string): readonly [string, string, string] {
  return [chordKey(groupId, '.j'), chordKey(groupId, '.t'), chordKey(groupId, '.s')];
}

function chordKey(groupId: string, suffix: '' | '.j' | '.t' | '.s'): string {
  return `celery-taskset-meta-${groupId}${suffix}`;
}

function toMember(entry: string): EndedMember {
  const [, id, state, result]: unknown[] = JSON.parse(entry);
  return { id: String(id), state: String(state), result };
}

function resultsOf(members: readonly EndedMember[], saved: string | null): readonly unknown[] {
  const flat = members.map(({ result }) => result);
  const byId = new Map(members.map(({ id, result }) => [id, result]));
  const nest = ([[id], inner]: ResultTuple): unknown => {
    if (inner !== null) return inner.map(nest);
    if (id === null || !byId.has(id)) throw new Error(`the saved structure names ${id}, which is no member`);
    return byId.get(id);
  };
  try {
    const { result }: { result?: ResultTuple } = saved ? JSON.parse(saved) : {};
    return result?.[1]?.map(nest) ?? flat;
  } catch {
    // The structure cannot be used; the results are complete without it.
    return flat;
  }
}
