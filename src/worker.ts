/** The worker process: check the servers, consume the queues, drain on a signal. */
import './core/process/small-heap.ts';
import { pathToFileURL } from 'node:url';
import { distance } from 'fastest-levenshtein';
import { createApp } from './app.ts';
import { celeryBrokerUrl, celeryListsOf, celeryResultUrl, postgresUrl, redisUrl } from './config/derived.ts';
import { llmAccess, unusedProviderHint } from './config/llm-access.ts';
import { loadConfig } from './config/load.ts';
import type { Config } from './config/schema.ts';
import { batchOf } from './core/batcher.ts';
import { createDeadline, type Deadline, endsWithin } from './core/deadline.ts';
import { AppError, messageOf } from './core/errors.ts';
import { createLogger } from './core/log/logger.ts';
import { inlineLess, letHeapGrow } from './core/process/v8-flags.ts';
import { createWatchdog } from './core/process/watchdog.ts';
import { createService, startAll, stopAll } from './core/service.ts';
import { preflight } from './preflight.ts';
import type { App, AppOptions, WorkerParts } from './wiring.ts';

/** A stop takes 30 s at most: 25 s of grace for jobs, the rest for servers and for the process itself to exit. */
const defaultGraceMs = 25_000;
const leaveAfterGraceMs = 3_500;
const goneAfterGraceMs = 5_000;
const answerMs = 250;

/** Lists that Celery producers send to; the bridge takes from them. */
const celeryLists: readonly string[] = ['vambe_tasks', 'celery', 'classification', 'default'];

export interface WorkerOptions {
  readonly config: Config;
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly log: AppOptions['log'];
  /** Unset: WORKER_CONCURRENCY. */
  readonly concurrency?: number;
  /** Names of queues to take from; unset: WORKER_QUEUES. */
  readonly queues?: readonly string[];
  readonly workerName?: string;
  readonly taskFolders?: readonly string[];
  /** Celery's task events from the start; unset: from when a monitor asks for them. */
  readonly sendsTaskEvents?: boolean;
  /** `celery control shutdown`: the process that runs the worker stops it. */
  readonly onShutDown?: () => void;
  /** Brings the schema up to date first. */
  readonly migrates?: boolean;
  /** And makes the API's tables where they are absent: for embedded servers. */
  readonly createsApiTables?: boolean;
  /** How long to wait for a server that does not answer; unset: without a limit. */
  readonly patienceMs?: number;
  readonly signal?: AbortSignal;
  /** How long a stop lets jobs finish; unset: 25 s. */
  readonly graceMs?: number;
  /** Unset: 25 s; see the consumer. */
  readonly lockMs?: number;
  /** Unset: what CLASSIFIER says. */
  readonly classifier?: AppOptions['classifier'];
  /** Runs on the app before the first job is taken. */
  readonly prepare?: (app: App) => Promise<void>;
}

export interface RunningWorker {
  readonly app: App;
  /**
   * Takes no new jobs, and finishes or requeues running ones. A second call requeues them at once. Ends within 30 s in any case.
   * @throws AppError REDIS_UNREACHABLE, DATABASE_UNREACHABLE: a server does not answer; other workers take over its jobs
   */
  stop(): Promise<void>;
}

/** Starts a worker in this process; it consumes when the promise resolves. @throws AppError as preflight and createApp */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { config, log } = options;
  const concurrency = options.concurrency ?? config.workerConcurrency;
  const { schema, redis, database } = await preflight({
    postgresUrl: options.postgresUrl,
    redisUrls: [...new Set([options.redisUrl, celeryBrokerUrl(config), celeryResultUrl(config)])].filter(
      (url) => url !== null,
    ),
    needsWrites: true,
    patienceMs: options.patienceMs ?? Number.POSITIVE_INFINITY,
    migrates: options.migrates ?? false,
    createsApiTables: options.createsApiTables,
    waitsForApiTables: true,
    log,
    signal: options.signal,
  });
  const app = await createApp({ ...options, schema, threadBatch: batchOf(concurrency) });
  if (app.classifier.kind === 'llm') {
    letHeapGrow();
    inlineLess();
    const { provider, baseUrlFrom, apiKeyFrom } = llmAccess(config);
    const from = { address_from: baseUrlFrom, key_from: apiKeyFrom };
    log.info('classifier.llm', { model: app.classifier.model, provider, ...from, fallback: config.classifierFallback });
  }
  const unused = unusedProviderHint(config);
  if (unused !== undefined) log.warn('classifier.provider_unused', { warning: unused });
  const { queueNames, lists, ...parts } = await startParts(app, options, concurrency);
  log.info('worker.ready', {
    worker: app.workerName,
    queues: queueNames.join(','),
    celery_lists: lists.join(','),
    concurrency,
    classifier: app.classifier.model,
    postgres: database.version,
    redis: redis[0]?.version,
  });

  const graceMs = options.graceMs ?? defaultGraceMs;
  let stopping: Promise<void> | undefined;
  /** Until then jobs may finish. */
  const grace = createDeadline(Number.POSITIVE_INFINITY);
  /** One deadline for all that a stop does: limits of single steps would add up. */
  const leave = createDeadline(Number.POSITIVE_INFINITY);
  return {
    app,
    async stop() {
      const jobsMs = stopping ? 0 : graceMs;
      grace.shortenTo(jobsMs);
      leave.shortenTo(jobsMs + leaveAfterGraceMs);
      stopping ??= stopOnce(app, parts, { grace, leave });
      return stopping;
    },
  };
}

