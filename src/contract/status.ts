/** What `vambe status` gives with `--json`. */
import * as z from 'zod';
import type { StatusReport } from '../services/observe/status.ts';
import { count, list, moment, trouble } from './pieces.ts';

const server = {
  state: z.enum(['reachable', 'stopped', 'unreachable', 'refused', 'unfit']),
  embedded: z.boolean(),
  address: z.string().nullable(),
  version: z.string().nullable(),
  latency_ms: z.number().nullable(),
  code: z.string().nullable(),
  error: z.string().nullable(),
};

const worker = z.strictObject({
  worker: z.string(),
  pid: z.int(),
  queues: list(z.string()),
  concurrency: count,
  tasks: list(z.string()),
  started_at: moment,
  /** Jobs since its start, by task. */
  processed: z.record(z.string(), count).readonly(),
  rss_bytes: count,
  dropped_log_lines: count,
  software: z.string(),
  /** Its settings by name, secrets masked. */
  conf: z.record(z.string(), z.unknown()).readonly(),
  active: list(
    z.strictObject({ task_id: z.string(), task: z.string(), meeting_id: z.int().nullable(), started_at: moment }),
  ),
});

const workers = z.strictObject({
  state: z.enum(['none', 'idle', 'working', 'busy', 'unknown']),
  alive: list(worker),
  silent: list(z.strictObject({ worker: z.string(), silentMs: z.number() })),
  /** Nodes that answer Celery's remote control; null: the broker does not tell. */
  nodes: list(z.string()).nullable(),
});

const queueCounts = z.strictObject({
  name: z.string(),
  waiting: count,
  delayed: count,
  active: count,
  is_paused: z.boolean(),
});

const jobCounts = z.strictObject({
  queued: count,
  retrying: count,
  failed: count,
  cancelled: count,
  rejected: count,
  /** Open rows by queue. */
  open: z.record(z.string(), count).readonly(),
  /** Retrying jobs by the error code of their last attempt. */
  retrying_by_code: z.record(z.string(), count).readonly(),
});

const pause = z.strictObject({
  kind: z.enum(['queue', 'schedule', 'provider']),
  name: z.string(),
  reason: z.string(),
  code: z.string().nullable(),
  since: moment,
  until: moment.nullable(),
  by: z.string(),
  isOver: z.boolean(),
});

const report = {
  servers: z.strictObject({
    redis: z.strictObject(server),
    postgres: z.strictObject({ ...server, schema_version: z.int().nullable() }),
  }),
  data_dir: z.string().nullable(),
  workers,
  /** null: Redis does not tell. */
  queues: list(queueCounts).nullable(),
  /** Messages that no worker has taken, by Celery list; null: the broker does not tell. */
  celery_messages: z.record(z.string(), count).readonly().nullable(),
  /** null: PostgreSQL does not tell. */
  jobs: jobCounts.nullable(),
  controls: list(pause).nullable(),
};

export const statusDocument = z.strictObject({
  success: z.boolean(),
  ...trouble,
  ...report,
  classifier: z.strictObject({ kind: z.enum(['llm', 'offline']) }),
});

export function toStatusDocument(
  status: StatusReport,
  classifier: { readonly kind: 'llm' | 'offline' },
): z.infer<typeof statusDocument> {
  const fault = [status.servers.postgres, status.servers.redis].find(({ code }) => code !== null);
  const first = fault === undefined ? {} : { error: fault.error, code: fault.code };
  return { success: fault === undefined, ...first, ...status, classifier };
}
