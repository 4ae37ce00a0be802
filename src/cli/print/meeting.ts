/** One meeting whole, as text for people. */
import type { ShownMeeting } from '../../services/meetings/show-meeting.ts';
import { describeValue, toFieldValue } from '../../services/reporting/meeting-labels.ts';
import type { Cli } from '../kit/cli.ts';
import { describeDuration, describeMoment } from '../kit/times.ts';
import { describeLabels, describeTexts, markQuotes } from './labels.ts';

export function describeMeeting(cli: Cli, shown: ShownMeeting, nowMs: number): string {
  const { meeting, labels } = shown;
  const transcript = meeting.transcript ?? '';
  const parts = [
    describeHead(cli, meeting, nowMs),
    meeting.classification === null ? '' : describeLabels(cli, labels),
    meeting.classification === null ? '' : describeTexts(cli, meeting.classification),
    transcript === '' ? '' : `${cli.style('bold', 'transcript')}\n${markQuotes(cli, transcript, labels)}`,
    describeReviews(cli, shown, nowMs),
    describeRuns(cli, shown, nowMs),
    describeJobs(cli, shown, nowMs),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function describeHead(cli: Cli, meeting: ShownMeeting['meeting'], nowMs: number): string {
  const { client, seller, classification } = meeting;
  const flags = [
    meeting.needs_review === true ? 'a person should look at it' : '',
    meeting.truncated === true ? 'the transcript was too long to be read whole' : '',
  ];
  const facts: [string, string | null][] = [
    ['meeting', String(meeting.id)],
    ['client', [client.name, client.email, client.phone].filter((each) => each !== null).join(' · ')],
    ['seller', seller.name],
    ['date', moment(cli, meeting.meeting_at, nowMs)],
    ['closed', meeting.closed ? 'yes' : 'no'],
    ['transcript', meeting.transcript === null ? 'none' : `${meeting.transcript.length} characters`],
    [
      'classified',
      classification === null
        ? `not yet: "vambe classify ${meeting.id}" queues it`
        : `${moment(cli, classification.processed_at, nowMs)} by ${classification.model_used}`,
    ],
    ['confidence', classification === null ? null : classification.confidence_score.toFixed(2)],
    ['note', flags.filter((flag) => flag !== '').join('; ') || null],
  ];
  return cli.table(
    cli.isTerminal ? ['', ''] : ['what', 'value'],
    facts.filter(([, value]) => value !== null),
  );
}

/** On a terminal before, after and why share a column, so that the table fits 80 columns. */
function describeReviews(cli: Cli, { reviews }: ShownMeeting, nowMs: number): string {
  if (reviews.length === 0) return '';
  if (cli.isTerminal) {
    const rows = reviews.map(({ reviewed_at, reviewer, field, before, after, reason }) => [
      describeMoment(reviewed_at.getTime(), nowMs),
      reviewer,
      field,
      `${asText(before)} → ${asText(after)}${reason === null ? '' : ` (${reason})`}`,
    ]);
    return cli.table(['corrected', 'by', 'field', 'change'], rows);
  }
  const rows = reviews.map((each) => [
    each.reviewed_at.toISOString(),
    each.reviewer,
    each.field,
    asText(each.before),
    asText(each.after),
    each.reason,
  ]);
  return cli.table(['corrected', 'by', 'field', 'before', 'after', 'why'], rows);
}

function describeRuns(cli: Cli, { runs }: ShownMeeting, nowMs: number): string {
  if (runs.length === 0) return '';
  const rows = runs.map((each) => [
    shortMoment(cli, each.started_at, nowMs),
    each.model,
    each.confidence.toFixed(2),
    describeDuration(each.duration_ms),
    each.run_id,
  ]);
  return cli.table(['classified', 'model', 'confidence', 'took', 'run'], rows);
}

/** Commands take the beginning of a task id, as long as it is unique. */
const idChars = 8;

function describeJobs(cli: Cli, { jobs }: ShownMeeting, nowMs: number): string {
  if (jobs.length === 0) return '';
  const factsOf = (job: ShownMeeting['jobs'][number]) => [
    shortMoment(cli, new Date(job.accepted_at), nowMs),
    job.origin,
    job.state,
    job.attempts,
  ];
  if (!cli.isTerminal) {
    const rows = jobs.map((job) => [...factsOf(job), job.error_code, job.task_id]);
    return cli.table(['asked', 'by', 'state', 'attempts', 'error', 'task id'], rows);
  }
  const rows = jobs.map((job) => [...factsOf(job), job.task_id.slice(0, idChars), job.error_code]);
  return cli.table(['asked', 'by', 'state', 'attempts', 'task id', 'error'], rows);
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return describeValue(toFieldValue(value)) ?? '[]';
}

/** One line a corrected field. */
export function describeCorrection({
  field,
  before,
  after,
}: {
  field: string;
  before: unknown;
  after: unknown;
}): string {
  const isSame = JSON.stringify(before) === JSON.stringify(after);
  return `${field}: ${isSame ? `${asText(after)} (confirmed)` : `${asText(before)} → ${asText(after)}`}`;
}

function moment(cli: Cli, at: Date, nowMs: number): string {
  return cli.isTerminal
    ? `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC (${describeMoment(at.getTime(), nowMs)})`
    : at.toISOString();
}

function shortMoment(cli: Cli, at: Date, nowMs: number): string {
  return cli.isTerminal ? describeMoment(at.getTime(), nowMs) : at.toISOString();
}
