/** A task message of protocol 1 or 2 in one typed shape, and one that cannot be run. Types only. */
import type { AppError } from '../../core/errors.ts';
import type { JsonObject } from './envelope.ts';
import type { Expiry } from './message-fields.ts';
import type { Signature } from './signature.ts';

export interface Embed {
  /** `link` */
  readonly callbacks: readonly Signature[];
  /** `link_error` */
  readonly errbacks: readonly Signature[];
  /** The steps that follow, in the order in which they run: the message has them reversed. */
  readonly chain: readonly Signature[];
  readonly chord: Signature | null;
}

export interface TaskMessage {
  readonly protocol: 1 | 2;
  readonly id: string;
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: JsonObject;
  readonly retries: number;
  /** Milliseconds since 1970; null: at once. */
  readonly etaMs: number | null;
  /** null: never. */
  readonly expires: Expiry | null;
  readonly hardLimitSeconds: number | null;
  readonly softLimitSeconds: number | null;
  readonly rootId: string | null;
  readonly parentId: string | null;
  readonly groupId: string | null;
  readonly groupIndex: number | null;
  readonly shadow: string | null;
  /** Arguments as text for people, as the sender wrote it; null: it wrote none. */
  readonly argsText: string | null;
  readonly kwargsText: string | null;
  /** The moments as Python writes them, for events and `inspect`. */
  readonly etaText: string | null;
  readonly expiresText: string | null;
  readonly ignoresResult: boolean;
  readonly replyTo: string | null;
  /** 0 to 9; on Redis a lower number is served first. */
  readonly priority: number;
  readonly routingKey: string | null;
  readonly isRedelivered: boolean;
  readonly embed: Embed;
  /** Headers that Celery does not know: children and retries get them too. */
  readonly customHeaders: JsonObject;
}

/** A call as far as it could be read. */
export interface ReadCall {
  readonly task: string | null;
  readonly args: readonly unknown[];
  readonly kwargs: JsonObject;
}

/** A message that cannot be run, with the parts of it that could be read. */
export interface BadMessage {
  /** MESSAGE_MALFORMED, MESSAGE_REFUSED or MESSAGE_INVALID */
  readonly error: AppError;
  readonly id: string | null;
  readonly task: string | null;
  /** null: its arguments cannot be read. */
  readonly call: ReadCall | null;
}
