/** Sends a task as a Celery message and, where asked, waits for the result that its worker publishes. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isObject } from '../celery/envelope.ts';
import { encodeTaskMessage } from '../celery/message.ts';
import { createRedis, type Redis } from '../core/redis.ts';
import { withNodes } from './ask-nodes.ts';
import type { Cli } from './cli.ts';

export interface CallToSend {
  readonly name: string;
  readonly queue: string;
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly wait?: boolean;
  readonly countdown?: number;
  readonly taskId?: string;
}

const lookEveryMs = 200;
const finalStates: readonly unknown[] = ['SUCCESS', 'FAILURE', 'REVOKED'];

/** @throws AppError REDIS_* where the broker or the result backend cannot be used */
export async function sendCall(cli: Cli, call: CallToSend): Promise<void> {
  const { config } = cli.config();
  const taskId = call.taskId ?? randomUUID();
  await withNodes(cli, async ({ broker }) => {
    const { key, raw } = encodeTaskMessage({
      id: taskId,
      task: call.name,
      args: call.args ?? [],
      kwargs: call.kwargs ?? {},
      queue: call.queue,
      etaMs: call.countdown ? Date.now() + call.countdown * 1_000 : null,
      origin: `${process.pid}@${hostname()}`,
    });
    await broker.lpush(key, raw);
    if (!cli.json) cli.out(taskId);
    if (call.wait !== true) {
      if (cli.json) cli.document({ success: true, task_id: taskId, task: call.name, queue: call.queue });
      return;
    }
    const { celeryResultUrl } = await import('../config/derived.ts');
    const url = celeryResultUrl(config);
    const backend = url === null ? broker : createRedis({ url, name: 'vambe call', use: 'commands' });
    try {
      tellEnd(cli, taskId, await waitForEnd(backend, taskId, cli.signal));
    } finally {
      if (backend !== broker) backend.disconnect();
    }
  });
}

interface Meta {
  readonly status: unknown;
  readonly result: unknown;
}

async function waitForEnd(backend: Redis, taskId: string, signal: AbortSignal): Promise<Meta> {
  for (;;) {
    const text = await backend.get(`celery-task-meta-${taskId}`);
    const meta: unknown = text === null ? null : JSON.parse(text);
    if (isObject(meta) && finalStates.includes(meta.status)) return { status: meta.status, result: meta.result };
    await sleep(lookEveryMs, undefined, { signal });
  }
}

function tellEnd(cli: Cli, taskId: string, { status, result }: Meta): void {
  const state = String(status);
  if (state === 'SUCCESS') {
    if (cli.json) cli.document({ success: true, task_id: taskId, state, result });
    else cli.out(JSON.stringify(result, null, cli.isTerminal ? 2 : 0));
    return;
  }
  const code = isObject(result) ? String(result.exc_type ?? state) : state;
  const words = isObject(result) && Array.isArray(result.exc_message) ? result.exc_message.join(', ') : state;
  if (cli.json) cli.document({ success: false, task_id: taskId, state, error: words, code });
  else cli.note(`vambe: the task ended as ${state} (${code}): ${words}`);
  cli.exitWith(4);
}
