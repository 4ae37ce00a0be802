/** Where calls of a model are noted and raw replies kept, so that none is paid for twice. models/queries/llm-replies.ts does it in PostgreSQL. */
import type { ModelUsage } from '../classifier.ts';

export interface KeptReply {
  /** What the model wrote, placeholders of redaction included. */
  readonly text: string;
  /** True: it answers the request to repair the first one. */
  readonly isRepair: boolean;
  /** True: the model was shown less than fits, as its answer to the whole had no end. */
  readonly isShortened: boolean;
  /** Of all calls made for it. */
  readonly usage: ModelUsage;
}

export interface CallToRecord extends ModelUsage {
  /** null: a test of the connection. */
  readonly meetingId: number | null;
  readonly model: string;
  /** `abandoned`: sent, and given up before its reply was complete; tokens and cost are estimates. */
  readonly outcome: 'whole' | 'cut' | 'refused' | 'abandoned';
  /** Absent where there is nothing to keep. */
  readonly reply?: KeptReply & { readonly key: string };
}

export interface ReplyMemory {
  find(key: string): Promise<KeptReply | undefined>;
  /** Before anything else is done with a reply. May run twice; the newest reply of a key stands. */
  record(call: CallToRecord): Promise<void>;
  /** US dollars since midnight UTC, of all workers. */
  readSpentToday(): Promise<number>;
}
