/** Raw replies of models, by the hash of what was asked. */
import type { Database, Statement } from '../../core/database.ts';
import { storableText } from '../../core/storable.ts';

/** A reply as it is kept; the shape that services/classification/llm/reply-memory.ts asks for. */
interface Reply {
  readonly text: string;
  readonly isRepair: boolean;
}

interface ReplyRow extends Reply {
  readonly key: string;
  readonly meetingId: number;
  readonly model: string;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly latencyMs: number;
}

const findStatement: Statement = {
  name: 'llm_reply_find',
  text: `select reply->>'text' as text, coalesce((reply->>'is_repair')::boolean, false) as is_repair from vambe_worker.llm_replies where key = $1`,
};

/** cost_usd stays null: this version has no prices. */
const keepStatement: Statement = {
  name: 'llm_reply_keep',
  text: `
insert into vambe_worker.llm_replies (key, meeting_id, model, reply, input_tokens, output_tokens, latency_ms)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (key) do update set meeting_id = excluded.meeting_id, model = excluded.model, reply = excluded.reply,
  input_tokens = vambe_worker.llm_replies.input_tokens + excluded.input_tokens,
  output_tokens = vambe_worker.llm_replies.output_tokens + excluded.output_tokens,
  latency_ms = vambe_worker.llm_replies.latency_ms + excluded.latency_ms, created_at = now()`,
};

/** undefined: none is kept under that key. @throws AppError DATABASE_* */
export async function findLlmReply(database: Database, key: string): Promise<Reply | undefined> {
  const [row] = await database.run<{ text: string; is_repair: boolean }>(findStatement, [key]);
  return row && { text: row.text, isRepair: row.is_repair };
}

/** May run twice: the newest reply of a key stands, and its tokens and time add up over the calls made for it. @throws AppError DATABASE_* */
export async function keepLlmReply(database: Database, reply: ReplyRow): Promise<void> {
  const text = storableText(reply.text, reply.text.length);
  const document = JSON.stringify({ text, is_repair: reply.isRepair });
  const { key, meetingId, model, inputTokens, outputTokens, latencyMs } = reply;
  await database.run(keepStatement, [key, meetingId, model, document, inputTokens, outputTokens, latencyMs]);
}
