/**
 * The job ledger: what core/ needs from the job table, which is the source of truth about every accepted request.
 * models/queries/job-ledger.ts implements it; app.ts connects the two.
 */

export type OpenState = 'queued' | 'retrying';
export type EndState = 'completed' | 'failed' | 'cancelled' | 'rejected';
export type JobState = OpenState | EndState;

/** Options of a sender in addition to the parameters, stored as JSON in `jobs.message`. Jobs of our own commands have none. */
export interface CallTerms {
  /** The job must not start after this time, ISO 8601; null: no limit. */
  readonly expiresAt: string | null;
  readonly softLimitMs: number | null;
  readonly hardLimitMs: number | null;
  /** True: the sender does not read the result, so a success is not published. */
  readonly ignoresResult: boolean;
  readonly groupId: string | null;
  readonly parentId: string | null;
  readonly rootId: string | null;
  /** Custom headers of the sender; unset: none. */
  readonly headers?: Readonly<Record<string, unknown>>;
  /** The rest of the message, which only the folder of its protocol understands. */
  readonly wire: Readonly<Record<string, unknown>>;
}

/** A follow-up message that could not be sent when the job ended; `jobs.message` has a list of them as `unsent`. */
export interface UnsentFollowUp {
  /** ISO 8601 */
  readonly at: string;
  readonly code: string;
  readonly message: string;
  /** How to send it; only the folder of its protocol understands this. */
  readonly redo: string;
}

/** A request to run a task. */
export interface JobRequest {
  /** Public unique id; a request with the same id is accepted once. */
  readonly taskId: string;
  readonly task: string;
  readonly queue: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Id of what the job is about. */
  readonly subjectId: number | null;
  /** Where it comes from: cli, api, import, sweep, schedule, or the name of a protocol. */
  readonly origin: string;
  /** BullMQ's: 0 first, then 1 upwards. */
  readonly priority: number;
  /** Earliest start, ISO 8601; null: at once. */
  readonly dueAt: string | null;
  readonly terms?: CallTerms | null;
  /** Attempts that already failed on another worker; unset: none. */
  readonly failedAttempts?: number;
}

/** A message that is stored but not run. */
export interface SetAside {
  readonly taskId: string;
  readonly task: string;
  readonly queue: string;
  readonly state: 'rejected' | 'cancelled';
  readonly code: string;
  readonly message: string;
  /** As it was received, for `jobs.message`. */
  readonly received: Readonly<Record<string, unknown>>;
}

export interface AcceptedJob {
  readonly rowId: string;
  readonly taskId: string;
  readonly delivery: number;
  /** False: this task id already existed. */
  readonly isNew: boolean;
}

/** A job as its worker reads it. Ids are decimal text: they may exceed 2^53. */
export interface TakenJob<Subject = unknown> {
  readonly rowId: string;
  readonly taskId: string;
  readonly task: string;
  readonly queue: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Id of what the job is about. */
  readonly subjectId: number | null;
  readonly origin: string;
  readonly state: JobState;
  /** Attempts that failed so far. */
  readonly failedAttempts: number;
  /** From a sequence, assigned by this read, so ids have the order of starts. */
  readonly runId: string;
  /** ISO 8601, by the database's clock; only for display. */
  readonly startedAt: string;
  /** Null where the sender gave no options. */
  readonly terms: CallTerms | null;
  /** A worker died while the job ran, so it now runs in its own process. */
  readonly isIsolated: boolean;
  /** Time since it was accepted, by the database's clock. */
  readonly ageMs: number;
  /** What the job is about, or null. */
  readonly subject: Subject | null;
}

export interface CompletedJob {
  readonly rowId: string;
  readonly runId: string;
  readonly startedAt: string;
  readonly result: unknown;
  readonly worker: string;
}

export interface FailedAttempt {
  readonly rowId: string;
  readonly startedAt: string;
  readonly attempt: number;
  readonly code: string;
  readonly message: string;
  /** When the next attempt is due; null: none, the job has failed. */
  readonly dueAt: string | null;
  readonly worker: string;
}

/** An open row, with the columns that recovery needs. */
export interface OpenJob {
  readonly rowId: string;
  readonly task: string;
  readonly queue: string;
  readonly delivery: number;
  readonly priority: number;
  readonly failedAttempts: number;
  readonly dueAt: string | null;
}

/** A row that ended recently. */
export interface EndedJob {
  readonly rowId: string;
  readonly taskId: string;
  readonly queue: string;
  readonly delivery: number;
  readonly state: EndState;
  /** The parameter `api_task_id`, or null. */
  readonly apiTaskId: string | null;
  readonly ignoresResult: boolean;
}

/** An open row that came from a message and that no worker has started. */
export interface UntouchedJob {
  readonly rowId: string;
  readonly queue: string;
  readonly delivery: number;
  /** The key of its list, and the original message; empty where that was not stored. */
  readonly list: string;
  readonly raw: string;
}

export interface JobLedger<Subject = unknown> {
  /** Inserts rows in one statement; the commit is the acceptance. One answer for each request, in order. */
  accept(requests: readonly JobRequest[]): Promise<readonly AcceptedJob[]>;
  /** One read for many jobs; undefined for a row that is gone. */
  take(rowIds: readonly string[]): Promise<readonly (TakenJob<Subject> | undefined)[]>;
  /** Ends open rows with a result. False for a row that had already ended. */
  complete(jobs: readonly CompletedJob[]): Promise<readonly boolean[]>;
  /** Notes failed attempts. False for a row that had already ended. */
  noteFailures(attempts: readonly FailedAttempt[]): Promise<readonly boolean[]>;
  /** Cancels an open row; a row that has already ended stays unchanged. */
  cancel(rowId: string, why: { readonly code: string; readonly message: string }): Promise<void>;
  /** Inserts rows for messages that are not run; an existing task id is left unchanged, unless it was set aside before. */
  setAside(requests: readonly SetAside[]): Promise<void>;
  /** Adds unsent follow-ups to an ended job; does nothing for a task id without a row. */
  noteUnsent(taskId: string, unsent: UnsentFollowUp): Promise<void>;
  /** Notes that a job must run isolated, also after Redis has lost it. */
  markIsolated(rowId: string): Promise<void>;
  /** The result of a completed job, read from the tables; undefined for a job that has not completed. */
  resultOf(taskId: string): Promise<unknown>;
  /** The error of a failed job; undefined for any other job. */
  failureOf(taskId: string): Promise<{ readonly code: string; readonly message: string } | undefined>;
  /** Open rows by id, for recovery; `olderThanMs` counts from the last delivery, null: of any age. */
  listOpen(page: { afterRowId: string; limit: number; olderThanMs: number | null }): Promise<readonly OpenJob[]>;
  /** Rows that ended within these bounds, among the newest `limit` classifications and the newest `limit` rows. */
  listEnded(page: { minMs: number; maxMs: number; limit: number }): Promise<readonly EndedJob[]>;
  /** Open rows of messages without an attempt, the most urgent and oldest first. */
  listUntouched(queues: readonly string[], limit: number): Promise<readonly UntouchedJob[]>;
  /** Deletes rows that are still open and have no attempt; returns their ids. */
  withdraw(rowIds: readonly string[]): Promise<readonly string[]>;
  /** Open rows by queue. */
  countOpen(): Promise<Readonly<Record<string, number>>>;
  /** Increments `delivery` with compare-and-set; returns the rows that this call changed. */
  redeliver(jobs: readonly Pick<OpenJob, 'rowId' | 'delivery'>[]): Promise<readonly OpenJob[]>;
}
