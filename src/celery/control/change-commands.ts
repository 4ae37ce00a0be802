/** Remote control commands that change a worker. CELERY_CONTROL=inspect-only refuses them all. docs/recipes/replace-celery.md lists them. */
import { constants } from 'node:os';
import { pythonError } from '../protocol/python-error.ts';
import type { ControlCommand } from './control-command.ts';
import type { NodeContext } from './node-context.ts';
import { readRateLimit } from './rate-limit.ts';

type Arguments = Readonly<Record<string, unknown>>;

const change = (rest: Omit<ControlCommand, 'kind'>): ControlCommand => ({ kind: 'control', ...rest });

export const changeCommands: readonly ControlCommand[] = [
  change({ name: 'revoke', required: ['task_id'], join: 'terminated', run: revoke }),
  change({
    name: 'terminate',
    required: ['signal', 'task_id'],
    join: 'terminated',
    run: (context, given) => revoke(context, { ...given, terminate: true }),
  }),
  change({ name: 'rate_limit', required: ['task_name', 'rate_limit'], join: 'first', run: limitRate }),
  change({ name: 'time_limit', join: 'first', run: limitTime }),
  change({
    name: 'add_consumer',
    required: ['queue'],
    join: 'first',
    run({ worker }, { queue }) {
      worker.addList(String(queue));
      return { ok: `add consumer ${queue}` };
    },
  }),
  change({
    name: 'cancel_consumer',
    required: ['queue'],
    join: 'first',
    run({ worker }, { queue }) {
      worker.cancelList(String(queue));
      return { ok: `no longer consuming from ${queue}` };
    },
  }),
  change({ name: 'pool_grow', join: 'first', run: (context, { n }) => resize(context, n, 1, 'grow') }),
  change({ name: 'pool_shrink', join: 'first', run: (context, { n }) => resize(context, n, -1, 'shrink') }),
  change({
    name: 'autoscale',
    join: 'first',
    run: () => ({ error: pythonError('ValueError', 'Autoscale not enabled') }),
  }),
  change({
    name: 'pool_restart',
    join: 'first',
    run: () => ({ error: pythonError('ValueError', 'Pool restarts not enabled') }),
  }),
  change({
    name: 'enable_events',
    join: 'first',
    run: ({ events }) => ({ ok: events.enable() ? 'task events enabled' : 'task events already enabled' }),
  }),
  change({
    name: 'disable_events',
    join: 'first',
    run: ({ events }) => ({ ok: events.disable() ? 'task events disabled' : 'task events already disabled' }),
  }),
  change({
    name: 'heartbeat',
    join: 'first',
    run({ events }) {
      events.beat(5);
      return null;
    },
  }),
  // This worker holds no elections; Celery's own answer is None, too.
  change({ name: 'election', required: ['id', 'topic'], join: 'first', run: () => null }),
  change({
    name: 'shutdown',
    join: 'first',
    run({ worker }) {
      worker.shutDown();
      return undefined;
    },
  }),
];

async function revoke(
  { worker, signals }: NodeContext,
  { task_id: given, terminate, signal }: Arguments,
): Promise<unknown> {
  const ids = [...new Set((Array.isArray(given) ? given : [given]).filter((id) => typeof id === 'string'))];
  const name = typeof signal === 'string' && signal !== '' ? signal : 'SIGTERM';
  if (terminate && signalNumber(name) === null && typeof signal !== 'number') {
    return { error: pythonError('AttributeError', `module 'signal' has no attribute '${signalName(name)}'`) };
  }
  // Before the revocation, as its event may be sent at once.
  const signum = typeof signal === 'number' ? signal : signalNumber(name);
  if (terminate && signum !== null) for (const id of ids) signals.set(id, signum);
  const stopped = await worker.revoke(ids, {
    terminates: Boolean(terminate),
    signal: terminate ? signalName(name) : null,
  });
  for (const id of ids) if (!stopped.includes(id)) signals.delete(id);
  if (!terminate) return { ok: `tasks ${ids.join(', ')} flagged as revoked` };
  return { ok: stopped.length > 0 ? `terminate: ${stopped.join(', ')}` : unknownTasks };
}

export const unknownTasks = 'terminate: tasks unknown';

function signalName(given: string): string {
  const upper = given.toUpperCase();
  return upper.startsWith('SIG') ? upper : `SIG${upper}`;
}

/** The number of `SIGTERM`, `TERM` or `term`; null where there is no such signal. */
export function signalNumber(given: string): number | null {
  const found = Object.entries(constants.signals).find(([name]) => name === signalName(given));
  return found?.[1] ?? null;
}

async function limitRate({ worker }: NodeContext, { task_name: task, rate_limit: given }: Arguments): Promise<unknown> {
  const reading = readRateLimit(given);
  if ('error' in reading) return { error: reading.error };
  const limit = reading.limit === null ? null : { ...reading.limit, text: String(given) };
  if (!(await worker.limitRate(String(task), limit))) return { error: 'unknown task' };
  return { ok: given ? 'new rate limit set successfully' : 'rate limit disabled successfully' };
}

function limitTime({ worker }: NodeContext, { task_name: task, soft, hard }: Arguments): unknown {
  const seconds = (given: unknown) => (typeof given === 'number' && given > 0 ? given : null);
  const isKnown = worker.limitTime(String(task), { softSeconds: seconds(soft), hardSeconds: seconds(hard) });
  return isKnown ? { ok: 'time limits set successfully' } : { error: 'unknown task' };
}

function resize({ worker }: NodeContext, given: unknown, direction: 1 | -1, word: string): unknown {
  const count = given === undefined || given === null ? 1 : Number(given);
  if (!Number.isInteger(count) || Math.abs(count) > 10_000) {
    return { error: pythonError('ValueError', `n must be a whole number up to 10000, not ${given}`) };
  }
  worker.changeConcurrency(direction * count);
  return { ok: `pool will ${word}` };
}
