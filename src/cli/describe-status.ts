/** The report of `vambe status` as text. */
import { pauseOfQueue } from '../core/queue/pauses.ts';
import { mostCounted } from '../models/queries/jobs.ts';
import type { Cli } from './cli.ts';
import type { ServerStatus, StatusReport } from './status-report.ts';
import { describeDuration, describeMoment } from './times.ts';

type Shown = StatusReport & { readonly classifier?: { readonly kind: string } };

export function describeStatus(cli: Cli, report: Shown, nowMs: number): string {
  const { postgres, redis } = report.servers;
  const isUp = (server: ServerStatus) => server.state === 'reachable';
  const serverRows = [
    [
      'PostgreSQL',
      ...serverCells(postgres, postgres.schema_version === null ? '' : `schema ${postgres.schema_version}`),
    ],
    ['Redis', ...serverCells(redis, '')],
    report.classifier?.kind === 'llm'
      ? ['classifier', 'llm', 'transcripts are sent to a model']
      : ['classifier', 'offline', 'no model is called'],
  ];
  const parts = [cli.table(['part', 'state', 'details'], serverRows)];
  if (report.data_dir !== null) {
    const runs = isUp(postgres) || isUp(redis);
    parts.push(
      `Embedded mode: ${runs ? 'servers of this machine' : 'the servers are not running'}, data in ${report.data_dir}.${runs ? '' : ' "vambe up" starts everything.'}`,
    );
  }
  parts.push(cli.style(report.workers.state === 'none' ? 'yellow' : 'bold', verdict(report)));
  if (report.workers.alive.length > 0) parts.push(workerTable(cli, report, nowMs));
  const others = otherNodes(report);
  if (others !== null) parts.push(others);
  if (report.queues !== null) parts.push(queueTable(cli, report));
  const lists = celeryLists(report);
  if (lists !== null) parts.push(lists);
  const schedules = pausedSchedules(report);
  if (schedules !== null) parts.push(schedules);
  if (report.jobs !== null) parts.push(jobLine(report.jobs));
  return parts.join('\n\n');
}

function serverCells({ state, embedded, address, version, latency_ms }: ServerStatus, more: string): [string, string] {
  const kind = embedded ? 'embedded' : '';
  const latency = latency_ms === null ? '' : `${latency_ms} ms`;
  const details = [kind, version === null ? '' : `version ${version}`, latency, more, address ?? ''];
  return [state, details.filter((each) => each !== '').join(', ')];
}

const unknownWords: Partial<Record<ServerStatus['state'], string>> = {
  unreachable: 'is unreachable',
  refused: 'refuses us',
  unfit: 'does not suit',
};

/** One sentence that tells "nobody is there" from "everybody is busy" from "nobody can know". */
function verdict({ workers, queues, jobs, servers, celery_messages: messages }: StatusReport): string {
  const waiting = queues?.reduce((sum, queue) => sum + queue.waiting, 0) ?? 0;
  const open = jobs === null ? waiting : Math.max(waiting, jobs.queued + jobs.retrying);
  const untaken = Object.values(messages ?? {}).reduce((sum, count) => sum + count, 0);
  const waits = (count: number) => {
    const kinds = [
      count === 0 ? '' : `${counted(count)} ${count === 1 ? 'job' : 'jobs'}`,
      untaken === 0 ? '' : `${untaken} Celery ${untaken === 1 ? 'message' : 'messages'}`,
    ].filter((each) => each !== '');
    if (kinds.length === 0) return 'nothing waits';
    return `${kinds.join(' and ')} ${count + untaken === 1 ? 'waits' : 'wait'}`;
  };
  const slots = workers.alive.reduce((sum, { concurrency }) => sum + concurrency, 0);
  const taken = workers.alive.reduce((sum, { active }) => sum + active.length, 0);
  const silent = workers.silent.map(
    ({ worker, silentMs }) => `${worker} was last seen ${describeDuration(silentMs)} ago`,
  );
  const last = silent.length > 0 ? ` (${silent.join(', ')})` : '';
  const alive = workers.alive.length === 1 ? '1 worker is alive' : `${workers.alive.length} workers are alive`;
  switch (workers.state) {
    case 'unknown':
      return `Workers: unknown, as Redis ${unknownWords[servers.redis.state] ?? 'does not tell'}.`;
    case 'none':
      if (queues === null && jobs === null) return 'No worker is registered.';
      return `No worker is registered${last}; ${waits(open)}. "vambe worker" starts one.`;
    case 'idle':
      return `${alive}${last} and idle; ${waits(waiting)}.`;
    case 'busy':
      return `${alive}${last} and busy, ${taken} of ${slots} slots taken; ${waits(waiting)}.`;
    case 'working':
      return `${alive}${last} and working, ${taken} of ${slots} slots taken; ${waits(waiting)}.`;
  }
}

