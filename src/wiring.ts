/** What a process is wired from and to: options, the core that every command has, the whole app, the parts of a worker. Types alone. */
import type { Bridge } from './celery/bridge/bridge.ts';
import type { CeleryNode } from './celery/control/celery-node.ts';
import type { FollowUps } from './celery/results/follow-ups.ts';
import type { Config } from './config/schema.ts';
import type { Clock } from './core/clock.ts';
import type { Database } from './core/connections/database.ts';
import type { Redis } from './core/connections/redis.ts';
import type { Failpoints } from './core/failpoints.ts';
import type { CallTerms, JobLedger, UnsentFollowUp } from './core/job-ledger.ts';
import type { Lifecycle } from './core/lifecycle.ts';
import type { Log } from './core/log/logger.ts';
import type { Consumer } from './core/queue/consumer.ts';
import type { Enqueuer } from './core/queue/enqueue.ts';
import type { Queues } from './core/queue/queues.ts';
import type { Schedule } from './core/queue/schedules.ts';
import type { RuntimeOverrides } from './core/runtime-overrides.ts';
import type { Service } from './core/service.ts';
import type { TaskRegistry } from './core/task.ts';
import type { EmptyLabel } from './models/classification-columns.ts';
import type { MeetingSubject } from './models/meeting-subject.ts';
import type { SchemaFacts } from './models/schema-check.ts';
import type { Taxonomy } from './models/taxonomy.ts';
import type { Classifier } from './services/classification/classifier.ts';
import type { Services } from './services/services.ts';

export interface CoreOptions extends ProcessOptions {
  /** `worker@%h` and its like; unset: WORKER_HOSTNAME. */
  readonly workerName?: string;
  readonly clock?: Clock;
}

export interface AppOptions extends CoreOptions {
  /** Unset: what CLASSIFIER says. */
  readonly classifier?: Classifier;
  /** Set: transcripts are read in a thread, offline so many a message; unset: in this one. */
  readonly threadBatch?: number;
  /** Unset: the file of TAXONOMY_FILE; reading it takes longer than the rest of a start. */
  readonly taxonomy?: Taxonomy;
}

/** What commands that classify nothing need. */
export interface Core {
  /** What the process was started with; an isolated process is started with the same. */
  readonly options: ProcessOptions;
  readonly config: Config;
  readonly clock: Clock;
  readonly log: ProcessOptions['log'];
  readonly workerName: string;
  readonly database: Database;
  readonly redis: Redis;
  /** Holds the results that Celery clients read; the same connection in most installations. */
  readonly backend: Redis;
  /** Holds the Celery lists; the same connection in most installations. */
  readonly broker: Redis;
  readonly brokerUrl: string;
  readonly queueConnection: Redis;
  readonly registry: TaskRegistry;
  readonly queues: Queues;
  readonly schedules: readonly Schedule[];
  readonly ledger: JobLedger<MeetingSubject>;
  readonly enqueuer: Enqueuer;
  readonly lifecycle: Lifecycle;
  readonly followUps: FollowUps;
  /** What text columns hold for a label without a value. */
  readonly emptyLabel: EmptyLabel;
  readonly failpoints: Failpoints;
  openSubscriber(): Redis;
  /** Does again what Redis refused when a job ended. @throws what Redis says */
  sendUnsent(terms: CallTerms, unsent: UnsentFollowUp): Promise<void>;
  close(): Promise<void>;
}

export interface App extends Core {
  readonly taxonomy: Taxonomy;
  readonly classifier: Classifier;
  readonly services: Services;
  /** Jobs that this process runs now. */
  runningJobs(): number;
  /** The parts of a worker that consumes `queueNames` (all when unset); nothing runs before `start`. */
  createWorker(options: WorkerSettings): WorkerParts;
}

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

/** What a worker needs of its process. */
export interface WorkerWiring extends Core {
  readonly services: Services;
  readonly classifier: Classifier;
  /** Of the Celery broker. */
  readonly subscriber: Redis;
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
