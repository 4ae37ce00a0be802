/**
 * A worker's sign of life: its state in Redis every 2 s, and the marker that shows when Redis was emptied.
 * `vambe status` and `vambe inspect` read these; nothing scans keys, as a sorted set names the workers.
 */

import type { Clock } from '../clock.ts';
import type { Redis } from '../connections/redis.ts';
import { messageOf } from '../errors.ts';

/** A worker that is silent for three beats counts as gone. */
export const heartbeatMs = 2_000;
const goneAfterMs = 3 * heartbeatMs;
const indexKey = 'vambe:workers';
/** Missing when Redis lost its data; the process that finds that recovers all jobs first and then sets it. */
const markerKey = 'vambe:marker';

export interface WorkerState {
  readonly worker: string;
  readonly pid: number;
  readonly queues: readonly string[];
  readonly concurrency: number;
  readonly tasks: readonly string[];
  readonly started_at: string;
  readonly processed: Readonly<Record<string, number>>;
  readonly rss_bytes: number;
  /** Since its start; 0 unless its disk was full or its log has no reader. */
  readonly dropped_log_lines: number;
  /** What it runs on, as text. */
  readonly software: string;
  /** Its settings by name, secrets masked. */
  readonly conf: Readonly<Record<string, unknown>>;
  readonly active: readonly ActiveJob[];
}

export interface ActiveJob {
  readonly task_id: string;
  readonly task: string;
  readonly meeting_id: number | null;
  readonly started_at: string;
}

/** Several processes may share a worker's name (`--processes`); each has a place of its own here. */
const placeOf = ({ worker, pid }: Pick<WorkerState, 'worker' | 'pid'>) => `${worker}#${pid}`;
const nameOf = (place: string) => place.slice(0, place.lastIndexOf('#'));
const stateKey = (place: string) => `vambe:worker:${place}`;

export interface Heard {
  readonly hasMarker: boolean;
  /** Processes that have been silent for more than three beats and less than a minute. */
  readonly silent: readonly string[];
}

/** Writes the state; says whether Redis still has the marker, and who has fallen silent. */
export async function beat(redis: Redis, state: WorkerState, clock: Clock): Promise<Heard> {
  const nowMs = clock.wallMs();
  const replies = await redis
    .multi()
    .zadd(indexKey, nowMs, placeOf(state))
    .setex(stateKey(placeOf(state)), Math.ceil(goneAfterMs / 1_000), JSON.stringify(state))
    .exists(markerKey)
    .zrangebyscore(indexKey, ...silentRange(nowMs))
    .exec();
  const silent = replies?.[3]?.[1];
  return { hasMarker: replies?.[2]?.[1] === 1, silent: Array.isArray(silent) ? silent : [] };
}

/** True for one process in ten seconds: one recovers the jobs of a silent one. */
export async function claimDeadWorker(redis: Redis, place: string): Promise<boolean> {
  return (await redis.set(`vambe:buried:${place}`, '1', 'EX', 10, 'NX')) === 'OK';
}

const silentRange = (nowMs: number) => [nowMs - 10 * goneAfterMs, `(${nowMs - goneAfterMs}`] as const;

const newMarkerKey = (state: WorkerState) => `${markerKey}:${placeOf(state)}`;

/** Before the recovery after which `setMarker` is called. */
export async function prepareMarker(redis: Redis, state: WorkerState): Promise<void> {
  await redis.set(newMarkerKey(state), '1');
}

/** Sets the marker, unless Redis was emptied again since `prepareMarker`: the jobs that were recovered until then would be missing. */
export async function setMarker(redis: Redis, state: WorkerState): Promise<void> {
  await redis.rename(newMarkerKey(state), markerKey).catch((error: unknown) => {
    if (!messageOf(error).includes('no such key')) throw error;
  });
}

export async function removePresence(redis: Redis, state: Pick<WorkerState, 'worker' | 'pid'>): Promise<void> {
  await redis
    .multi()
    .zrem(indexKey, placeOf(state))
    .del(stateKey(placeOf(state)))
    .exec();
}

export interface SilentWorker {
  readonly worker: string;
  readonly silentMs: number;
}

/** Workers that neither beat within the last 6 s nor stopped in order: killed, frozen or cut off. Forgotten after a minute. */
export async function listSilentWorkers(redis: Redis, clock: Clock): Promise<readonly SilentWorker[]> {
  const nowMs = clock.wallMs();
  const found = await redis.zrangebyscore(indexKey, ...silentRange(nowMs), 'WITHSCORES');
  return found.flatMap((worker, index) =>
    index % 2 === 0 ? [{ worker: nameOf(worker), silentMs: Math.max(0, nowMs - Number(found[index + 1])) }] : [],
  );
}

/** Workers that beat within the last 6 s, by name. */
export async function listWorkers(redis: Redis, clock: Clock): Promise<readonly WorkerState[]> {
  await redis.zremrangebyscore(indexKey, 0, clock.wallMs() - 10 * goneAfterMs);
  const names = await redis.zrangebyscore(indexKey, clock.wallMs() - goneAfterMs, '+inf');
  if (names.length === 0) return [];
  const texts = await redis.mget(names.map(stateKey));
  const byName = new Map<string, WorkerState>();
  for (const text of texts) {
    if (text === null) continue;
    const state = JSON.parse(text) as WorkerState;
    const other = byName.get(state.worker);
    byName.set(state.worker, other ? joinProcesses(other, state) : state);
  }
  return [...byName.values()].sort((a, b) => (a.worker < b.worker ? -1 : 1));
}

export interface NodePresence {
  /** Processes that beat under the name within the last 6 s. */
  readonly processes: number;
  /** All of them as one, with the pid of the oldest. Undefined where there is none. */
  readonly state: WorkerState | undefined;
}

/** The processes that share one worker's name. */
export async function readNode(redis: Redis, worker: string, clock: Clock): Promise<NodePresence> {
  const places = await redis.zrangebyscore(indexKey, clock.wallMs() - goneAfterMs, '+inf');
  const own = places.filter((place) => nameOf(place) === worker);
  if (own.length === 0) return { processes: 0, state: undefined };
  const texts = await redis.mget(own.map(stateKey));
  const states = texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as WorkerState]));
  return {
    processes: states.length,
    state: states.reduce<WorkerState | undefined>((all, each) => (all ? joinProcesses(all, each) : each), undefined),
  };
}

/** To the outside the processes of one name are one worker, with the pid of the oldest. */
function joinProcesses(a: WorkerState, b: WorkerState): WorkerState {
  const [first, second] = a.started_at <= b.started_at ? [a, b] : [b, a];
  const tasks = new Set([...Object.keys(first.processed), ...Object.keys(second.processed)]);
  return {
    ...first,
    concurrency: first.concurrency + second.concurrency,
    processed: Object.fromEntries(
      [...tasks].map((task) => [task, (first.processed[task] ?? 0) + (second.processed[task] ?? 0)]),
    ),
    rss_bytes: first.rss_bytes + second.rss_bytes,
    dropped_log_lines: first.dropped_log_lines + second.dropped_log_lines,
    active: [...first.active, ...second.active],
  };
}
