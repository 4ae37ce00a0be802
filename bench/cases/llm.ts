/** (h) Meetings classified by a model that takes 800 ms, end to end, as a share of what so many calls at once could do at best. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { priorities } from '../../src/core/queue/enqueue.ts';
import type { App } from '../../src/wiring.ts';
import { median } from '../figures.ts';
import { cpuMs, residentBytes } from '../processes.ts';
import { empty, type Surroundings, spawnWorker } from '../surroundings.ts';

/** What is asked of it: calls at once, meetings, least share of ideal, most resident MB. */
export interface LlmLoad {
  readonly slots: number;
  readonly meetings: number;
  readonly leastShare?: number;
  readonly mostMb?: number;
}

export const llmLoads: readonly LlmLoad[] = [
  { slots: 64, meetings: 640, leastShare: 0.95 },
  { slots: 512, meetings: 4_096, leastShare: 0.65, mostMb: 300 },
];

export const smokeLlmLoads: readonly LlmLoad[] = [{ slots: 16, meetings: 64 }];

export interface LlmFigures {
  readonly slots: number;
  readonly meetings: number;
  readonly seconds: number;
  /** Of the time that calls alone take, each slot always in use. */
  readonly share_of_ideal: number;
  readonly meetings_per_s: number;
  readonly most_calls_at_once: number;
  readonly peak_rss_mb: number;
  /** Processor milliseconds a meeting. */
  readonly cpu_ms: { readonly worker: number; readonly provider: number };
}

const latencyMs = 800;
/** While one job's call is out another is taken, saved or has its prompt ready: whoever ends a call is followed at once. */
const jobsASlot = 2;
const mostJobs = 1_000;

interface Told {
  readonly calls: number;
  readonly mostAtOnce: number;
  readonly firstMs: number;
}

/** From the first request that the provider sees to the last commit; `ids`: meetings, one call each. */
export async function measureLlm(
  surroundings: Surroundings,
  app: App,
  { ids, slots }: { ids: readonly number[]; slots: number },
): Promise<LlmFigures> {
  await empty(app);
  await app.database.run({ name: '', text: 'truncate vambe_worker.llm_replies, vambe_worker.llm_calls' }, []);
  const folder = await mkdtemp(path.join(tmpdir(), 'vambe-bench-llm-'));
  const replyFile = path.join(folder, 'reply.json');
  await writeFile(replyFile, makeReply(app));
  const provider = fork(fileURLToPath(new URL('./slow-provider.mjs', import.meta.url)), [String(latencyMs), replyFile]);
  try {
    const [{ port }] = (await once(provider, 'message')) as [{ port: number }];
    const requests = ids.map((id) => ({
      task: 'classify_meeting',
      args: [id],
      origin: 'cli',
      priority: priorities.normal,
    }));
    await app.enqueuer.enqueue(requests);
    const worker = await spawnWorker(surroundings, Math.min(mostJobs, Math.ceil(slots * jobsASlot)), {
      LLM_BASE_URL: `http://127.0.0.1:${port}/v1`,
      LLM_MODEL: 'slow',
      LLM_MAX_CONCURRENCY: String(slots),
      // The sweep for unclassified meetings, which would add to them, runs in the other queue.
      WORKER_QUEUES: 'classification',
    });
    let peakBytes = 0;
    for (;;) {
      const { classification = 0 } = await app.ledger.countOpen();
      peakBytes = Math.max(peakBytes, residentBytes(worker.pid));
      if (classification === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const workerMs = cpuMs(worker.pid);
    const providerMs = cpuMs(provider.pid ?? 0);
    provider.send('tell');
    const [told] = (await once(provider, 'message')) as [Told];
    await worker.stop();
    const [row] = await app.database.run<{ last_ms: number; done: number }>(
      {
        name: 'bench_llm_span',
        text: `select extract(epoch from max(finished_at))::float8 * 1000 as last_ms, (count(*) filter (where state = 'completed'))::int as done from vambe_worker.jobs`,
      },
      [],
    );
    // Meetings of equal text share a call; more calls than meetings would be calls paid for twice.
    if (row?.done !== ids.length || told.calls > ids.length || told.calls < ids.length * 0.99)
      throw new Error(`${row?.done} of ${ids.length} meetings were classified with ${told.calls} calls`);
    const seconds = (row.last_ms - told.firstMs) / 1_000;
    return {
      slots,
      meetings: ids.length,
      seconds,
      share_of_ideal: (Math.ceil(ids.length / slots) * latencyMs) / 1_000 / seconds,
      meetings_per_s: ids.length / seconds,
      most_calls_at_once: told.mostAtOnce,
      peak_rss_mb: peakBytes / 1_048_576,
      cpu_ms: { worker: workerMs / ids.length, provider: providerMs / ids.length },
    };
  } finally {
    provider.disconnect();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where the median of several rounds falls short of what is asked, in words; of memory the worst round counts. */
export function findShortfalls(rounds: readonly LlmFigures[], load: LlmLoad): string[] {
  const { slots, leastShare = 0, mostMb = Number.POSITIVE_INFINITY } = load;
  const share = median(rounds.map(({ share_of_ideal }) => share_of_ideal));
  const peakMb = Math.max(...rounds.map(({ peak_rss_mb }) => peak_rss_mb));
  const shortfalls = [];
  if (share < leastShare) shortfalls.push(`${slots} calls at once: ${share.toFixed(3)} of ideal, asked ${leastShare}`);
  if (peakMb > mostMb) shortfalls.push(`${slots} calls at once: ${peakMb.toFixed(0)} MB, asked ${mostMb}`);
  return shortfalls;
}

/** Every field answered, as long as a real reply: quotes that are looked for in the transcript and not found. */
function makeReply({ taxonomy }: App): string {
  const quote = 'we get about eighty messages a day and cannot keep up with them';
  const fields = taxonomy.file.fields.map(({ id, type, values }) => {
    const value = values[0]?.id ?? null;
    if (type === 'list' || type === 'phrases')
      return [id, { items: [{ value: value ?? 'WhatsApp', quote }], confidence: 0.8 }];
    if (type === 'enum') return [id, { value, quotes: [quote], confidence: 0.8 }];
    return [id, { value: null, quotes: [], confidence: 0 }];
  });
  const texts = {
    key_topics: ['messages'],
    action_items: ['send the proposal'],
    next_steps: 'A demo.',
    summary: quote,
  };
  return JSON.stringify({ fields: Object.fromEntries(fields), ...texts });
}
