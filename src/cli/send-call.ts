/** Sends a task as a Celery message and, where asked, waits for the result that its worker publishes. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlClient } from '../celery/control/control-client.ts';
import { encodeTaskMessage } from '../celery/protocol/encode-task-message.ts';
import { isObject } from '../celery/protocol/envelope.ts';
import { createRedis, type Redis } from '../core/connections/redis.ts';
import { didYouMean } from '../core/nearest-name.ts';
import { withNodes } from './ask-nodes.ts';
import type { Cli } from './kit/cli.ts';

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
const askMs = 1_000;
const finalStates: readonly unknown[] = ['SUCCESS', 'FAILURE', 'REVOKED'];

/** @throws AppError REDIS_* where the broker or the result backend cannot be used */
export async function sendCall(cli: Cli, call: CallToSend): Promise<void> {
  const { config } = cli.config();
  const taskId = call.taskId ?? randomUUID();
  await withNodes(cli, async (nodes) => {
    const { broker } = nodes;
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
    const told = tellWhereNobodyTakes(cli, nodes, call.queue);
    if (call.wait !== true) {
      await told;
      if (cli.json) cli.document({ success: true, task_id: taskId, task: call.name, queue: call.queue });
      return;
    }
    const { celeryResultUrl } = await import('../config/derived.ts');
    const url = celeryResultUrl(config);
    const backend = url === null ? broker : createRedis({ url, name: 'vambe call', use: 'commands' });
    try {
      const [end] = await Promise.all([waitForEnd(backend, taskId, cli.signal), told]);
      tellEnd(cli, taskId, end);
    } finally {
      if (backend !== broker) backend.disconnect();
    }
  });
}

/** A misspelt list is made by sending to it, so nothing else would tell. */
async function tellWhereNobodyTakes(cli: Cli, nodes: ControlClient, list: string): Promise<void> {
  const asked = nodes.ask('active_queues', { timeoutMs: askMs, signal: cli.signal });
  // The call was sent, so an error of this check is ignored.
  const answered = await asked.catch(() => null);
  if (answered === null) return;
  const taken = [...new Set(Object.values(answered.answers).flatMap(listNames))];
  if (taken.includes(list)) return;
  const takers =
    answered.listeners === 0 ? 'no worker is registered' : 'none of the workers that answered takes from it';
  const known = taken.length === 0 ? '' : ` They take from ${taken.join(', ')}.`;
  cli.note(`vambe: the message waits in the list "${list}": ${takers}.${didYouMean(list, taken)}${known}`);
}

function listNames(answer: unknown): string[] {
  const lists: readonly unknown[] = Array.isArray(answer) ? answer : [];
  return lists.flatMap((each) => (isObject(each) && typeof each.name === 'string' ? [each.name] : []));
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