type Parts = Pick<WorkerParts, 'consumer' | 'taking' | 'services'>;

async function stopOnce(
  app: App,
  { consumer, taking, services }: Parts,
  { grace, leave }: { grace: Deadline; leave: Deadline },
): Promise<void> {
  // Jobs, messages and remote control: nothing new of any kind.
  void taking.stop(grace);
  await consumer.stop(grace);
  const hasLetGo = consumer.prefetched() === 0;
  // A worker that had nothing to finish does not wait for servers as long as one that had.
  leave.shortenTo(leaveAfterGraceMs);
  // Before the connections close, although the answer may not be needed.
  const silent = await silentServers(app);
  const isStopped = await endsWithin(leave.leftMs(), stopAll(services, grace));
  if (!hasLetGo || !isStopped) throw hung(silent);
  app.log.info('worker.stopped', {
    processed: Object.values(consumer.counts()).reduce((sum, count) => sum + count, 0),
  });
}

type Server = 'Redis' | 'PostgreSQL';

async function silentServers({ redis, database }: App): Promise<readonly Server[]> {
  const asked: readonly (readonly [Server, Promise<unknown>])[] = [
    ['Redis', redis.ping()],
    ['PostgreSQL', database.testConnection()],
  ];
  const answered = new Set<Server>();
  const answers = asked.map(([server, answer]) => answer.then(() => answered.add(server)));
  await endsWithin(answerMs, Promise.allSettled(answers));
  return asked.flatMap(([server]) => (answered.has(server) ? [] : [server]));
}

function hung(silent: readonly Server[]): AppError {
  const who = silent.length === 0 ? 'a connection did not close' : `${silent.join(' and ')} did not answer`;
  const isDatabase = silent.length === 1 && silent[0] === 'PostgreSQL';
  return new AppError(
    isDatabase ? 'DATABASE_UNREACHABLE' : 'REDIS_UNREACHABLE',
    `Shutdown timed out: ${who}. The process exits; other workers take over its jobs.`,
  );
}

interface Chosen {
  /** Queues of ours. */
  readonly queueNames: readonly string[];
  /** Celery lists. */
  readonly lists: readonly string[];
}

/** What has started when one part fails is stopped again. @throws AppError USAGE, and what a part throws */
async function startParts(app: App, options: WorkerOptions, concurrency: number): Promise<Chosen & Parts> {
  let chosen: (Chosen & Parts) | undefined;
  try {
    chosen = chooseParts(app, options, concurrency);
    await startAll(chosen.services);
    return chosen;
  } catch (error) {
    const atOnce = createDeadline(0);
    if (chosen) await endsWithin(leaveAfterGraceMs, chosen.taking.stop(atOnce));
    await endsWithin(leaveAfterGraceMs, chosen ? stopAll(chosen.services, atOnce) : app.close());
    throw error;
  }
}

/** Chooses the queues, and lists all that runs in the order in which it starts; it stops in reverse. */
function chooseParts(app: App, { config, ...options }: WorkerOptions, concurrency: number): Chosen & Parts {
  const { queueNames, lists } = chosenQueues(app, options.queues ?? config.workerQueues);
  const { lockMs, sendsTaskEvents, onShutDown } = options;
  const parts = app.createWorker({ concurrency, queueNames, lists, lockMs, sendsTaskEvents, onShutDown });
  const services = [
    // First: the first job may block the process already.
    createWatchdog({ limitMs: config.taskTimeoutSeconds * 1_000, format: logFormat(config) }),
    createService('app', { start: () => options.prepare?.(app), stop: app.close }),
    ...parts.services,
  ];
  return { queueNames, lists, consumer: parts.consumer, taking: parts.taking, services };
}

