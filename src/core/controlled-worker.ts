/** What remote control may ask of a worker process and change in it; app.ts wires it, the folder of the protocol translates. */
import type { CallTerms } from './job-ledger.ts';

/** A job as monitoring tools show it. */
export interface ShownJob {
  readonly taskId: string;
  readonly task: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly queue: string;
  /** BullMQ's. */
  readonly priority: number;
  /** What its sender sent, as far as it was kept. */
  readonly terms: CallTerms | null;
  /** Unix milliseconds; null: it does not run. */
  readonly startedMs: number | null;
  /** Not before this moment, unix milliseconds; null: it waits for none. */
  readonly dueMs: number | null;
}

export interface TaskFacts {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly maxRetries: number;
  /** As it was set by remote control; null: none. */
  readonly rateLimit: string | null;
}

export interface TimeLimits {
  readonly softSeconds: number | null;
  readonly hardSeconds: number | null;
}

/** Questions: nothing of it changes anything. */
export interface WorkerAnswers {
  active(): Promise<readonly ShownJob[]>;
  /** Taken from a list or from BullMQ, neither running nor waiting for a moment. */
  reserved(): Promise<readonly ShownJob[]>;
  /** Waiting for a moment: a countdown or a further attempt. */
  scheduled(): Promise<readonly ShownJob[]>;
  revokedIds(): readonly string[];
  tasks(): Promise<readonly TaskFacts[]>;
  /** Lists that are consumed now. */
  lists(): readonly string[];
  /** Jobs started since the start of the process, by task. */
  started(): Readonly<Record<string, number>>;
  concurrency(): number;
  /** Settings by name, secrets masked. */
  settings(): Readonly<Record<string, unknown>>;
}

/** Changes, each with effect in this process at once. */
export interface WorkerChanges {
  /** Jobs of these ids never start here; `terminates` also stops those that run. Gives back the ids whose jobs it ended, running or waiting. */
  revoke(
    taskIds: readonly string[],
    options: { terminates: boolean; signal: string | null },
  ): Promise<readonly string[]>;
  /** Ids that other nodes revoked. */
  mergeRevoked(taskIds: readonly string[]): void;
  /** At most `max` starts in `durationMs`; null: as many as come. False: no such task. */
  limitRate(task: string, limit: { max: number; durationMs: number; text: string } | null): Promise<boolean>;
  /** False: no such task. */
  limitTime(task: string, limits: TimeLimits): boolean;
  addList(name: string): void;
  cancelList(name: string): void;
  /** More or fewer jobs at once, never less than one. */
  changeConcurrency(by: number): void;
  /** A warm stop: what runs is finished. */
  shutDown(): void;
}

export type ControlledWorker = WorkerAnswers & WorkerChanges;
