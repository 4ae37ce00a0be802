/** Queues and schedules as tables: relative times on a terminal, exact times elsewhere. */
import { describeDuration } from '../../core/durations.ts';
import type { QueueReport } from '../../services/observe/queues.ts';
import type { ScheduleReport } from '../../services/observe/schedules.ts';
import type { Cli } from '../kit/cli.ts';
import { describeAge, describeMoment } from '../kit/times.ts';

const mostFailed = 10_000;

export function describeQueues(cli: Cli, queues: readonly QueueReport[], nowMs: number): string {
  const head = ['queue', 'queued', 'processing', 'due later', 'failed', 'oldest queued', 'paused'];
  const rows = queues.map(({ name, waiting, running, delayed, failed, oldest_waiting_at, paused }) => [
    name,
    waiting,
    running,
    delayed,
    failed > mostFailed ? '10,000+' : failed,
    oldest_waiting_at === null ? null : describeAt(cli, oldest_waiting_at, nowMs),
    describePause(cli, paused, nowMs),
  ]);
  return cli.table(head, rows);
}

export function describeSchedules(cli: Cli, schedules: readonly ScheduleReport[], nowMs: number): string {
  const rows = schedules.map(({ name, task, every_ms, cron, next_run_at, paused }) => [
    name,
    task,
    every_ms === null ? `cron ${cron} UTC` : describeDuration(every_ms),
    next_run_at === null ? null : describeAt(cli, next_run_at, nowMs),
    describePause(cli, paused, nowMs),
  ]);
  return cli.table(['schedule', 'task', 'every', 'next run', 'paused'], rows);
}

export interface Pause {
  readonly reason: string | null;
  readonly since: string | null;
  readonly until: string | null;
}

/** `no`, or on a terminal `for 5 min, ends in 2 h, provider is down`, elsewhere `yes, since …, until …, provider is down`. */
export function describePause(cli: Pick<Cli, 'isTerminal'>, pause: Pause | null, nowMs: number): string {
  if (pause === null) return 'no';
  const { reason, since, until } = pause;
  const parts = cli.isTerminal
    ? [
        since === null ? 'yes' : `for ${describeAge(Date.parse(since), nowMs)}`,
        until && `ends ${describeMoment(Date.parse(until), nowMs)}`,
        reason,
      ]
    : ['yes', since && `since ${toIso(since)}`, until && `until ${toIso(until)}`, reason];
  return parts.filter((each) => each !== null).join(', ');
}

function describeAt(cli: Pick<Cli, 'isTerminal'>, at: string, nowMs: number): string {
  return cli.isTerminal ? describeMoment(Date.parse(at), nowMs) : toIso(at);
}

function toIso(at: string): string {
  return new Date(at).toISOString();
}