/** Each name is a Celery list, and where it is one, a queue of ours; QUEUE_NAME is one more list. */
function chosenQueues({ queues, config }: App, asked: readonly string[]): Chosen {
  const lists = celeryListsOf(config, asked);
  refuseMisspelt(asked, celeryListsOf(config, [...queues.names, ...celeryLists]));
  // All four names are the default, which means every queue that a task uses.
  if (celeryLists.every((name) => asked.includes(name))) return { queueNames: queues.names, lists };
  return { queueNames: asked.filter((name) => queues.names.includes(name)), lists };
}

/** Any name may be a Celery list; one within two letters of a name that is known is a slip, and would be waited for in vain. */
function refuseMisspelt(asked: readonly string[], known: readonly string[]): void {
  for (const name of asked) {
    const meant = known.includes(name) ? undefined : known.find((each) => distance(each, name) <= 2);
    if (meant !== undefined) throw new AppError('USAGE', `There is no queue "${name}". Did you mean "${meant}"?`);
  }
}

/**
 * Runs a worker until SIGTERM or SIGINT; the exit code. First signal: finish what runs, at most 25 s, requeue the rest.
 * Second: requeue at once and exit with 143 or 130. Remote control and the end of its supervisor stop it as a first signal
 * does, and do not count as one: a supervisor passes a signal on to processes that remote control reached already.
 */
export async function runWorkerUntilSignal(
  options: WorkerOptions,
  onReady?: (worker: RunningWorker) => void,
): Promise<number> {
  const starting = new AbortController();
  let worker: RunningWorker | undefined;
  let stopInOrder: () => void = () => undefined;
  const exitCode = new Promise<number>((resolve) => {
    let isStopping = false;
    let signals = 0;
    let codeAtOnce: number | undefined;
    stopInOrder = () => {
      if (!worker) {
        starting.abort();
        return resolve(0);
      }
      if (isStopping) return;
      isStopping = true;
      leaveInTime(options.graceMs);
      worker.stop().then(
        () => resolve(codeAtOnce ?? 0),
        (error) => {
          options.log.error('worker.stop_failed', {
            ...(error instanceof AppError ? { code: error.code } : {}),
            error: messageOf(error),
          });
          resolve(codeAtOnce ?? 1);
        },
      );
    };
    const onSignal = (name: 'SIGTERM' | 'SIGINT') => {
      signals += 1;
      if (signals === 1 || !worker) return stopInOrder();
      const code = name === 'SIGINT' ? 130 : 143;
      codeAtOnce = code;
      worker.stop().catch(() => undefined);
      setTimeout(() => resolve(code), 2_000);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    // Its supervisor has ended: no signal would reach this process, and the next supervisor starts others in its place.
    if (process.connected) process.once('disconnect', stopInOrder);
    const onBug = (error: unknown) => {
      options.log.error('worker.bug', {
        code: 'BUG',
        error: error instanceof Error ? (error.stack ?? error.message).slice(0, 2_000) : 'unknown',
      });
      if (!worker) return resolve(1);
      worker.stop().then(
        () => resolve(1),
        () => resolve(1),
      );
    };
    process.on('uncaughtException', onBug);
    process.on('unhandledRejection', onBug);
  });
  const started = startWorker({ ...options, onShutDown: () => stopInOrder(), signal: starting.signal }).then(
    (running) => {
      worker = running;
      onReady?.(running);
      if (starting.signal.aborted) return running.stop();
    },
  );
  await Promise.race([started, exitCode]);
  return exitCode;
}

/** This process exits 30 s after the signal in any case, also with embedded servers. */
export function leaveInTime(graceMs: number = defaultGraceMs): void {
  setTimeout(() => process.exit(1), graceMs + goneAfterGraceMs).unref();
}

function logFormat({ logFormat }: Config): 'pretty' | 'json' {
  return logFormat ?? (process.stderr.isTTY ? 'pretty' : 'json');
}

async function main(): Promise<void> {
  const { config, warnings } = loadConfig();
  const log = createLogger({ level: config.logLevel, format: logFormat(config) });
  for (const warning of warnings) log.warn('settings.warning', { warning });
  const [postgres, redis] = [postgresUrl(config), redisUrl(config)];
  if (postgres === null || redis === null) {
    throw new AppError(
      'SETTINGS_INVALID',
      'Set REDIS_URL and POSTGRES_HOST (or DATABASE_URL), or run "vambe worker", which starts embedded servers where an address is missing.',
    );
  }
  process.exitCode = await runWorkerUntilSignal({ config, log, postgresUrl: postgres, redisUrl: redis });
  process.exit();
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main().catch((error) => {
    process.stderr.write(`vambe: ${error instanceof AppError ? error.message : error.stack}\n`);
    process.exit(error instanceof AppError ? error.exitCode : 1);
  });
}
