/**
 * The job ledger: what core/ needs of the table that holds the truth about every accepted request.
 * models/queries/job-ledger.ts implements it; app.ts puts the two together.
 */

export type OpenState = 'queued' | 'retrying';
export type EndState = 'completed' | 'failed' | 'cancelled' | 'rejected';
export type JobState = OpenState | EndState;

/** What a sender asked beside the parameters; `jobs.message` keeps it as JSON. Jobs of our own commands have none. */
export interface CallTerms {
  /** Not started later than this, ISO 8601; null: never too late. */
  readonly expiresAt: string | null;
  readonly softLimitMs: number | null;
  readonly hardLimitMs: number | null;
  /** The sender reads no result, so a success is not published. */
  readonly ignoresResult: boolean;
  readonly groupId: string | null;
  readonly parentId: string | null;
  readonly rootId: string | null;
  /** Headers that the sender chose; unset: none. */
  readonly headers?: Readonly<Record<string, unknown>>;
  /** The rest of what was sent, which only the folder of that protocol understands. */
  readonly wire: Readonly<Record<string, unknown>>;
}

/** What a job was to send when it ended, and could not; `jobs.message` keeps a list of them as `unsent`. */
export interface UnsentFollowUp {
  /** ISO 8601 */
  readonly at: string;
  readonly code: string;
  readonly message: string;
  /** How to send it, which only the folder of that protocol understands. */
  readonly redo: string;
}

/** What someone asks for. */
export interface JobRequest {
  /** Public id, unique: the same id sent twice is done once. */
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
  /** Not before this moment, ISO 8601; null: at once. */
  readonly dueAt: string | null;
  readonly terms?: CallTerms | null;
  /** Attempts that failed elsewhere before it came here; unset: none. */
  readonly failedAttempts?: number;
}

/** A message that is not run. */
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
  /** False: this task id was there already. */
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
  /** Drawn from a sequence by this read, so it orders starts. */
  readonly runId: string;
  /** ISO 8601, the database's clock; shown, never compared. */
  readonly startedAt: string;
  /** Null where the sender asked for nothing special. */
  readonly terms: CallTerms | null;
  /** It was running when a worker died, and runs in a process of its own since. */
  readonly isIsolated: boolean;
  /** Since it was accepted, by the database's clock. */
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

/** An open row as recovery sees it. */
export interface OpenJob {
  readonly rowId: string;
  readonly task: string;
  readonly queue: string;
  readonly delivery: number;
  readonly priority: number;
  readonly failedAttempts: number;
  readonly dueAt: string | null;
}

/** A row that ended a short while ago. */
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

/** An open row that a message made and that no worker has begun. */
export interface UntouchedJob {
  readonly rowId: string;
  readonly queue: string;
  readonly delivery: number;
  /** Key of the list it came from, and the message as it was; empty where it was not kept. */
  readonly list: string;
  readonly raw: string;
}

export interface JobLedger<Subject = unknown> {
  /** Inserts rows in one statement; the commit is the acceptance. One answer for each request, in order. */
  accept(requests: readonly JobRequest[]): Promise<readonly AcceptedJob[]>;
  /** One read for many jobs; undefined for a row that is gone. */
  take(rowIds: readonly string[]): Promise<readonly (TakenJob<Subject> | undefined)[]>;
  /** Ends open rows with a result. False for a row that ended elsewhere. */
  complete(jobs: readonly CompletedJob[]): Promise<readonly boolean[]>;
  /** Notes failed attempts. False for a row that ended elsewhere. */
  noteFailures(attempts: readonly FailedAttempt[]): Promise<readonly boolean[]>;
  /** Ends an open row that is not to be started; one that ended elsewhere stays as it is. */
  cancel(rowId: string, why: { readonly code: string; readonly message: string }): Promise<void>;
  /** Rows of messages that never were jobs; a task id that is there already is left alone, unless it was set aside before. */
  setAside(requests: readonly SetAside[]): Promise<void>;
  /** Adds to what an ended job could not send; a task id without a row is left alone. */
  noteUnsent(taskId: string, unsent: UnsentFollowUp): Promise<void>;
  /** Notes that a job must run isolated, also when Redis forgets it. */
  markIsolated(rowId: string): Promise<void>;
  /** What a completed job answered, put together again from the tables; undefined for one that did not complete. */
  resultOf(taskId: string): Promise<unknown>;
  /** Why a failed job failed; undefined for one that did not. */
  failureOf(taskId: string): Promise<{ readonly code: string; readonly message: string } | undefined>;
  /** Open rows by id, for recovery; `olderThanMs` counts from the last delivery, null takes every age. */
  listOpen(page: { afterRowId: string; limit: number; olderThanMs: number | null }): Promise<readonly OpenJob[]>;
  /** Rows that ended within these bounds, among the newest `limit` classifications and the newest `limit` rows. */
  listEnded(page: { minMs: number; maxMs: number; limit: number }): Promise<readonly EndedJob[]>;
  /** Open rows of messages without an attempt, the most urgent and oldest first. */
  listUntouched(queues: readonly string[], limit: number): Promise<readonly UntouchedJob[]>;
  /** Forgets rows as if they had never been accepted; gives back those that were still open and without an attempt. */
  withdraw(rowIds: readonly string[]): Promise<readonly string[]>;
  /** Open rows by queue. */
  countOpen(): Promise<Readonly<Record<string, number>>>;
  /** Delivery + 1 by compare and set; gives back the rows that this caller won. */
  redeliver(jobs: readonly Pick<OpenJob, 'rowId' | 'delivery'>[]): Promise<readonly OpenJob[]>;
}
