/** Remote control commands that only read, as Celery's `celery.worker.control` answers them. */
import { uptime } from 'node:os';
import type { ShownJob } from '../../core/process/controlled-worker.ts';
import { pythonError } from '../protocol/python-error.ts';
import type { ControlCommand } from './control-command.ts';
import type { NodeContext } from './node-context.ts';
import { memorySample, nodeReport, nodeStats } from './node-stats.ts';
import { queueObject, registeredLines, requestObject, scheduledObject } from './shown-request.ts';

const ask = (rest: Omit<ControlCommand, 'kind'>): ControlCommand => ({ kind: 'inspect', ...rest });
const requestsOf = (context: NodeContext, jobs: readonly ShownJob[]) => jobs.map((job) => requestObject(job, context));

export const inspectCommands: readonly ControlCommand[] = [
  ask({ name: 'ping', join: 'first', run: () => ({ ok: 'pong' }) }),
  ask({
    name: 'active',
    aliases: ['dump_active'],
    join: 'list',
    run: async (context) => requestsOf(context, await context.worker.active()),
  }),
  ask({
    name: 'reserved',
    aliases: ['dump_reserved'],
    join: 'first',
    run: async (context) => requestsOf(context, await context.worker.reserved()),
  }),
  ask({
    name: 'scheduled',
    aliases: ['dump_schedule'],
    join: 'first',
    run: async (context) => (await context.worker.scheduled()).map((job) => scheduledObject(job, context)),
  }),
  ask({ name: 'query_task', required: ['ids'], join: 'object', run: (context, { ids }) => queryTask(context, ids) }),
  ask({ name: 'revoked', aliases: ['dump_revoked'], join: 'list', run: ({ worker }) => worker.revokedIds() }),
  ask({
    name: 'registered',
    aliases: ['registered_tasks', 'dump_tasks'],
    join: 'first',
    run: async ({ worker }, { taskinfoitems }) => registeredLines(await worker.tasks(), taskinfoitems),
  }),
  ask({ name: 'active_queues', join: 'first', run: ({ worker }) => worker.lists().map(queueObject) }),
  ask({ name: 'stats', join: 'stats', run: (context) => nodeStats(context) }),
  ask({ name: 'report', join: 'first', run: (context) => ({ ok: nodeReport(context) }) }),
  ask({ name: 'conf', aliases: ['dump_conf'], join: 'first', run: ({ worker }) => worker.settings() }),
  ask({ name: 'clock', join: 'first', run: ({ clock }) => ({ clock: clock.value() }) }),
  ask({ name: 'memsample', join: 'first', run: () => memorySample() }),
  ask({
    name: 'memdump',
    join: 'first',
    run: () => `- rss (sample): ${memorySample()}\n- rss (end): ${memorySample()}.\n`,
  }),
  ask({
    name: 'objgraph',
    join: 'first',
    run: () => ({ error: pythonError('ImportError', 'Requires the objgraph library') }),
  }),
  ask({ name: 'hello', required: ['from_node'], join: 'first', run: answerHello }),
];

/** Only running and reserved jobs: Celery's worker finds a request by its id only then. */
async function queryTask({ node, pid, worker }: NodeContext, ids: unknown): Promise<Record<string, unknown>> {
  const asked = new Set(typeof ids === 'string' ? [ids] : Array.isArray(ids) ? ids : []);
  const found: Record<string, unknown> = {};
  const note = (state: string, jobs: readonly ShownJob[]) => {
    for (const job of jobs) if (asked.has(job.taskId)) found[job.taskId] ??= [state, requestObject(job, { node, pid })];
  };
  note('active', await worker.active());
  note('reserved', await worker.reserved());
  return found;
}

/** Mingle: a worker that starts gets the revoked ids, and its own are added. null where the request comes from this node itself. */
function answerHello(
  { node, worker, clock, isInspectOnly }: NodeContext,
  { from_node: from, revoked }: Readonly<Record<string, unknown>>,
): unknown {
  if (from === node) return null;
  // Adding them would revoke tasks, which inspect-only forbids.
  if (!isInspectOnly && typeof revoked === 'object' && revoked !== null) worker.mergeRevoked(Object.keys(revoked));
  return { revoked: revokedObject(worker.revokedIds()), clock: clock.forward() };
}

/**
 * Revoked ids in the form of Celery's LimitedSet, id → [monotonic seconds, id]. Python's merge fails unless the number is a float.
 * JSON writes a whole number without a point, so the number is never whole.
 */
export function revokedObject(ids: readonly string[]): Record<string, [number, string]> {
  const seconds = Math.floor(uptime()) + 0.5;
  return Object.fromEntries(ids.map((id) => [id, [seconds, id]]));
}
