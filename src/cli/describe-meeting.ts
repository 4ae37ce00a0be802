/** One meeting whole: as a document for programs, as text for people. */
import type { JobSummary } from '../models/queries/jobs.ts';
import type { MeetingWhole, RunSummary } from '../models/queries/meetings.ts';
import type { Review } from '../models/queries/reviews.ts';
import type { FieldValue } from '../services/classification/classifier.ts';
import { describeValue, type Label } from '../services/reporting/meeting-labels.ts';
import { describeLabels, describeTexts, markQuotes } from './describe-labels.ts';
import type { Cli } from './kit/cli.ts';
import { describeDuration, describeMoment } from './kit/times.ts';

export interface ShownMeeting {
  readonly meeting: MeetingWhole;
  readonly labels: readonly Label[];
  /** Newest first, as are the other two. */
  readonly jobs: readonly JobSummary[];
  readonly runs: readonly RunSummary[];
  readonly reviews: readonly Review[];
}

export function toDocument({ meeting, labels, jobs, runs, reviews }: ShownMeeting) {
  const { id, client, seller, meeting_at, closed, transcript, classification } = meeting;
  return {
    success: true,
    meeting: { id, client, seller, meeting_at, closed, transcript },
    classification: classification && {
      ...withoutColumns(classification),
      run_id: meeting.run_id,
      truncated: meeting.truncated,
      needs_review: meeting.needs_review,
      fields: Object.fromEntries(
        labels.map(({ field, value, confidence, evidence, isCorrected, answered }) => [
          field,
          { value, confidence, evidence, is_corrected: isCorrected, ...(isCorrected ? { answered } : {}) },
        ]),
      ),
    },
    history: { jobs, runs, reviews },
  };
}

function withoutColumns({ columns: _, ...rest }: NonNullable<MeetingWhole['classification']>) {
  return rest;
}

export function describeMeeting(cli: Cli, shown: ShownMeeting, nowMs: number): string {
  const { meeting, labels } = shown;
  const transcript = meeting.transcript ?? '';
  const parts = [
    describeHead(cli, meeting, nowMs),
    meeting.classification === null ? '' : describeLabels(cli, labels),
    meeting.classification === null ? '' : describeTexts(cli, meeting.classification),
    transcript === '' ? '' : `${cli.style('bold', 'transcript')}\n${markQuotes(cli, transcript, labels)}`,
    describeHistory(cli, shown, nowMs),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function describeHead(cli: Cli, meeting: MeetingWhole, nowMs: number): string {
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

function describeHistory(cli: Cli, { jobs, runs, reviews }: ShownMeeting, nowMs: number): string {
  const tables = [
    reviews.length === 0
      ? ''
      : cli.table(
          ['corrected', 'by', 'field', 'before', 'after', 'why'],
          reviews.map((each) => [
            moment(cli, each.reviewed_at, nowMs),
            each.reviewer,
            each.field,
            asText(each.before),
            asText(each.after),
            each.reason,
          ]),
        ),
    runs.length === 0
      ? ''
      : cli.table(
          ['classified', 'model', 'confidence', 'took', 'run'],
          runs.map((each) => [
            moment(cli, each.started_at, nowMs),
            each.model,
            each.confidence.toFixed(2),
            describeDuration(each.duration_ms),
            each.run_id,
          ]),
        ),
    jobs.length === 0
      ? ''
      : cli.table(
          ['asked', 'by', 'state', 'attempts', 'error', 'task id'],
          jobs.map((each) => [
            moment(cli, new Date(each.accepted_at), nowMs),
            each.origin,
            each.state,
            each.attempts,
            each.error_code,
            each.task_id,
          ]),
        ),
  ];
  return tables.filter((table) => table !== '').join('\n\n');
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return describeValue(value as FieldValue) ?? '[]';
}

function moment(cli: Cli, at: Date, nowMs: number): string {
  return cli.isTerminal
    ? `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC (${describeMoment(at.getTime(), nowMs)})`
    : at.toISOString();
}
