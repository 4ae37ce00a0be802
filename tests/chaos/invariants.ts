/** What must hold after any mix of faults, asked of the database and of what clients were told. */
import { Redis } from 'ioredis';
import { hashInput } from '../../src/services/classification/classify-meeting.ts';
import type { App } from '../../src/wiring.ts';
import type { Load } from './load.ts';

export interface Verdict {
  readonly accepted: number;
  readonly completed: number;
  readonly failed: number;
  readonly violations: readonly string[];
}

/** Hears every final document that is published. */
export function listenToResults(redisUrl: string): {
  differing(): readonly string[];
  readonly heard: number;
  stop(): void;
} {
  const told = new Map<string, string>();
  const differing: string[] = [];
  let heard = 0;
  const subscriber = new Redis(redisUrl, { maxRetriesPerRequest: null });
  subscriber.on('error', () => undefined);
  subscriber.on('pmessage', (_pattern, _channel, text: string) => {
    const { task_id, status, result } = JSON.parse(text);
    heard += 1;
    const content = JSON.stringify({ status, result: withoutWords(result) });
    const before = told.get(task_id);
    if (before !== undefined && before !== content) differing.push(`${task_id}: ${before} and then ${content}`);
    told.set(task_id, content);
  });
  void subscriber.psubscribe('celery-task-meta-*');
  return {
    differing: () => differing,
    get heard() {
      return heard;
    },
    stop: () => subscriber.disconnect(),
  };
}

/** How an answer was come by is no content. */
function withoutWords(result: Record<string, unknown> | null): unknown {
  if (result === null || typeof result !== 'object') return result;
  const { message: _message, unchanged: _unchanged, ...content } = result;
  return content;
}

export async function countOpen(app: App): Promise<number> {
  const [row] = await run<{ open: number }>(
    app,
    `select count(*)::int as open from vambe_worker.jobs where state in ('queued', 'retrying') and task = 'classify_meeting'`,
  );
  return row?.open ?? 0;
}

export async function judge(app: App, load: Load): Promise<Verdict> {
  const violations: string[] = [];
  const rows = await run<{ task_id: string; state: string; error_code: string | null; error_message: string | null }>(
    app,
    `select task_id, state, error_code, error_message from vambe_worker.jobs where task = 'classify_meeting'`,
  );
  const byId = new Map(rows.map((row) => [row.task_id, row]));
  for (const taskId of load.accepted) if (!byId.has(taskId)) violations.push(`accepted and lost: ${taskId}`);
  for (const { task_id, state, error_code, error_message } of rows) {
    if (state === 'completed' || (state === 'failed' && error_code !== null && error_message !== null)) continue;
    violations.push(`not ended with a result or a reason: ${task_id} is ${state}`);
  }
  const doubled = await run<{ what: string }>(
    app,
    `select 'meeting ' || meeting_id || ' has ' || count(*) || ' rows' as what from public.meetings_classifications group by meeting_id having count(*) > 1
     union all select 'job ' || job_id || ' has ' || count(*) || ' runs' from vambe_worker.runs group by job_id having count(*) > 1`,
  );
  violations.push(...doubled.map(({ what }) => what));
  violations.push(...(await staleMeetings(app, load)));
  const count = (state: string) => rows.filter((row) => row.state === state).length;
  return { accepted: load.accepted.size, completed: count('completed'), failed: count('failed'), violations };
}

/** Each settled meeting's standing result is that of its transcript as it is now. */
async function staleMeetings(app: App, load: Load): Promise<string[]> {
  const rows = await run<{
    id: number;
    transcript: string;
    prompt: string | null;
    input_hash: string | null;
    stored: boolean;
    newest: boolean;
  }>(
    app,
    `select m.id, m.transcript, s.prompt, c.input_hash, mc.id is not null as stored,
       c.run_id = (select max(r.id) from vambe_worker.runs r where r.meeting_id = m.id) as newest
     from public.meetings m join public.sellers s on s.id = m.seller_id
     left join vambe_worker.current c on c.meeting_id = m.id left join public.meetings_classifications mc on mc.meeting_id = m.id
     where m.id = any($1)`,
    [[...load.settledMeetings]],
  );
  return rows.flatMap(({ id, transcript, prompt, input_hash, stored, newest }) => {
    if (!stored) return [`meeting ${id} was asked for and has no classification`];
    if (!newest) return [`the standing result of meeting ${id} is not that of its newest run`];
    return input_hash === hashInput(transcript, app.classifier.version, prompt)
      ? []
      : [`the standing result of meeting ${id} is that of an older transcript`];
  });
}

function run<Row>(app: App, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  return app.database.run<Row>({ name: '', text }, values);
}
