/** Wires the parts of a worker over those of its app: it takes jobs and Celery messages, keeps house, and answers Celery's tools. */

import { randomUUID } from 'node:crypto';
import { metaKeyOf } from './celery/results/result-documents.ts';
import { softTaskTimeoutSeconds } from './config/derived.ts';
import { createClaims } from './core/claims.ts';
import type { Database } from './core/connections/database.ts';
import { probeWrites } from './core/connections/redis.ts';
import { AppError, messageOf } from './core/errors.ts';
import type { TakenJob } from './core/job-ledger.ts';
import { nameUuid } from './core/name-uuid.ts';
import type { CacheEntry } from './core/outcome.ts';
import { type Consumer, type ConsumerOptions, createConsumer } from './core/queue/consumer.ts';
import { priorities } from './core/queue/enqueue.ts';
import { createHolds, type Holds } from './core/queue/holds.ts';
import { createHousekeeping, type HousekeepingOptions } from './core/queue/housekeeping.ts';
import { createIsolationPool } from './core/queue/isolation.ts';
import { createPauses } from './core/queue/pauses.ts';
import { createPublishEnded, type PublishEnded, type ReadPublished } from './core/queue/publish-ended.ts';
import { createTaskRates, type TaskRates } from './core/queue/rate-limits.ts';
import { createRecovery } from './core/queue/recovery.ts';
import { createResultRecovery } from './core/queue/result-recovery.ts';
import { createRuntimeOverrides, type RuntimeOverrides } from './core/runtime-overrides.ts';
import { createService, type Service, sideBySide } from './core/service.ts';
import { readStandingResult } from './models/queries/classifications.ts';
import { createHoldTable, createPauseTable } from './models/queries/controls.ts';
import { probeDatabase } from './models/queries/probe.ts';
import { cacheEntry } from './services/classification/classify-meeting.ts';
import { createPublishedReader } from './services/publishing/published-reader.ts';
import { untouchedMessages, wireBridge, wireCeleryNode } from './wire-celery.ts';
import type { WorkerParts, WorkerSettings, WorkerWiring } from './wiring.ts';
import { shownSettings, stateReader } from './worker-state.ts';

const isolatedProcess = new URL('./isolated-process.ts', import.meta.url);

export function wireWorker(wiring: WorkerWiring, settings: WorkerSettings): WorkerParts {
  const { registry, queues, redis, config, clock } = wiring;
  const { concurrency, queueNames = queues.names, lists = [] } = settings;
  const overrides = createRuntimeOverrides({ lists, concurrency, now: () => clock.monotonicMs() });
  const rates = createTaskRates({ redis, queues, registry });
  const holds = wireHolds(wiring);
  const applyPauses = wirePauses(wiring, rates);
  const readPublished = createPublishedReader({ backend: wiring.backend, cache: redis, resultKeyOf: metaKeyOf });
  const publishEnded = wirePublishEnded(wiring, readPublished);
  const consumer = wireConsumer(wiring, settings, {
    overrides,
    rates,
    hold: holds.begin,
    publishEnded,
    prepare: () => prepareToTake(wiring, { applyPauses, holds }),
  });
  overrides.onChange((what) => what === 'concurrency' && consumer.setConcurrency(overrides.concurrency()));
  const conf = shownSettings(config);
  const state = stateReader(wiring, { queueNames, concurrency, consumer, conf });
  const bridge = wireBridge(wiring, { overrides, rates, consumer });
  const housekeeping = wireHousekeeping(wiring, { consumer, state, applyPauses, holds, readPublished, publishEnded });
  const celeryNode = wireCeleryNode(wiring, settings, { consumer, overrides, rates, state, conf, queueNames });
  const taking = sideBySide('taking', [
    consumer,
    housekeeping,
    // Messages wait in their lists for a broker that is away: the bridge tries again by itself.
    bridge,
    // The node says that it is offline when no process of its name is present, so after the housekeeping.
    createService('celery-node', {
      start: celeryNode.start,
      stop: (deadline) => housekeeping.stop(deadline).then(() => celeryNode.stop(deadline)),
    }),
  ]);
  const services = [celeryNode.events, untouchedMessages(bridge, consumer), taking];
  return { consumer, housekeeping, bridge, overrides, celeryNode, taking, services };
}

type ApplyPauses = HousekeepingOptions['applyPauses'];

/** Pauses, schedules and rate limits, as they are to be. */
function wirePauses({ queues, schedules, database, clock, log }: WorkerWiring, rates: TaskRates): ApplyPauses {
  const pauses = createPauses({ queues, schedules, table: createPauseTable(database), clock, log });
  return async (each) => void (await Promise.all([pauses.apply(each), rates.refresh()]));
}

/** Before the first job is taken. */
async function prepareToTake(
  { log }: WorkerWiring,
  { applyPauses, holds }: { applyPauses: ApplyPauses; holds: Holds },
): Promise<void> {
  // So that no job starts of a queue whose pause an emptied Redis forgot; the first beat tries again.
  await applyPauses({ registersSchedules: false }).catch((error) => {
    log.debug('worker.controls_failed', { error: messageOf(error) });
  });
  // The settings may be corrected now. Not waited for, as a provider may hang.
  void holds.look({ isStart: true }).catch(() => undefined);
}

