/** Records model calls and keeps raw replies, so that none is paid for twice. Implemented by models/queries/llm-replies.ts. */
import type { ModelUsage } from '../classifier.ts';

export interface KeptReply {
  /** The model's text, with redaction placeholders. */
  readonly text: string;
  /** True: the reply to a repair request. */
  readonly isRepair: boolean;
  /** How often the part of the transcript that the model was shown was halved: it was too long, or the answer did not end. */
  readonly halvings: number;
  /** Sum of all calls for this reply. */
  readonly usage: ModelUsage;
}

export interface CallToRecord extends ModelUsage {
  /** null: a connection test. */
  readonly meetingId: number | null;
  readonly model: string;
  /** `abandoned`: sent, but stopped before its reply was complete; tokens and cost are estimates. */
  readonly outcome: 'whole' | 'cut' | 'refused' | 'abandoned';
  /** Absent if there is nothing to keep. */
  readonly reply?: KeptReply & { readonly key: string };
}

export interface ReplyMemory {
  find(key: string): Promise<KeptReply | undefined>;
  /** Called before a reply is used. May run twice; the newest reply of a key is kept. */
  record(call: CallToRecord): Promise<void>;
  /** US dollars since midnight UTC, of all workers. */
  readSpentToday(): Promise<number>;
}
