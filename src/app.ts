/** The task app: discovers tasks, routes them to queues, and wires everything. Importing it does nothing. */

import { hostname } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageWithFollowUps } from './celery/protocol/call-terms.ts';
import { createFollowUps } from './celery/results/follow-ups.ts';
import { createRedisRetry, noRetry } from './celery/results/redis-retry.ts';
import { storedSuccessPattern } from './celery/results/result-documents.ts';
import { createResultListener } from './celery/results/result-listener.ts';
import { celeryBrokerUrl, celeryResultUrl, preparedStatements } from './config/derived.ts';
import { systemClock } from './core/clock.ts';
import { createDatabase } from './core/connections/database.ts';
import { createRedis, describeRedis, type Redis } from './core/connections/redis.ts';
import { endsWithin } from './core/deadline.ts';
import { discoverTasks } from './core/discover-tasks.ts';
import { createFailpoints, parseFailpoints } from './core/failpoints.ts';
import { acceptAndTell, createLifecycle, type Lifecycle } from './core/lifecycle.ts';
import type { Log } from './core/log/logger.ts';
import type { Consumer } from './core/queue/consumer.ts';
import { createEnqueuer } from './core/queue/enqueue.ts';
import { createQueues } from './core/queue/queues.ts';
import { schedulesOf } from './core/queue/schedules.ts';
import { createDocumentWriter } from './core/redis-documents.ts';
import { createTaskRegistry, type Task, type TaskRegistry } from './core/task.ts';
import { emptyLabelFor } from './models/api-tables.ts';
import { createJobLedger } from './models/queries/job-ledger.ts';
import { createStatusPublisher } from './services/publishing/status-documents.ts';
import type { App, AppOptions, Core, CoreOptions } from './wiring.ts';

/** How long a close waits for records of model calls. */
const lastRecordsMs = 2_000;
/** A take, a save and an accept at once need three; the rest is for commands and handlers. */
const poolSize = 6;

/** Wires what every command and every worker needs: servers, queues, ledger, lifecycle. @throws AppError TASK_INVALID, SETTINGS_INVALID */
export async function createCore(options: CoreOptions): Promise<Core> {
  const { config, log, clock = systemClock } = options;
  const workerName = expandWorkerName(options.workerName ?? config.workerHostname);
  const failpoints = createFailpoints(parseFailpoints(config.failpoints));
  const registry = await findTasks(options.taskFolders ?? [], log);
  const servers = connectRedis(options);
  const { redis, broker, brokerUrl, backend, queueConnection } = servers;
  const database = createDatabase({
    url: options.postgresUrl,
    poolSize,
    prepared: preparedStatements(config),
    applicationName: 'vambe',
  });

  const schedules = schedulesOf(registry.all);
  const queues = createQueues({ connection: queueConnection, clock, ...queueOptions(registry, config.maxRetries) });
  const emptyLabel = emptyLabelFor(config.labelsWithoutValue, options.schema);
  const tables = createJobLedger(database, { emptyLabel });
  const writerOf = (server: Redis) => createDocumentWriter({ redis: server, finalPattern: storedSuccessPattern, log });
  const cacheWriter = writerOf(redis);
  const resultWriter = backend === redis ? cacheWriter : writerOf(backend);
  const origin = `${process.pid}@${hostname()}`;
  const { noteUnsent } = tables;
  const sending = { broker, backend, writer: resultWriter, registry, clock, log, origin, noteUnsent };
  const followUps = createFollowUps({ ...sending, retry: createRedisRetry({ clock, log }) });
  const told = createLifecycle({
    // In this order: a client that hears of the Celery result finds what the API reads beside it.
    critical: [
      createStatusPublisher({ writer: cacheWriter, clock }),
      createResultListener({ writer: resultWriter, followUps, worker: workerName, clock }),
    ],
    log,
  });
  const lifecycle: Lifecycle = {
    ...told,
    tell: failpoints.after('published', told.tell, ({ kind }) => kind === 'succeeded'),
  };
  const ledger = {
    ...tables,
    accept: failpoints.after('accepted', acceptAndTell(tables.accept, lifecycle)),
    take: failpoints.after('taken', tables.take),
  };
  const enqueuer = createEnqueuer({ registry, ledger, queues, log });
  return {
    options,
    config,
    clock,
    log,
    workerName,
    database,
    redis,
    backend,
    broker,
    brokerUrl,
    queueConnection,
    registry,
    queues,
    schedules,
    ledger,
    enqueuer,
    lifecycle,
    followUps,
    emptyLabel,
    failpoints,
    openSubscriber: servers.openSubscriber,
    async sendUnsent(terms, unsent) {
      const message = messageWithFollowUps(terms);
      if (message) await createFollowUps({ ...sending, retry: noRetry }).sendUnsent(message, unsent);
    },
    async close() {
      lifecycle.stop();
      await queues.close();
      for (const each of new Set([redis, backend, broker, queueConnection])) each.disconnect();
      await database.close();
    },
  };
}

