/** Wires the parts of a worker over those of its app: it takes jobs and Celery messages, keeps house, and answers Celery's tools. */
import { randomUUID } from 'node:crypto';
import { type Bridge, createBridge } from './celery/bridge.ts';
import { type CeleryNode, createCeleryNode } from './celery/celery-node.ts';
import type { FollowUps } from './celery/follow-ups.ts';
import { softTaskTimeoutSeconds } from './config/derived.ts';
import { type Config, settingKeys, settings as settingsTable } from './config/schema.ts';
import { createClaims } from './core/claims.ts';
import type { Clock } from './core/clock.ts';
import type { Database } from './core/database.ts';
import { endsWithin } from './core/deadline.ts';
import { AppError, messageOf } from './core/errors.ts';
import type { JobLedger, TakenJob } from './core/job-ledger.ts';
import type { Lifecycle } from './core/lifecycle.ts';
import type { Log } from './core/logger.ts';
import { maskSecrets } from './core/mask.ts';
import { nameUuid } from './core/name-uuid.ts';
import type { CacheEntry } from './core/outcome.ts';
import { type Consumer, type ConsumerOptions, createConsumer } from './core/queue/consumer.ts';
import { priorities } from './core/queue/enqueue.ts';
import { createHolds } from './core/queue/holds.ts';
import { createHousekeeping } from './core/queue/housekeeping.ts';
import { createIsolationPool } from './core/queue/isolation.ts';
import { createPauses } from './core/queue/pauses.ts';
import { listWorkers, readNode, type WorkerState } from './core/queue/presence.ts';
import { createPublishEnded, type ReadPublished } from './core/queue/publish-ended.ts';
import { countWaiting } from './core/queue/queue-counts.ts';
import type { Queues } from './core/queue/queues.ts';
import { createTaskRates } from './core/queue/rate-limits.ts';
import { createRecovery } from './core/queue/recovery.ts';
import { createResultRecovery } from './core/queue/result-recovery.ts';
import type { Schedule } from './core/queue/schedules.ts';
import { probeWrites, type Redis } from './core/redis.ts';
import { createRuntimeOverrides, type RuntimeOverrides } from './core/runtime-overrides.ts';
import { createService, type Service, sideBySide } from './core/service.ts';
import type { TaskRegistry } from './core/task.ts';
import { readStandingResult } from './models/queries/classifications.ts';
import { createHoldTable, createPauseTable } from './models/queries/controls.ts';
import { probeDatabase } from './models/queries/probe.ts';
import type { SchemaFacts } from './models/schema-check.ts';
import type { Classifier } from './services/classification/classifier.ts';
import { cacheEntry } from './services/classification/classify-meeting.ts';
import { createControlledWorker } from './services/operations/controlled-worker.ts';
import type { Services } from './services/services.ts';
import { readVersion } from './version.ts';

export interface WorkerSettings {
  readonly concurrency: number;
  readonly queueNames?: readonly string[];
  /** Celery lists to take from; none when unset. */
  readonly lists?: readonly string[];
  /** Unset: 25 s; see the consumer. */
  readonly lockMs?: number;
  /** Celery's task events from the start; unset: from when a monitor asks for them. */
  readonly sendsTaskEvents?: boolean;
  /** A stop that remote control asks for. */
  readonly onShutDown?: () => void;
}

export interface WorkerParts {
  readonly consumer: Consumer;
  readonly housekeeping: Service;
  readonly bridge: Bridge;
  readonly overrides: RuntimeOverrides;
  /** This worker as Celery's tools see it. */
  readonly celeryNode: CeleryNode;
  /** All that take jobs, messages or commands: they start one after another and stop at once. */
  readonly taking: Service;
  /** `taking` and what outlives it, in the order in which they start. */
  readonly services: readonly Service[];
}

