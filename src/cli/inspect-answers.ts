/** What a worker answers to each question of `celery inspect`, made from its sign of life and the jobs it holds. */
import type { WorkerState } from '../core/queue/presence.ts';
import type { JobCall } from '../models/queries/jobs.ts';

export const questions = [
  'active',
  'registered',
  'stats',
  'active_queues',
  'scheduled',
  'reserved',
  'ping',
  'report',
  'conf',
] as const;

export type Question = (typeof questions)[number];

/** A job of a queue, as far as an answer needs it. */
export interface HeldCall {
  readonly call: JobCall;
  /** Unix milliseconds; null where the job waits for none. */
  readonly dueMs: number | null;
}

export interface AnswerContext {
  readonly worker: WorkerState;
  readonly nowMs: number;
  readonly broker: {
    readonly hostname: string;
    readonly port: number;
    readonly database: string;
    readonly isTls: boolean;
  };
  /** Calls of the jobs that run, by task id; a job that ended meanwhile is missing. */
  readonly running: ReadonlyMap<string, JobCall>;
  readonly scheduled: readonly HeldCall[];
  readonly reserved: readonly HeldCall[];
}

/** The value under the worker's name. Shapes: Celery's remote control, `celery.worker.control`. */
export function answerOf(question: Question, context: AnswerContext): unknown {
  const { worker, scheduled, reserved } = context;
  switch (question) {
    case 'ping':
      return { ok: 'pong' };
    case 'registered':
      return [...worker.tasks].sort();
    case 'active':
      return active(context);
    case 'reserved':
      return reserved.map(({ call }) => requestOf(call, worker, null));
    case 'scheduled':
      return scheduled.map(({ call, dueMs }) => ({
        eta: new Date(dueMs ?? context.nowMs).toISOString().replace('Z', '000+00:00'),
        priority: celeryPriority(call.priority),
        request: requestOf(call, worker, null),
      }));
    case 'active_queues':
      return worker.queues.map(queueOf);
    case 'stats':
      return stats(context);
    case 'report':
      return { ok: report(context) };
    case 'conf':
      return worker.conf ?? {};
  }
}

function active({ worker, running }: AnswerContext) {
  return worker.active.flatMap(({ task_id, started_at }) => {
    const call = running.get(task_id);
    return call === undefined ? [] : [requestOf(call, worker, Date.parse(started_at) / 1_000)];
  });
}

function requestOf(call: JobCall, worker: WorkerState, startedSeconds: number | null) {
  return {
    id: call.task_id,
    name: call.task,
    args: [],
    kwargs: call.parameters,
    type: call.task,
    hostname: worker.worker,
    time_start: startedSeconds,
    acknowledged: false,
    delivery_info: {
      exchange: '',
      routing_key: call.queue,
      priority: celeryPriority(call.priority),
      redelivered: null,
    },
    worker_pid: startedSeconds === null ? null : worker.pid,
  };
}

/** The inverse of how Celery's 0, 3, 6, 9 became BullMQ's 1, 4, 7, 10; bulk work lies behind them all. */
function celeryPriority(priority: number): number {
  return Math.max(0, Math.min(9, priority - 1));
}

/** As kombu's Queue.as_dict() gives a queue that was declared by its name alone. */
function queueOf(name: string) {
  const exchange = {
    name,
    type: 'direct',
    arguments: null,
    durable: true,
    passive: false,
    auto_delete: false,
    delivery_mode: null,
    no_declare: false,
  };
  return {
    name,
    exchange,
    routing_key: name,
    queue_arguments: null,
    binding_arguments: null,
    consumer_arguments: null,
    durable: true,
    exclusive: false,
    auto_delete: false,
    no_ack: false,
    alias: null,
    bindings: [],
    no_declare: null,
    expires: null,
    message_ttl: null,
    max_length: null,
    max_length_bytes: null,
    max_priority: null,
  };
}

function stats({ worker, nowMs, broker }: AnswerContext) {
  return {
    total: worker.processed,
    pid: worker.pid,
    uptime: Math.max(0, Math.round((nowMs - Date.parse(worker.started_at)) / 1_000)),
    pool: { 'max-concurrency': worker.concurrency, processes: [worker.pid] },
    broker: {
      hostname: broker.hostname,
      userid: null,
      virtual_host: broker.database,
      port: broker.port,
      ssl: broker.isTls,
      transport: 'redis',
    },
    prefetch_count: worker.concurrency,
    rss_bytes: worker.rss_bytes,
  };
}

function report({ worker, broker }: AnswerContext): string {
  const { hostname, port, database } = broker;
  const lines = [
    `software -> ${worker.software ?? 'vambe-ai-worker'}`,
    `worker -> ${worker.worker} pid:${worker.pid} concurrency:${worker.concurrency} started:${worker.started_at}`,
    `queues -> ${worker.queues.join(', ')}`,
    `transport:redis results:redis at ${hostname}:${port}/${database}`,
    '',
    ...Object.entries(worker.conf ?? {}).flatMap(([name, value]) =>
      value === null ? [] : [`${name}: ${JSON.stringify(value)}`],
    ),
  ];
  return `\n${lines.join('\n')}\n`;
}
