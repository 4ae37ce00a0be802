/** Calls to models: their usage, and the raw replies by input hash. */
import type { Database, Statement } from '../../core/connections/database.ts';
import { storableText } from '../../core/storable.ts';

interface Usage {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: number | null;
  readonly latencyMs: number;
}

/** A stored reply, in the shape that services/classification/model/reply-memory.ts needs. */
interface Reply {
  readonly text: string;
  readonly isRepair: boolean;
  readonly halvings: number;
  /** Of all calls made for it. */
  readonly usage: Usage;
}

interface CallToRecord extends Usage {
  readonly meetingId: number | null;
  readonly model: string;
  readonly outcome: 'whole' | 'cut' | 'refused' | 'abandoned';
  /** Absent where there is no reply to store. */
  readonly reply?: Reply & { readonly key: string };
}

interface ReplyRow {
  readonly key: string;
  readonly text: string;
  readonly is_repair: boolean;
  readonly halvings: number;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly cost_usd: number | null;
  readonly latency_ms: number;
}

/** Replies of 0.1 have `is_shortened` instead of `halvings`. */
const findStatement: Statement = {
  name: 'llm_reply_find',
  text: `
select key, reply->>'text' as text, coalesce((reply->>'is_repair')::boolean, false) as is_repair,
  coalesce((reply->>'halvings')::int, (reply->>'is_shortened')::boolean::int, 0) as halvings,
  input_tokens, output_tokens, cost_usd::float8 as cost_usd, coalesce(latency_ms, 0) as latency_ms
from vambe_worker.llm_replies where key = any($1::text[])`,
};

/** One result per key, in order; undefined: no reply is stored for it. @throws AppError DATABASE_* */
export async function findLlmReplies(
  database: Database,
  keys: readonly string[],
): Promise<readonly (Reply | undefined)[]> {
  const rows = await database.run<ReplyRow>(findStatement, [keys]);
  const byKey = new Map(rows.map((row) => [row.key, row]));
  return keys.map((key) => {
    const row = byKey.get(key);
    return row && toReply(row);
  });
}

function toReply(row: ReplyRow): Reply {
  const { input_tokens, output_tokens, cost_usd, latency_ms } = row;
  return {
    text: row.text,
    isRepair: row.is_repair,
    halvings: row.halvings,
    usage: { inputTokens: input_tokens, outputTokens: output_tokens, costUsd: cost_usd, latencyMs: latency_ms },
  };
}

/** A batch may contain two jobs with the same input, when their claim failed. Then the newer reply is kept. */
const recordStatement: Statement = {
  name: 'llm_call_record',
  text: `
with input as materialized (
  select * from jsonb_to_recordset($1) as t(n int, meeting_id int, model text, outcome text, input_tokens int, output_tokens int, cost_usd numeric, latency_ms int,
    key text, reply jsonb, total_input_tokens int, total_output_tokens int, total_cost_usd numeric, total_latency_ms int)
), kept as (
  insert into vambe_worker.llm_replies (key, meeting_id, model, reply, input_tokens, output_tokens, cost_usd, latency_ms)
  select distinct on (key) key, meeting_id, model, reply, total_input_tokens, total_output_tokens, total_cost_usd, total_latency_ms
  from input where key is not null order by key, n desc
  on conflict (key) do update set meeting_id = excluded.meeting_id, model = excluded.model, reply = excluded.reply, input_tokens = excluded.input_tokens,
    output_tokens = excluded.output_tokens, cost_usd = excluded.cost_usd, latency_ms = excluded.latency_ms, created_at = now()
)
insert into vambe_worker.llm_calls (meeting_id, model, outcome, input_tokens, output_tokens, cost_usd, latency_ms)
select meeting_id, model, outcome, input_tokens, output_tokens, cost_usd, latency_ms from input order by n`,
};

/** Stores calls and their replies in one statement. If it runs twice, the newest reply of a key is kept and the calls count twice. @throws AppError DATABASE_* */
export async function recordLlmCalls(database: Database, calls: readonly CallToRecord[]): Promise<void> {
  await database.run(recordStatement, [JSON.stringify(calls.map(toInput))]);
}

function toInput(call: CallToRecord, n: number) {
  const { reply } = call;
  const own = {
    n,
    meeting_id: call.meetingId,
    model: call.model,
    outcome: call.outcome,
    input_tokens: call.inputTokens,
    output_tokens: call.outputTokens,
    cost_usd: call.costUsd,
    latency_ms: call.latencyMs,
  };
  if (reply === undefined) return own;
  const text = storableText(reply.text, reply.text.length);
  return {
    ...own,
    key: reply.key,
    reply: { text, is_repair: reply.isRepair, halvings: reply.halvings },
    total_input_tokens: reply.usage.inputTokens,
    total_output_tokens: reply.usage.outputTokens,
    total_cost_usd: reply.usage.costUsd,
    total_latency_ms: reply.usage.latencyMs,
  };
}

const spentStatement: Statement = {
  name: 'llm_spent_today',
  text: `
select coalesce(sum(cost_usd), 0)::float8 as usd from vambe_worker.llm_calls
where at >= date_trunc('day', now() at time zone 'UTC') at time zone 'UTC'`,
};

/** US dollars spent since midnight UTC, for calls with a known price. @throws AppError DATABASE_* */
export async function readSpentToday(database: Database): Promise<number> {
  const [row] = await database.run<{ usd: number }>(spentStatement, []);
  return row?.usd ?? 0;
}
