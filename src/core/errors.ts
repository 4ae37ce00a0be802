/**
 * Every error this product raises: a stable code, how a job that meets it goes on, and the exit code of a command.
 * docs/errors.md explains each code; a test holds the two together.
 */

/** `transient`: retried · `throttled`: waits, no attempt counted · `held`: its whole queue waits · `permanent`: ends the job now. */
export type Fault = 'transient' | 'throttled' | 'held' | 'permanent';

interface CodeInfo {
  readonly fault: Fault;
  /** Exit code of a command that ends with this error (1 fault, 2 usage, 3 not found, 4 some failed, 5 server, 6 folder or port). */
  readonly exit: number;
}

export const errorCodes = {
  BUG: { fault: 'permanent', exit: 1 },
  SETTINGS_INVALID: { fault: 'permanent', exit: 2 },
  USAGE: { fault: 'permanent', exit: 2 },
  NODE_UNSUITABLE: { fault: 'permanent', exit: 1 },
  INPUT_FILE_INVALID: { fault: 'permanent', exit: 2 },
  TAXONOMY_INVALID: { fault: 'permanent', exit: 2 },
  NOT_FOUND: { fault: 'permanent', exit: 3 },
  SOME_ITEMS_FAILED: { fault: 'permanent', exit: 4 },

  REDIS_UNREACHABLE: { fault: 'transient', exit: 5 },
  REDIS_REFUSED: { fault: 'permanent', exit: 5 },
  REDIS_FULL: { fault: 'transient', exit: 5 },
  REDIS_UNSUITABLE: { fault: 'permanent', exit: 5 },
  DATABASE_UNREACHABLE: { fault: 'transient', exit: 5 },
  DATABASE_REFUSED: { fault: 'permanent', exit: 5 },
  DATABASE_UNSUITABLE: { fault: 'permanent', exit: 5 },
  DATABASE_BUSY: { fault: 'transient', exit: 5 },
  DATABASE_READ_ONLY: { fault: 'transient', exit: 5 },
  DATABASE_FULL: { fault: 'transient', exit: 5 },
  SCHEMA_OUTDATED: { fault: 'permanent', exit: 5 },
  SCHEMA_TOO_NEW: { fault: 'permanent', exit: 5 },
  API_TABLES_MISSING: { fault: 'permanent', exit: 5 },
  SCHEMA_DIFFERS: { fault: 'permanent', exit: 5 },
  EMBEDDED_REFUSED: { fault: 'permanent', exit: 5 },

  DATA_FOLDER_IN_USE: { fault: 'permanent', exit: 6 },
  DATA_FOLDER_UNUSABLE: { fault: 'permanent', exit: 6 },
  EMBEDDED_UNAVAILABLE: { fault: 'permanent', exit: 6 },

  TASK_UNKNOWN: { fault: 'permanent', exit: 3 },
  TASK_ARGUMENTS: { fault: 'permanent', exit: 2 },
  TASK_INVALID: { fault: 'permanent', exit: 2 },
  TASK_TIMEOUT: { fault: 'transient', exit: 1 },
  TASK_FAILED: { fault: 'transient', exit: 1 },
  TASK_SOFT_LIMIT: { fault: 'permanent', exit: 1 },
  TASK_HARD_LIMIT: { fault: 'permanent', exit: 1 },
  TASK_REVOKED: { fault: 'permanent', exit: 1 },
  TASK_EXPIRED: { fault: 'permanent', exit: 1 },
  JOB_POISONED: { fault: 'permanent', exit: 1 },
  JOB_TOO_NEW: { fault: 'throttled', exit: 1 },
  MEETING_NOT_FOUND: { fault: 'permanent', exit: 3 },
  MEETING_CHANGING: { fault: 'transient', exit: 1 },
  TRANSCRIPT_EMPTY: { fault: 'permanent', exit: 1 },
  RESULT_NOT_STORABLE: { fault: 'permanent', exit: 1 },
  STALE_RESULT: { fault: 'permanent', exit: 1 },

  MESSAGE_MALFORMED: { fault: 'permanent', exit: 1 },
  MESSAGE_REFUSED: { fault: 'permanent', exit: 1 },
  MESSAGE_INVALID: { fault: 'permanent', exit: 1 },
  CHORD_FAILED: { fault: 'permanent', exit: 1 },
  FOLLOW_UP_UNSENT: { fault: 'permanent', exit: 1 },

  MODEL_UNREACHABLE: { fault: 'transient', exit: 5 },
  MODEL_TIMEOUT: { fault: 'transient', exit: 5 },
  MODEL_RATE_LIMITED: { fault: 'throttled', exit: 5 },
  MODEL_REFUSED_KEY: { fault: 'held', exit: 5 },
  MODEL_QUOTA: { fault: 'held', exit: 5 },
  MODEL_BUDGET: { fault: 'held', exit: 5 },
  MODEL_REQUEST_REFUSED: { fault: 'permanent', exit: 5 },
  MODEL_REFUSED_CONTENT: { fault: 'permanent', exit: 1 },
  /** The name of MODEL_REFUSED_CONTENT in 0.1; job rows may still contain it. */
  MODEL_REFUSED: { fault: 'permanent', exit: 1 },
  MODEL_INPUT_TOO_LONG: { fault: 'permanent', exit: 1 },
  MODEL_REPLY_TOO_LARGE: { fault: 'transient', exit: 5 },
  MODEL_REPLY_TRUNCATED: { fault: 'transient', exit: 5 },
  MODEL_REPLY_INVALID: { fault: 'transient', exit: 5 },
} as const satisfies Record<string, CodeInfo>;

export type ErrorCode = keyof typeof errorCodes;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}

/** Text of a thrown value for a log line or another error, cut to `maxChars`. */
export function messageOf(error: unknown, maxChars = Number.POSITIVE_INFINITY): string {
  return error instanceof Error ? error.message.slice(0, maxChars) : 'unknown';
}

/** An error a person can act on. `message` says what is wrong, what was expected and what to do; never a secret or text of a user. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: { details?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  get fault(): Fault {
    return errorCodes[this.code].fault;
  }

  get exitCode(): number {
    return errorCodes[this.code].exit;
  }
}