function workerTable(cli: Cli, { workers }: StatusReport, nowMs: number): string {
  const rows = workers.alive.map((each) => [
    each.worker,
    each.pid,
    `${each.active.length}/${each.concurrency}`,
    Object.values(each.processed).reduce((sum, count) => sum + count, 0),
    cli.isTerminal ? describeMoment(Date.parse(each.started_at), nowMs) : each.started_at,
    `${Math.round(each.rss_bytes / 1_048_576)} MB`,
    each.queues.join(','),
  ]);
  return cli.table(['worker', 'pid', 'busy', 'processed', 'started', 'memory', 'queues'], rows);
}

/** Python workers, and workers of ours on another Redis. */
function otherNodes({ workers }: StatusReport): string | null {
  const names = workers.nodes?.filter((name) => !workers.alive.some(({ worker }) => worker === name)) ?? [];
  return names.length === 0 ? null : `Celery nodes beside them that answer: ${names.join(', ')}.`;
}

function queueTable(cli: Cli, { queues, jobs, controls }: StatusReport): string {
  const rows = (queues ?? []).map(({ name, waiting, delayed, active, is_paused }) => [
    name,
    waiting,
    delayed,
    active,
    jobs === null ? null : counted(jobs.open[name] ?? 0),
    is_paused || pauseOfQueue(controls ?? [], name) ? pauseWords(controls, name) : 'no',
  ]);
  return cli.table(['queue', 'waiting', 'delayed', 'running', 'open rows', 'paused'], rows);
}

/** A list that nobody takes from looks like any other. */
function celeryLists({ celery_messages: messages }: StatusReport): string | null {
  const counts = Object.entries(messages ?? {}).map(([list, count]) => `${list} ${count}`);
  if (counts.length === 0) return null;
  return `Celery messages that no worker has taken, by list: ${counts.join(', ')}. "vambe inspect active_queues" tells who takes from which.`;
}

function pauseWords(controls: StatusReport['controls'], queue: string): string {
  const control = pauseOfQueue(controls ?? [], queue);
  const until = control?.until ? `until ${new Date(control.until).toISOString()}` : '';
  return ['yes', until, control?.code ?? '', control?.reason ?? ''].filter((each) => each !== '').join(', ');
}

/** Queues have their column; a schedule that is paused would be missed by nobody for a while. */
function pausedSchedules({ controls }: StatusReport): string | null {
  const names = (controls ?? []).filter(({ kind }) => kind === 'schedule').map(({ name }) => name);
  return names.length === 0 ? null : `Paused schedules: ${names.join(', ')}. "vambe schedules" tells why.`;
}

function jobLine(jobs: NonNullable<StatusReport['jobs']>): string {
  const { queued, retrying, failed, cancelled, rejected, retrying_by_code: codes } = jobs;
  const counts = Object.entries({ queued, retrying, failed, cancelled, rejected });
  const lines = [`Jobs: ${counts.map(([state, count]) => `${counted(count)} ${state}`).join(', ')}.`];
  const causes = Object.entries(codes).map(([code, count]) => `${code} ${counted(count)}`);
  if (causes.length > 0)
    lines.push(`What failed and is tried again: ${causes.join(', ')}. "vambe jobs --state retrying" lists it.`);
  if (failed > 0) lines.push('"vambe jobs --state failed" lists what failed.');
  return lines.join(' ');
}

function counted(count: number): string {
  return count > mostCounted ? `${mostCounted.toLocaleString('en')}+` : String(count);
}