function wirePublishEnded({ ledger, lifecycle, database }: WorkerWiring, readPublished: ReadPublished): PublishEnded {
  return createPublishEnded({ ledger, lifecycle, readPublished, cacheOf: (job) => readCacheEntries(database, job) });
}

function wireHousekeeping(
  wiring: WorkerWiring,
  parts: {
    readonly consumer: Consumer;
    readonly holds: Holds;
    readonly readPublished: ReadPublished;
    readonly publishEnded: PublishEnded;
  } & Pick<HousekeepingOptions, 'state' | 'applyPauses'>,
): Service {
  const { ledger, queues, redis, clock, log } = wiring;
  const { consumer, holds, readPublished, publishEnded, state, applyPauses } = parts;
  const isRunningHere = (rowId: string) => consumer.isRunning(rowId);
  return createHousekeeping({
    redis,
    recovery: createRecovery({ ledger, queues, redis, clock, log, isRunningHere }),
    recoverResults: createResultRecovery({ ledger, redis, log, readPublished, publishEnded, isRunningHere }),
    clock,
    log,
    state,
    cancel: (rowId) => consumer.cancel(rowId),
    applyPauses,
    lookAtHolds: () => holds.look(),
  });
}

function wireHolds(wiring: WorkerWiring) {
  const { config, clock, log, workerName, queues, database, redis, classifier } = wiring;
  const claims = createClaims(redis);
  return createHolds({
    queues,
    table: createHoldTable(database),
    clock,
    log,
    worker: workerName,
    // A classifier that needs no provider, or has a fallback, always succeeds: an earlier hold ends.
    probes: {
      async classification() {
        // A slow model is well: it has the time that any of its calls has.
        const limitMs = config.llmTimeoutSeconds * 1_000;
        if (config.classifierFallback === 'none') await classifier.probe?.(AbortSignal.timeout(limitMs));
      },
    },
    mayProbe: (queue, everyMs) => claims.claim(`probe:${queue}`, randomUUID(), everyMs),
  });
}

function wireConsumer(
  wiring: WorkerWiring,
  settings: WorkerSettings,
  parts: { readonly overrides: RuntimeOverrides } & Pick<
    ConsumerOptions,
    'hold' | 'rates' | 'publishEnded' | 'prepare'
  >,
): Consumer {
  const { registry, queues, ledger, lifecycle, services, classifier, database, redis } = wiring;
  const { overrides, rates, hold, publishEnded, prepare } = parts;
  const { config, clock, log, workerName } = wiring;
  const { postgresUrl, redisUrl, schema, taskFolders } = wiring.options;
  const isolatedStart = { config, postgresUrl, redisUrl, schema, taskFolders, workerName };
  return createConsumer({
    registry,
    ledger,
    lifecycle,
    services,
    connection: wiring.queueConnection,
    queueNames: settings.queueNames ?? queues.names,
    concurrency: settings.concurrency,
    lockMs: settings.lockMs,
    isolation: createIsolationPool({ entry: isolatedProcess, options: isolatedStart, log }),
    worker: workerName,
    maxRetries: config.maxRetries,
    retryDelayMs: config.retryDelaySeconds * 1_000,
    softLimitMs: softTaskTimeoutSeconds(config) * 1_000,
    hardLimitMs: config.taskTimeoutSeconds * 1_000,
    clock,
    log,
    rates,
    describeJob: ({ subjectId }): Record<string, unknown> => (subjectId === null ? {} : { meeting_id: subjectId }),
    timeLimitsOf: (task) => overrides.timeLimitsOf(task),
    refuses(job) {
      if (overrides.isRevoked(job.taskId)) return 'revoked';
      const expiresAt = job.terms?.expiresAt;
      return expiresAt && Date.parse(expiresAt) <= clock.wallMs() ? 'expired' : undefined;
    },
    hold,
    limitedQueues: classifier.isPaid ? ['classification'] : [],
    probeDatabase: () => probeDatabase(database),
    probeRedis: () => probeWrites(redis, redisUrl),
    onAcked: wiring.failpoints.at('acked'),
    publishEnded,
    prepare,
    acceptScheduled: (task, schedule, slotMs) => acceptScheduled(wiring, task, scheduledTaskId(schedule, slotMs)),
  });
}

/** Clients may read the classification of a job's meeting from Redis, too: the one that is in the table now. */
async function readCacheEntries(
  database: Database,
  { subjectId: meetingId }: TakenJob,
): Promise<readonly CacheEntry[]> {
  const standing = meetingId === null ? undefined : await readStandingResult(database, meetingId);
  return standing ? [cacheEntry(standing)] : [];
}

/** The row of a run that a schedule began; the same slot taken twice has one. */
async function acceptScheduled({ registry, ledger }: WorkerWiring, task: string, taskId: string): Promise<string> {
  const { name, queue, bind } = registry.find(task);
  const { parameters, subjectId } = bind([], {});
  const priority = priorities.normal;
  const [accepted] = await ledger.accept([
    { taskId, task: name, queue, parameters, subjectId, origin: 'schedule', priority, dueAt: null },
  ]);
  if (!accepted) throw new AppError('BUG', `The scheduled run ${taskId} of "${name}" got no row.`);
  return accepted.rowId;
}

/** A uuid (version 5 in form), the same for one slot of one schedule wherever it is taken: two workers make one row. */
export function scheduledTaskId(schedule: string, slotMs: number): string {
  return nameUuid(`vambe:schedule:${schedule}:${slotMs}`);
}
