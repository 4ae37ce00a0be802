/** What a worker is wired from, and the parts that come of it. */
import type { Bridge } from './celery/bridge/bridge.ts';
import type { CeleryNode } from './celery/control/celery-node.ts';
import type { FollowUps } from './celery/results/follow-ups.ts';
import type { Config } from './config/schema.ts';
import type { Clock } from './core/clock.ts';
import type { Database } from './core/database.ts';
import type { JobLedger } from './core/job-ledger.ts';
import type { Lifecycle } from './core/lifecycle.ts';
import type { Log } from './core/logger.ts';
import type { Consumer, ConsumerOptions } from './core/queue/consumer.ts';
import type { ReadPublished } from './core/queue/publish-ended.ts';
import type { Queues } from './core/queue/queues.ts';
import type { Schedule } from './core/queue/schedules.ts';
import type { Redis } from './core/redis.ts';
import type { RuntimeOverrides } from './core/runtime-overrides.ts';
import type { Service } from './core/service.ts';
import type { TaskRegistry } from './core/task.ts';
import type { SchemaFacts } from './models/schema-check.ts';
import type { Classifier } from './services/classification/classifier.ts';
import type { Services } from './services/services.ts';

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
