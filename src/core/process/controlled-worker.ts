/** What remote control may ask of a worker process and change in it; app.ts wires it, the folder of the protocol translates. */
import type { CallTerms } from '../job-ledger.ts';

/** A job as monitoring tools show it. */
export interface ShownJob {
  readonly taskId: string;
  readonly task: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly queue: string;
  /** BullMQ's. */
  readonly priority: number;
  /** Options of its sender, as far as they were stored. */
  readonly terms: CallTerms | null;
  /** Unix milliseconds; null: it is not running. */
  readonly startedMs: number | null;
  /** Earliest start in Unix milliseconds; null: none. */
  readonly dueMs: number | null;
}

export interface TaskFacts {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly maxRetries: number;
  /** The text that was set by remote control; null: none. */
  readonly rateLimit: string | null;
}

export interface TimeLimits {
  readonly softSeconds: number | null;
  readonly hardSeconds: number | null;
}

/** Read-only queries. */
export interface WorkerAnswers {
  active(): Promise<readonly ShownJob[]>;
  /** Jobs that were taken from a list or from BullMQ, are not running and are not due later. */
  reserved(): Promise<readonly ShownJob[]>;
  /** Jobs that are due later: a countdown or a retry. */
  scheduled(): Promise<readonly ShownJob[]>;
  revokedIds(): readonly string[];
  tasks(): Promise<readonly TaskFacts[]>;
  /** Names of the lists that are consumed now. */
  lists(): readonly string[];
  /** Jobs started since the start of the process, by task. */
  started(): Readonly<Record<string, number>>;
  concurrency(): number;
  /** Settings by name, secrets masked. */
  settings(): Readonly<Record<string, unknown>>;
}

/** Changes, which take effect in this process at once. */
export interface WorkerChanges {
  /** Jobs of these ids never start here; `terminates` also stops those that run. Returns the ids of the jobs that it ended, running or waiting. */
  revoke(
    taskIds: readonly string[],
    options: { terminates: boolean; signal: string | null },
  ): Promise<readonly string[]>;
  /** Ids that other nodes revoked. */
  mergeRevoked(taskIds: readonly string[]): void;
  /** At most `max` starts in `durationMs`; null: no limit. False: there is no such task. */
  limitRate(task: string, limit: { max: number; durationMs: number; text: string } | null): Promise<boolean>;
  /** False: there is no such task. */
  limitTime(task: string, limits: TimeLimits): boolean;
  addList(name: string): void;
  cancelList(name: string): void;
  /** Changes the number of concurrent jobs, to at least one. */
  changeConcurrency(by: number): void;
  /** Warm shutdown: running jobs finish first. */
  shutDown(): void;
}

export type ControlledWorker = WorkerAnswers & WorkerChanges;
