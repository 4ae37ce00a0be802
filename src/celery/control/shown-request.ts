/** Jobs, queues and tasks in the shape that `celery inspect` and Flower read. */
import type { ShownJob, TaskFacts } from '../../core/process/controlled-worker.ts';
import { sentCallOf } from '../protocol/sent-call.ts';

/** One object of `active`, `reserved` and `query_task`: Celery's `Request.info()`. */
export function requestObject(job: ShownJob, { node, pid }: { node: string; pid: number }) {
  const { task, displayName, args, kwargs, queue, priority, isRedelivered } = sentCallOf(job);
  return {
    id: job.taskId,
    name: displayName,
    args,
    kwargs,
    type: task,
    hostname: node,
    time_start: job.startedMs === null ? null : job.startedMs / 1_000,
    acknowledged: false,
    // Celery 5.2 writes null and 5.6 false; clients of both read either.
    delivery_info: { exchange: '', routing_key: queue, priority, redelivered: isRedelivered || null },
    worker_pid: job.startedMs === null ? null : pid,
  };
}

/** One object of `scheduled`; its priority is the one of Celery's timer, 6 for every task. */
export function scheduledObject(job: ShownJob, of: { node: string; pid: number }) {
  const { etaText } = sentCallOf(job);
  const dueMs = job.dueMs ?? 0;
  // As its sender wrote it, unless the job waits for another attempt.
  const eta = etaText !== null && Math.floor(Date.parse(etaText)) === dueMs ? etaText : pythonIso(dueMs);
  return { eta, priority: 6, request: requestObject(job, of) };
}

/** Python's `isoformat()`: `2026-11-23T22:50:47.059000+00:00`, without a fraction where it is 0. */
function pythonIso(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000+00:00').replace('.000000', '');
}

/** kombu's `Queue.as_dict()` of a queue that was declared with a name only. */
export function queueObject(name: string) {
  return {
    name,
    exchange: {
      name,
      type: 'direct',
      arguments: null,
      durable: true,
      passive: false,
      auto_delete: false,
      delivery_mode: null,
      no_declare: false,
    },
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

const defaultTaskInfo: readonly string[] = ['exchange', 'routing_key', 'rate_limit'];

/** Lines of `registered`: `name`, or `name [max_retries=3 rate_limit=10/m]` with the attributes that were asked for and have a value. */
export function registeredLines(tasks: readonly TaskFacts[], items: unknown): string[] {
  const given = Array.isArray(items) ? items.filter((item) => typeof item === 'string') : [];
  const asked = given.length > 0 ? given : defaultTaskInfo;
  return tasks
    .flatMap((task) => [task.name, ...task.aliases].map((name) => ({ name, line: lineOf(name, task, asked) })))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ line }) => line);
}

function lineOf(name: string, { maxRetries, rateLimit }: TaskFacts, asked: readonly string[]): string {
  const attributes: Readonly<Record<string, string | null>> = {
    name,
    max_retries: String(maxRetries),
    rate_limit: rateLimit,
    acks_late: 'True',
  };
  const shown = asked.flatMap((item) => {
    const value = Object.hasOwn(attributes, item) ? attributes[item] : null;
    return value === null || value === undefined ? [] : [`${item}=${value}`];
  });
  return shown.length > 0 ? `${name} [${shown.join(' ')}]` : name;
}
