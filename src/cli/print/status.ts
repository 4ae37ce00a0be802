/** The report of `vambe status` as text. */
import { countProcessing, pauseOfQueue, type ServerStatus, type StatusReport } from '../../services/observe/status.ts';
import type { Cli } from '../kit/cli.ts';
import { describeDuration, describeMoment } from '../kit/times.ts';
import { describePause } from './queues.ts';

/** A larger count is told as this one and more. */
const maxCounted = 10_000;

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
      cli.prose(
        `Embedded mode: ${runs ? 'servers of this machine' : 'the servers are not running'}, data in ${report.data_dir}.${runs ? '' : ' "vambe up" starts everything.'}`,
      ),
    );
  }
  parts.push(cli.style(report.workers.state === 'none' ? 'yellow' : 'bold', cli.prose(verdict(report))));
  if (report.workers.alive.length > 0) parts.push(workerTable(cli, report, nowMs));
  const others = otherNodes(report);
  if (others !== null) parts.push(cli.prose(others));
  if (report.queues !== null) parts.push(queueTable(cli, report, nowMs));
  const lists = celeryLists(report);
  if (lists !== null) parts.push(cli.prose(lists));
  const schedules = pausedSchedules(report);
  if (schedules !== null) parts.push(cli.prose(schedules));
  if (report.jobs !== null) parts.push(cli.prose(jobLine(report, report.jobs)));
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

/** One sentence: whether a worker is there, whether it is busy, and what is queued. */
function verdict(report: Shown): string {
  const { workers, queues, jobs, servers } = report;
  const waiting = queues?.reduce((sum, queue) => sum + queue.waiting, 0) ?? 0;
  const open = jobs === null ? waiting : Math.max(waiting, jobs.queued + jobs.retrying);
  const slots = workers.alive.reduce((sum, { concurrency }) => sum + concurrency, 0);
  const silent = workers.silent.map(
    ({ worker, silentMs }) => `${worker} was last seen ${describeDuration(silentMs)} ago`,
  );
  const last = silent.length > 0 ? ` (${silent.join(', ')})` : '';
  const alive = workers.alive.length === 1 ? '1 worker is alive' : `${workers.alive.length} workers are alive`;
  const processing = `processing ${countProcessing(report)} of ${slots} jobs at once`;
  switch (workers.state) {
    case 'unknown':
      return `Workers: unknown, as Redis ${unknownWords[servers.redis.state] ?? 'does not tell'}.`;
    case 'none':
      if (queues === null && jobs === null) return 'No worker is registered.';
      return `No worker is registered${last}; ${describeQueued(report, open)}. "vambe worker" starts one.`;
    case 'idle':
      return `${alive}${last} and idle; ${describeQueued(report, waiting)}.`;
    case 'busy':
      return `${alive}${last} and busy, ${processing}; ${describeQueued(report, waiting)}.`;
    case 'working':
      return `${alive}${last}, ${processing}; ${describeQueued(report, waiting)}.`;
  }
}

/** Jobs, and Celery messages that no worker has taken. */
function describeQueued({ celery_messages: messages }: Shown, jobs: number): string {
  const untaken = Object.values(messages ?? {}).reduce((sum, count) => sum + count, 0);
  const kinds = [
    jobs === 0 ? '' : `${counted(jobs)} ${jobs === 1 ? 'job' : 'jobs'}`,
    untaken === 0 ? '' : `${untaken} Celery ${untaken === 1 ? 'message' : 'messages'}`,
  ].filter((each) => each !== '');
  if (kinds.length === 0) return 'nothing is queued';
  return `${kinds.join(' and ')} ${jobs + untaken === 1 ? 'is' : 'are'} queued`;
}

function workerTable(cli: Cli, { workers }: StatusReport, nowMs: number): string {
  const rows = workers.alive.map((each) => [
    each.worker,
    each.pid,
    `${each.active.length} of ${each.concurrency}`,
    Object.values(each.processed).reduce((sum, count) => sum + count, 0),
    cli.isTerminal ? describeMoment(Date.parse(each.started_at), nowMs) : each.started_at,
    `${Math.round(each.rss_bytes / 1_048_576)} MB`,
    each.queues.join(', '),
  ]);
  return cli.table(['worker', 'pid', 'processing', 'done', 'started', 'memory', 'queues'], rows);
}

/** Python workers, and workers of ours on another Redis. */
function otherNodes({ workers }: StatusReport): string | null {
  const names = workers.nodes?.filter((name) => !workers.alive.some(({ worker }) => worker === name)) ?? [];
  return names.length === 0 ? null : `Celery nodes beside them that answer: ${names.join(', ')}.`;
}

function queueTable(cli: Cli, { queues, controls }: Shown, nowMs: number): string {
  const rows = (queues ?? []).map(({ name, waiting, delayed, active, is_paused }) => [
    name,
    waiting,
    active,
    delayed,
    pauseCell(cli, { name, isPaused: is_paused, controls, nowMs }),
  ]);
  return cli.table(['queue', 'queued', 'processing', 'due later', 'paused'], rows);
}

function pauseCell(
  cli: Cli,
  {
    name,
    isPaused,
    controls,
    nowMs,
  }: { name: string; isPaused: boolean; controls: StatusReport['controls']; nowMs: number },
): string {
  const pause = pauseOfQueue(controls ?? [], name);
  if (pause === undefined) return isPaused ? 'yes' : 'no';
  const { reason, code, since, until } = pause;
  const why = [code, reason].filter((each) => each !== null && each !== '').join(', ');
  return describePause(cli, { reason: why === '' ? null : why, since, until }, nowMs);
}

/** A list without a worker looks like any other. */
function celeryLists({ celery_messages: messages }: StatusReport): string | null {
  const counts = Object.entries(messages ?? {}).map(([list, count]) => `${list} ${count}`);
  if (counts.length === 0) return null;
  return `Celery messages that no worker has taken, by list: ${counts.join(', ')}. "vambe inspect active_queues" says which worker takes from which.`;
}

/** Queues have their column; a paused schedule would go unnoticed for a while. */
function pausedSchedules({ controls }: StatusReport): string | null {
  const names = (controls ?? []).filter(({ kind }) => kind === 'schedule').map(({ name }) => name);
  return names.length === 0 ? null : `Paused schedules: ${names.join(', ')}. "vambe schedules" tells why.`;
}

function jobLine(report: Shown, jobs: NonNullable<StatusReport['jobs']>): string {
  const { failed, cancelled, rejected, retrying_by_code: codes } = jobs;
  const processing = countProcessing(report);
  // The rows of jobs that a worker has are queued or retrying.
  const queued = Math.max(0, jobs.queued - processing);
  const retrying = Math.max(0, jobs.retrying - Math.max(0, processing - jobs.queued));
  const counts = Object.entries({ queued, processing, retrying, failed, cancelled, rejected });
  const lines = [`Jobs: ${counts.map(([state, count]) => `${counted(count)} ${state}`).join(', ')}.`];
  const causes = Object.entries(codes).map(([code, count]) => `${code} ${counted(count)}`);
  if (causes.length > 0)
    lines.push(`What failed and is tried again: ${causes.join(', ')}. "vambe jobs --state retrying" lists it.`);
  if (failed > 0) lines.push('"vambe jobs --state failed" lists what failed.');
  return lines.join(' ');
}

function counted(count: number): string {
  return count > maxCounted ? `${maxCounted.toLocaleString('en')}+` : String(count);
}
