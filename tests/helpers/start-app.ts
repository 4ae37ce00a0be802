/** The product wired in this process on a namespace's servers, with settings a test chooses. */

import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import type { Clock } from '../../src/core/clock.ts';
import { createDatabase } from '../../src/core/connections/database.ts';
import { createDeadline } from '../../src/core/deadline.ts';
import type { EnqueueRequest } from '../../src/core/queue/enqueue.ts';
import type { RuntimeOverrides } from '../../src/core/runtime-overrides.ts';
import { checkSchema } from '../../src/models/schema-check.ts';
import type { Taxonomy } from '../../src/models/taxonomy.ts';
import type { Classifier } from '../../src/services/classification/classifier.ts';
import { readTaxonomy } from '../../src/wire-services.ts';
import type { App } from '../../src/wiring.ts';
import { createMemoryLog, type MemoryLog } from './memory-log.ts';
import type { Namespace } from './namespace.ts';
import { waitFor } from './wait-for.ts';

export interface TestAppOptions {
  readonly settings?: Partial<Config>;
  readonly classifier?: Classifier;
  readonly taskFolders?: readonly string[];
  readonly workerName?: string;
  /** Unset: the one that comes along. */
  readonly taxonomy?: Taxonomy;
  readonly clock?: Clock;
}

export interface WorkOptions {
  readonly lockMs?: number;
  readonly concurrency?: number;
  readonly queueNames?: readonly string[];
  readonly withHousekeeping?: boolean;
  /** Celery lists to take from; unset: none. */
  readonly lists?: readonly string[];
  /** At its stop, what nobody began goes back to the lists. */
  readonly givesBack?: boolean;
}

export interface TestApp extends App {
  readonly log: MemoryLog;
  /** Consumes until `stop`. Housekeeping (heartbeat, sweeps, schedules) and remote control run only where a test is about it: sweep_unclassified would accept the test's meetings. */
  work(options?: WorkOptions): Promise<{ readonly overrides: RuntimeOverrides; stop(graceMs?: number): Promise<void> }>;
  /** Enqueues one request; its task id. */
  ask(request: Partial<EnqueueRequest>): Promise<string>;
  /** The row of a job, as soon as it is in one of these states. */
  rowIn(taskId: string, ...states: readonly string[]): Promise<JobRow>;
}

export interface JobRow {
  readonly id: string;
  readonly task_id: string;
  readonly task: string;
  readonly state: string;
  readonly attempt: number;
  readonly attempts: readonly { attempt: number; code: string; message: string; due_at: string | null }[];
  readonly delivery: number;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly worker: string | null;
  readonly run_id: string | null;
  readonly result: unknown;
  readonly origin: string;
}

/** Read once a test file: it never changes. */
const taxonomy = readTaxonomy(loadConfig({}, '').config);

export async function startApp(
  namespace: Pick<Namespace, 'postgresUrl' | 'redisUrl'>,
  options: TestAppOptions = {},
): Promise<TestApp> {
  const log = createMemoryLog();
  const config: Config = { ...loadConfig({}, '').config, ...options.settings };
  const probe = createDatabase({ url: namespace.postgresUrl, poolSize: 1, prepared: false, applicationName: 'tests' });
  const schema = await checkSchema(probe).finally(() => probe.close());
  const app = await createApp({
    config,
    postgresUrl: namespace.postgresUrl,
    redisUrl: namespace.redisUrl,
    schema,
    log,
    classifier: options.classifier,
    taxonomy: options.taxonomy ?? (await taxonomy),
    taskFolders: options.taskFolders,
    workerName: options.workerName ?? 'worker@tests',
    clock: options.clock,
  });
  return {
    ...app,
    log,
    async work({ concurrency = 20, queueNames, lockMs, withHousekeeping = false, lists = [], givesBack = false } = {}) {
      const { consumer, housekeeping, bridge, overrides, celeryNode } = app.createWorker({
        concurrency,
        queueNames,
        lists,
        lockMs,
      });
      await consumer.start();
      if (withHousekeeping) await housekeeping.start();
      if (lists.length > 0) await bridge.start();
      if (withHousekeeping) await celeryNode.start();
      return {
        overrides,
        async stop(graceMs = 5_000) {
          const deadline = createDeadline(graceMs);
          if (lists.length > 0) await bridge.stop(deadline);
          if (withHousekeeping) await housekeeping.stop(deadline);
          if (withHousekeeping) await celeryNode.stop(deadline);
          await consumer.stop(createDeadline(graceMs));
          if (givesBack) await bridge.returnToCeleryList();
          await celeryNode.events.stop(deadline);
        },
      };
    },
    async ask(request) {
      const { accepted } = await app.enqueuer.enqueue([{ task: 'classify_meeting', origin: 'tests', ...request }]);
      return accepted[0]?.taskId ?? '';
    },
    rowIn: (taskId, ...states) =>
      waitFor(`job ${taskId} to be ${states.join(' or ')}`, async () => {
        const row = await readJob(app, taskId);
        return row && states.includes(row.state) ? row : undefined;
      }),
  };
}

export async function readJob(app: App, taskId: string): Promise<JobRow | undefined> {
  const text = `select id::text, task_id, task, state, attempt, attempts, delivery, error_code, error_message, worker, run_id::text, result, origin
from vambe_worker.jobs where task_id = $1`;
  const [row] = await app.database.run<JobRow>({ name: '', text }, [taskId]);
  return row;
}

/** Runs a query of the test's own. */
export async function query<Row = Record<string, unknown>>(
  app: Pick<App, 'database'>,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  return app.database.run<Row>({ name: '', text }, values);
}

/** A document in Redis, parsed. */
export async function readDocument(app: App, key: string): Promise<Record<string, unknown> | undefined> {
  const text = await app.redis.get(key);
  return text === null ? undefined : JSON.parse(text);
}

/** A job that BullMQ gave out is not begun yet: its worker tells when it has. */
export async function untilItRuns(app: App, taskId: string | undefined): Promise<void> {
  await waitFor(`${taskId} to run`, async () => {
    const document = await readDocument(app, `celery-task-meta-${taskId}`);
    return document?.status === 'STARTED' || document?.status === 'PROGRESS';
  });
}