/** The connections of a process. Broker and result backend of Celery share one with the app where their address is the same. */
function connectRedis(options: CoreOptions) {
  const { config, log } = options;
  const redisOptions = connectionOptions(options, log);
  const queueConnection = createRedis({ ...redisOptions, use: 'queue', onChange: redisLog(options.redisUrl, log) });
  const redis = createRedis({ ...redisOptions, use: 'commands' });
  const brokerUrl = celeryBrokerUrl(config) ?? options.redisUrl;
  const broker =
    brokerUrl === options.redisUrl
      ? redis
      : createRedis({ ...redisOptions, url: brokerUrl, use: 'commands', onChange: redisLog(brokerUrl, log) });
  const resultUrl = celeryResultUrl(config) ?? options.redisUrl;
  const backend =
    resultUrl === options.redisUrl
      ? redis
      : createRedis({
          ...redisOptions,
          url: resultUrl,
          use: 'commands',
          onChange: resultUrl === brokerUrl ? undefined : redisLog(resultUrl, log),
        });
  const openSubscriber = () => createRedis({ ...redisOptions, url: brokerUrl, use: 'listener' });
  return { redis, broker, brokerUrl, backend, queueConnection, openSubscriber };
}

/** Wires a whole process: the core, the classifier, and what a worker consists of. @throws AppError as createCore; TAXONOMY_INVALID */
export async function createApp(options: AppOptions): Promise<App> {
  // Loaded here, as most commands classify nothing.
  const [{ wireServices }, { wireWorker }, core] = await Promise.all([
    import('./wire-services.ts'),
    import('./wire-worker.ts'),
    createCore(options),
  ]);
  const { taxonomy, classifier, services, recordsAreKept } = await wireServices(core, options);
  let subscriber: Redis | undefined;
  let consuming: Consumer | undefined;
  return {
    ...core,
    taxonomy,
    classifier,
    services,
    runningJobs: () => consuming?.running().length ?? 0,
    createWorker(settings) {
      // One for all workers of the process.
      subscriber ??= core.openSubscriber();
      const parts = wireWorker({ ...core, classifier, services, subscriber }, settings);
      consuming = parts.consumer;
      return parts;
    },
    async close() {
      core.lifecycle.stop();
      // Calls that a stop abandoned are recorded, as they may be charged.
      await endsWithin(lastRecordsMs, recordsAreKept());
      subscriber?.disconnect();
      await Promise.all([core.close(), classifier.close?.()]);
    },
  };
}

async function findTasks(folders: readonly string[], log: Log): Promise<TaskRegistry> {
  const builtIn = await discoverTasks(fileURLToPath(new URL('./tasks/', import.meta.url)));
  const own: Task[] = [];
  for (const folder of folders) own.push(...(await discoverTasks(path.resolve(folder))));
  const replaced = builtIn.filter(({ name }) => own.some((each) => each.name === name));
  for (const { name } of replaced)
    log.warn('worker.task_replaced', { task: name, reason: 'a task of yours has this name' });
  return createTaskRegistry([...builtIn.filter((task) => !replaced.includes(task)), ...own]);
}

function queueOptions(registry: TaskRegistry, maxRetries: number) {
  const maxRetriesOf = (task: string) => registry.settingsOf(task)?.maxRetries;
  return { names: queueNamesOf(registry), maxRetries, maxRetriesOf };
}

function queueNamesOf({ all }: TaskRegistry): string[] {
  return [...new Set(['classification', 'default', ...all.map(({ queue }) => queue)])];
}

function connectionOptions({ redisUrl }: CoreOptions, log: Log) {
  log.debug('redis.connecting', { url: describeRedis(redisUrl) });
  return { url: redisUrl, name: 'vambe' };
}

function redisLog(url: string, log: Log) {
  return ({ state, reason, downMs }: { state: 'down' | 'up'; reason: string; downMs: number }) => {
    if (state === 'down')
      log.warn('redis.down', { url: describeRedis(url), reason, next: 'trying again by itself; accepted jobs wait' });
    else log.info('redis.back', { after_s: Number((downMs / 1_000).toFixed(1)) });
  };
}

/** As Celery expands them: %h host, %n its first part, %d its domain. */
export function expandWorkerName(template: string, host: string = hostname()): string {
  const [name = host, ...domain] = host.split('.');
  const known: Readonly<Record<string, string>> = { '%h': host, '%n': name, '%d': domain.join('.'), '%%': '%' };
  return template.replace(/%[hnd%]/g, (sign) => known[sign] ?? sign);
}