/** What a process is told when it starts. */
export interface ProcessOptions {
  readonly config: Config;
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly schema: SchemaFacts;
  readonly log: Log & { droppedLines?(): number };
  /** Folders of people's own tasks; one of a built-in's name replaces it. */
  readonly taskFolders?: readonly string[];
}

/** What a worker needs of its app. */
export interface WorkerWiring {
  readonly options: ProcessOptions & { readonly clock: Clock; readonly workerName: string };
  readonly registry: TaskRegistry;
  readonly queues: Queues;
  readonly schedules: readonly Schedule[];
  readonly ledger: JobLedger;
  readonly lifecycle: Lifecycle;
  readonly readPublished: ReadPublished;
  readonly followUps: FollowUps;
  readonly services: Services;
  readonly classifier: Classifier;
  readonly database: Database;
  readonly redis: Redis;
  readonly broker: Redis;
  readonly brokerUrl: string;
  readonly queueConnection: Redis;
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  readonly onAcked: ConsumerOptions['onAcked'];
  /** One for all workers of the app, which closes it. */
  openSubscriber(): Redis;
}

/** Of a stop, for messages that were taken and not begun. */
const giveBackMs = 1_500;
const isolatedProcess = new URL('./isolated-process.ts', import.meta.url);

export function wireWorker(wiring: WorkerWiring, settings: WorkerSettings): WorkerParts {
  const { registry, queues, schedules, ledger, lifecycle, database, redis, broker, brokerUrl } = wiring;
  const { config, clock, log, workerName } = wiring.options;
  const { concurrency, queueNames = queues.names, lists = [] } = settings;
  const overrides = createRuntimeOverrides({ lists, concurrency, now: () => clock.monotonicMs() });
  const shownConfig = shownSettings(config);
  const holds = wireHolds(wiring);
  const rates = createTaskRates({ redis, queues, registry });
  const pauses = createPauses({ queues, schedules, table: createPauseTable(database), clock, log });
  const prepare = async () => {
    // So that nothing starts of a queue whose pause an emptied Redis forgot; the first beat tries again.
    await Promise.all([pauses.apply({ registersSchedules: false }), rates.refresh()]).catch((error) => {
      log.debug('worker.controls_failed', { error: messageOf(error) });
    });
    // The settings may be corrected now. Not waited for, as a provider may hang.
    void holds.look({ isStart: true }).catch(() => undefined);
  };
  const publishEnded = createPublishEnded({
    ledger,
    lifecycle,
    readPublished: wiring.readPublished,
    cacheOf: (job) => readCacheEntries(database, job),
  });
  const consumer = wireConsumer(wiring, settings, { overrides, rates, hold: holds.begin, publishEnded, prepare });
  overrides.onChange((what) => what === 'concurrency' && consumer.setConcurrency(overrides.concurrency()));
  const bridge = createBridge({
    broker,
    brokerUrl,
    place: `${workerName}#${process.pid}#${randomUUID().slice(0, 8)}`,
    registry,
    ledger,
    queues,
    lifecycle,
    followUps: wiring.followUps,
    steering: overrides,
    clock,
    log,
    async countBusy() {
      const waiting = await Promise.all([
        ...queues.names.map((name) => countWaiting(queues, name)),
        // As in Celery: else a slow task's messages would all be taken away from other workers.
        rates.countWaiting(),
      ]);
      return waiting.reduce((sum, count) => sum + count, consumer.running().length);
    },
    // Asked when this process has taken its leave.
    queuesOfOthers: async () => (await listWorkers(redis, clock)).flatMap((worker) => worker.queues),
  });
  const state = stateReader(wiring, { queueNames, concurrency, consumer, conf: shownConfig });
  const isRunningHere = (rowId: string) => consumer.isRunning(rowId);
  const housekeeping = createHousekeeping({
    redis,
    recovery: createRecovery({ ledger, queues, redis, clock, log, isRunningHere }),
    recoverResults: createResultRecovery({
      ledger,
      redis,
      log,
      readPublished: wiring.readPublished,
      publishEnded,
      isRunningHere,
    }),
    clock,
    log,
    state,
    cancel: (rowId) => consumer.cancel(rowId),
    applyPauses: async (each) => void (await Promise.all([pauses.apply(each), rates.refresh()])),
    lookAtHolds: () => holds.look(),
  });
  const worker = createControlledWorker({
    name: workerName,
    queueNames,
    registry,
    consumer,
    overrides,
    queues,
    rates,
    database,
    redis,
    lifecycle,
    maxRetries: wiring.maxRetries,
    settings: shownConfig,
    clock,
    log,
    shutDown: () => settings.onShutDown?.(),
  });
  const celeryNode = createCeleryNode({
    name: workerName,
    version: readVersion(),
    worker,
    brokerUrl,
    broker,
    subscriber: wiring.openSubscriber(),
    redis,
    lifecycle,
    sendsTaskEvents: settings.sendsTaskEvents ?? false,
    isInspectOnly: config.celeryControl === 'inspect-only',
    async readLoad() {
      const { processes, state: node } = await readNode(redis, workerName, clock);
      // Its own figures are fresher than those of its last beat.
      const shown = processes > 1 && node ? node : state();
      const processed = Object.values(shown.processed).reduce((sum, count) => sum + count, 0);
      return { active: shown.active.length, processed, processes, isFirst: shown.pid === process.pid };
    },
    clock,
    log,
  });
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

/** Stopped when no job runs any more; where one hung, its worker is not to be trusted with messages either. */
function untouchedMessages(bridge: Bridge, consumer: Consumer): Service {
  return createService('untouched-messages', {
    start: () => undefined,
    async stop() {
      if (consumer.prefetched() === 0) await endsWithin(giveBackMs, bridge.giveBack());
    },
  });
}

function wireHolds({ options, queues, database, redis, classifier }: WorkerWiring) {
  const { config, clock, log, workerName } = options;
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
  const { config, clock, log, workerName, postgresUrl, redisUrl, schema, taskFolders } = wiring.options;
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
    maxRetries: wiring.maxRetries,
    retryDelayMs: wiring.retryDelayMs,
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
    onAcked: wiring.onAcked,
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

function stateReader(
  { options, registry }: WorkerWiring,
  shown: Pick<WorkerState, 'conf' | 'concurrency'> & { queueNames: readonly string[]; consumer: Consumer },
): () => WorkerState {
  const { clock, log, workerName } = options;
  const { consumer, concurrency, conf, queueNames } = shown;
  const startedAt = new Date(clock.wallMs()).toISOString();
  return () => ({
    worker: workerName,
    pid: process.pid,
    queues: queueNames,
    concurrency,
    tasks: registry.all.map(({ name }) => name),
    started_at: startedAt,
    processed: consumer.counts(),
    rss_bytes: process.memoryUsage.rss(),
    dropped_log_lines: log.droppedLines?.() ?? 0,
    software: `vambe-ai-worker on Node.js ${process.versions.node}, ${process.platform} ${process.arch}`,
    conf,
    active: consumer.running().map(({ job, startedWallMs }) => ({
      task_id: job.taskId,
      task: job.task,
      meeting_id: job.subjectId,
      started_at: new Date(startedWallMs).toISOString(),
    })),
  });
}

/** Every setting by name as others may see it: secrets and passwords of addresses masked. */
function shownSettings(config: Config): Record<string, unknown> {
  return Object.fromEntries(
    settingKeys.map((key) => {
      const [value, { name, isSecret }] = [config[key], settingsTable[key]];
      if (isSecret) return [name, value === null ? null : '********'];
      return [name, typeof value === 'string' ? maskSecrets(value) : value];
    }),
  );
}

/** A uuid (version 5 in form), the same for one slot of one schedule wherever it is taken: two workers make one row. */
export function scheduledTaskId(schedule: string, slotMs: number): string {
  return nameUuid(`vambe:schedule:${schedule}:${slotMs}`);
}
