/** Jobs as text: relative times and aligned columns on a terminal, exact times and tabs elsewhere. */
import type { UnsentFollowUp } from '../core/job-ledger.ts';
import type { JobSummary, JobWhole } from '../models/queries/jobs.ts';
import type { Cli } from './kit/cli.ts';
import { describeDuration, describeMoment } from './kit/times.ts';

const mostValueChars = 200;

export function describeJobList(cli: Cli, jobs: readonly JobSummary[], nowMs: number): string {
  const head = ['task id', 'task', 'meeting', 'state', 'attempts', 'accepted', 'duration', 'error'];
  const rows = jobs.map((job) => [
    job.task_id,
    job.task,
    job.meeting_id,
    job.state,
    job.attempts,
    cli.isTerminal ? describeMoment(Date.parse(job.accepted_at), nowMs) : toUtc(job.accepted_at),
    duration(job.duration_ms),
    job.error_code,
  ]);
  return cli.table(head, rows);
}

export function describeJob(cli: Cli, job: JobWhole, nowMs: number): string {
  const moment = (at: string | null) =>
    at === null ? null : `${toUtc(at)}${cli.isTerminal ? ` (${describeMoment(Date.parse(at), nowMs)})` : ''}`;
  const facts: [string, string | number | null][] = [
    ['task id', job.task_id],
    ['state', job.state],
    ['task', job.task],
    ['queue', job.queue],
    ['meeting', job.meeting_id],
    ['asked by', job.origin],
    ['priority', job.priority],
    ['parameters', JSON.stringify(job.parameters)],
    ['accepted', moment(job.accepted_at)],
    ['due', moment(job.due_at)],
    ['started', moment(job.started_at)],
    ['finished', moment(job.finished_at)],
    ['duration', duration(job.duration_ms)],
    ['worker', job.worker],
    ['attempts', job.attempts],
    ['deliveries', job.delivery + 1],
    ['error', job.error_code],
    ['message', job.error_message],
  ];
  const known = facts.filter(([, value]) => value !== null);
  const parts = [cli.table(['job', ''], known)];
  if (job.attempt_notes.length > 0) {
    const head = ['failed attempt', 'at', 'error', 'next', 'message'];
    const rows = job.attempt_notes.map((each) => [
      each.attempt,
      cli.isTerminal ? describeMoment(Date.parse(each.at), nowMs) : toUtc(each.at),
      each.code,
      each.due_at === null
        ? null
        : cli.isTerminal
          ? describeMoment(Date.parse(each.due_at), nowMs)
          : toUtc(each.due_at),
      each.message,
    ]);
    parts.push(cli.table(head, rows));
  }
  const unsent = unsentOf(job.message);
  if (unsent.length > 0) {
    const rows = unsent.map(({ at, code, message }) => [moment(at), code, message]);
    parts.push(cli.table(['not sent', 'error', 'message'], rows));
  }
  if (job.result !== null && job.result !== undefined) parts.push(cli.table(['result', ''], summarise(job.result)));
  if (job.changes.length > 0) {
    const rows = job.changes.map(({ at, actor, action, reason }) => [moment(at), actor, action, reason]);
    parts.push(cli.table(['changed', 'by', 'what', 'why'], rows));
  }
  return parts.join('\n\n');
}

/** What followed the job and was refused. */
function unsentOf(message: unknown): readonly UnsentFollowUp[] {
  const { unsent = [] }: { unsent?: readonly UnsentFollowUp[] } = message ?? {};
  return unsent;
}

function summarise(result: unknown): [string, string][] {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return [['value', shorten(result)]];
  return Object.entries(result).map(([key, value]) => [key, shorten(value)]);
}

function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= mostValueChars ? text : `${text.slice(0, mostValueChars)}…`;
}

function duration(ms: number | null): string | null {
  return ms === null ? null : describeDuration(ms);
}

function toUtc(at: string): string {
  return new Date(at).toISOString();
}
