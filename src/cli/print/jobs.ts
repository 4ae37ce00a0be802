/** Jobs as text: relative times and aligned columns on a terminal, exact times and tabs elsewhere. */
import type { UnsentFollowUp } from '../../core/job-ledger.ts';
import type { JobSummary, JobWhole } from '../../services/jobs/list-jobs.ts';
import type { Cli } from '../kit/cli.ts';
import { describeDuration, describeMoment } from '../kit/times.ts';

const maxValueChars = 200;

/** What is shown of an id made by us: enough to name the job. */
const shownIdChars = 8;

type Column = readonly [head: string, value: (job: JobSummary) => string | number | null];

/** Elsewhere than on a terminal every column is there, and ids are whole. */
export function describeJobList(cli: Cli, jobs: readonly JobSummary[], nowMs: number): string {
  const columns: readonly Column[] = [
    ['task id', ({ task_id }) => (cli.isTerminal ? shortenId(task_id) : task_id)],
    ['task', ({ task }) => task],
    ['meeting', ({ meeting_id }) => meeting_id],
    ['state', ({ state }) => state],
    ['attempts', ({ attempts }) => attempts],
    ['accepted', ({ accepted_at }) => momentCell(cli, accepted_at, nowMs)],
    ['duration', ({ duration_ms }) => duration(duration_ms)],
    ['error', ({ error_code }) => error_code],
  ];
  const shown = cli.isTerminal ? columns.filter(([, value]) => jobs.some((job) => value(job) !== null)) : columns;
  return cli.table(
    shown.map(([head]) => head),
    jobs.map((job) => shown.map(([, value]) => value(job))),
  );
}

/** Ids that a sender chose stay whole: their beginnings are often alike. */
function shortenId(taskId: string): string {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(taskId) ? taskId.slice(0, shownIdChars) : taskId;
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
  const parts = [cli.table(['job', ''], known), ...attemptTable(cli, job, nowMs)];
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

function attemptTable(cli: Cli, { attempt_notes: notes }: JobWhole, nowMs: number): string[] {
  if (notes.length === 0) return [];
  const rows = notes.map(({ attempt, at, code, due_at, message }) => [
    attempt,
    momentCell(cli, at, nowMs),
    code,
    due_at === null ? null : momentCell(cli, due_at, nowMs),
    message,
  ]);
  return [cli.table(['failed attempt', 'at', 'error', 'next', 'message'], rows)];
}

function momentCell(cli: Cli, at: string, nowMs: number): string {
  return cli.isTerminal ? describeMoment(Date.parse(at), nowMs) : toUtc(at);
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
  return text.length <= maxValueChars ? text : `${text.slice(0, maxValueChars)}…`;
}

function duration(ms: number | null): string | null {
  return ms === null ? null : describeDuration(ms);
}

function toUtc(at: string): string {
  return new Date(at).toISOString();
}
