/** Waits until each of some classification jobs has ended, and says what keeps them from ending. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../core/connections/database.ts';
import type { Redis } from '../../core/connections/redis.ts';
import { type Pause, pauseOfQueue } from '../../core/queue/pauses.ts';
import { listWorkers } from '../../core/queue/presence.ts';
import {
  type EndedClassification,
  listEndedClassifications,
  listRetryCauses,
} from '../../models/queries/classification-jobs.ts';
import { listControls } from '../../models/queries/controls.ts';
import type { QueuedMeeting } from './request-classification.ts';

export type { EndedClassification } from '../../models/queries/classification-jobs.ts';

/** Why no job ended for a while. */
export type Stall =
  | { readonly kind: 'no worker' }
  | { readonly kind: 'paused'; readonly pause: Pause }
  | { readonly kind: 'retrying'; readonly jobs: number; readonly code: string; readonly message: string };

export interface WaitDeps {
  readonly database: Database;
  readonly redis: Redis;
  readonly clock: Clock;
}

export interface WaitRequest {
  readonly jobs: readonly QueuedMeeting[];
  readonly signal: AbortSignal;
  onProgress?(ended: number): void;
  /** Each reason once. */
  onStall?(stall: Stall): void;
  /** How long without an end before a reason is looked for; unset: 3,000. */
  readonly quietMs?: number;
}

const lookEveryMs = 250;
/** A look may take at most a tenth of the time, however many jobs there are. */
const restPerLook = 10;

/** In the order of `jobs`. Rejects as aborted when `signal` is: the jobs go on. @throws AppError DATABASE_* */
export async function waitForClassifications(
  deps: WaitDeps,
  { jobs, signal, onProgress, onStall, quietMs = 3_000 }: WaitRequest,
): Promise<readonly EndedClassification[]> {
  const { database, clock } = deps;
  const pending = new Set(jobs.map(({ rowId }) => rowId));
  const ended = new Map<string, EndedClassification>();
  const reported = new Set<string>();
  let quietSinceMs = clock.monotonicMs();
  for (;;) {
    const lookMs = clock.monotonicMs();
    for (const each of await listEndedClassifications(database, [...pending])) {
      ended.set(each.row_id, each);
      pending.delete(each.row_id);
      quietSinceMs = lookMs;
    }
    onProgress?.(ended.size);
    if (pending.size === 0) return jobs.flatMap(({ rowId }) => ended.get(rowId) ?? []);
    if (lookMs - quietSinceMs > quietMs) {
      quietSinceMs = lookMs;
      const stall = await findStall(deps, [...pending]);
      if (stall !== undefined && !reported.has(keyOf(stall))) onStall?.(stall);
      if (stall !== undefined) reported.add(keyOf(stall));
    }
    const tookMs = clock.monotonicMs() - lookMs;
    await sleep(Math.max(lookEveryMs, tookMs * restPerLook), undefined, { signal });
  }
}

/** The first reason found. */
async function findStall({ database, redis, clock }: WaitDeps, rowIds: readonly string[]): Promise<Stall | undefined> {
  const workers = await listWorkers(redis, clock).catch(() => undefined);
  if (workers?.length === 0) return { kind: 'no worker' };
  const pause = pauseOfQueue(await listControls(database), 'classification');
  if (pause) return { kind: 'paused', pause };
  const [cause] = await listRetryCauses(database, rowIds);
  if (cause === undefined) return undefined;
  return { kind: 'retrying', jobs: cause.jobs, code: cause.error_code, message: cause.error_message };
}

/** Tells reasons apart by their kind, not by their counts and messages. */
function keyOf(stall: Stall): string {
  if (stall.kind === 'paused') return stall.pause.kind;
  return stall.kind === 'retrying' ? stall.code : stall.kind;
}

export interface EndCounts {
  readonly completed: number;
  /** Of the completed ones: nothing was classified, as nothing had changed. */
  readonly unchanged: number;
  readonly failed: number;
}

export function countEnds(ended: readonly EndedClassification[]): EndCounts {
  const completed = ended.filter(({ state }) => state === 'completed');
  return {
    completed: completed.length,
    unchanged: completed.filter(({ unchanged }) => unchanged).length,
    failed: ended.length - completed.length,
  };
}
