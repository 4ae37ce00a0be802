/** Where raw replies are kept, so that none is paid for twice. models/queries/llm-replies.ts keeps them in PostgreSQL. */

export interface KeptReply {
  /** What the model wrote, placeholders of redaction included. */
  readonly text: string;
  /** True: it answers the request to repair the first one. */
  readonly isRepair: boolean;
}

export interface ReplyToKeep extends KeptReply {
  readonly key: string;
  readonly meetingId: number;
  readonly model: string;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly latencyMs: number;
}

export interface ReplyMemory {
  find(key: string): Promise<KeptReply | undefined>;
  /** May run twice; the newest reply of a key stands. */
  keep(reply: ReplyToKeep): Promise<void>;
}
