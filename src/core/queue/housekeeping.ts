/** What a worker does beside its jobs: heartbeats, recovery of lost jobs every 2 s, and all queues again when Redis was emptied. */

import type { Clock } from '../clock.ts';
import type { Redis } from '../connections/redis.ts';
import { endsWithin } from '../deadline.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log/logger.ts';
import { createService, type Service } from '../service.ts';
import { isServersOwn } from './availability.ts';
import { endCancellation, readCancellations } from './cancellations.ts';
import type { RegistersSchedules } from './pauses.ts';
import {
  beat,
  claimDeadWorker,
  heartbeatMs,
  prepareMarker,
  removePresence,
  setMarker,
  type WorkerState,
} from './presence.ts';
import type { Recovery } from './recovery.ts';

const pausesEveryMs = 30_000;
/** The same line comes at most so often. */
const reminderEveryMs = 60_000;
/** A stop has 5 s for everything but jobs. */
const goodbyeMs = 300;

export interface HousekeepingOptions {
  readonly redis: Redis;
  readonly recovery: Recovery;
  /** Publishes results that were saved and never published. */
  recoverResults(): Promise<unknown>;
  readonly clock: Clock;
  readonly log: Log;
  state(): WorkerState;
  /** As the consumer's. */
  cancel(rowId: string): Promise<void> | undefined;
  /** Pauses and schedules, as they are to be; `registersSchedules` where Redis may not have them. */
  applyPauses(options: { registersSchedules: RegistersSchedules }): Promise<void>;
  /** Looks whether a queue that is on hold may go on. */
  lookAtHolds(): Promise<void>;
}

/** `start` resolves after the first beat and recovery; it goes on by itself. */
export function createHousekeeping({
  redis,
  recovery,
  recoverResults,
  clock,
  log,
  state,
  cancel,
  applyPauses,
  lookAtHolds,
}: HousekeepingOptions): Service {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let pausesAppliedMs = Number.NEGATIVE_INFINITY;
  let hasSchedules = false;
  /** Dead processes whose jobs were recovered. */
  let handledDeaths: ReadonlySet<string> = new Set();
  let work: Promise<void> = Promise.resolve();

  const logFailure = createFailureLog({ clock, log });

  /** Whether this process is the one that recovers the jobs of a worker that has died. */
  const shouldRecoverOrphans = async (silent: readonly string[]): Promise<boolean> => {
    const asked = silent.filter((place) => !handledDeaths.has(place)).map((place) => claimDeadWorker(redis, place));
    return (await Promise.all(asked)).includes(true);
  };

  const look = async (): Promise<void> => {
    const [{ hasMarker, silent }, cancelled] = await Promise.all([
      beat(redis, state(), clock),
      readCancellations(redis),
    ]);
    for (const rowId of cancelled)
      void cancel(rowId)?.then(() => endCancellation(redis, [rowId]).catch(() => undefined));
    // Not waited for: a provider may take its time, and a late beat looks like a death.
    void lookAtHolds().catch(logFailure);
    const isDue = clock.monotonicMs() - pausesAppliedMs >= pausesEveryMs;
    const isOrphaned = await shouldRecoverOrphans(silent);
    if (hasMarker && !isDue && !isOrphaned) {
      // Not waited for, for the same reason: PostgreSQL may hang.
      void recovery.run('stale').catch(logFailure);
      return;
    }
    pausesAppliedMs = clock.monotonicMs();
    // Before jobs are delivered to a queue that is to be paused.
    await applyPauses({ registersSchedules: false });
    if (!hasMarker) await prepareMarker(redis, state());
    await recovery.run(hasMarker ? (isOrphaned ? 'orphaned' : 'stale') : 'everything');
    handledDeaths = new Set(silent);
    // Nor is this: it may send follow-ups to a broker that is away.
    void recoverResults().catch(logFailure);
    // After recovery, which knows no rows of runs that begin now. Also where Redis kept its data: a new version may have new schedules.
    await applyPauses({ registersSchedules: !hasMarker || !hasSchedules || 'lost' });
    hasSchedules = true;
    if (!hasMarker) await setMarker(redis, state());
  };

  const turn = () => {
    work = look().catch((error) => {
      logFailure(error);
      pausesAppliedMs = Number.NEGATIVE_INFINITY;
    });
    return work.then(() => {
      if (!isStopped) timer = setTimeout(turn, heartbeatMs);
    });
  };

  return createService('housekeeping', {
    start: turn,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await endsWithin(goodbyeMs, work);
      if (redis.status === 'ready') await endsWithin(goodbyeMs, removePresence(redis, state()));
    },
  });
}

/** Logs a failed beat, as a warning once a minute at most. */
function createFailureLog({ clock, log }: Pick<HousekeepingOptions, 'clock' | 'log'>): (error: unknown) => void {
  let warnedMs = Number.NEGATIVE_INFINITY;
  return (error) => {
    // Connections log a server that is away; the next beat tries again.
    const isNews = !isServersOwn(error) && clock.monotonicMs() - warnedMs > reminderEveryMs;
    if (isNews) warnedMs = clock.monotonicMs();
    log[isNews ? 'warn' : 'debug']('worker.beat_failed', { error: messageOf(error, 300) });
  };
}
