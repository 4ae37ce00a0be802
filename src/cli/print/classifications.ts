/** Queued, ended and tried classifications, as text for people. */
import { basename } from 'node:path';
import { describeCost } from '../../services/evaluation/html-page.ts';
import type { ClassifiedTranscript } from '../../services/meetings/classify-transcript.ts';
import type { DryRun } from '../../services/meetings/dry-run.ts';
import type { QueuedMeeting } from '../../services/meetings/request-classification.ts';
import type { EndCounts, EndedClassification, Stall } from '../../services/meetings/wait-for-classifications.ts';
import { describeControl } from '../../services/observe/describe-control.ts';
import { describeValue, toFieldValue } from '../../services/reporting/meeting-labels.ts';
import type { Cli } from '../kit/cli.ts';
import { counted } from '../kit/counted.ts';
import { describeExamples } from './changes.ts';
import { describeLabels, describeTexts } from './labels.ts';

const maxUnknownShown = 20;

export function describeUnknown(unknown: readonly number[]): string {
  const shown = unknown.slice(0, maxUnknownShown).join(', ');
  if (unknown.length === 1) return `There is no meeting ${shown}. Check the id.`;
  const more = unknown.length > maxUnknownShown ? ` and ${unknown.length - maxUnknownShown} more` : '';
  return `There are no meetings ${shown}${more}. Check the ids.`;
}

export function describeQueued(cli: Cli, jobs: readonly QueuedMeeting[]): string {
  if (cli.isTerminal) return `📥 ${describeCounts(jobs)}`;
  return cli.table(
    ['meeting', 'task id'],
    jobs.map(({ meetingId, taskId }) => [meetingId, taskId]),
  );
}

function describeCounts(jobs: readonly QueuedMeeting[]): string {
  const fresh = jobs.filter(({ isNew }) => isNew).length;
  const earlier = jobs.length - fresh;
  if (fresh === 0) return `${counted(earlier, 'meeting')} already queued; no further job was made.`;
  const rest = earlier === 0 ? '' : ` ${earlier} more already queued.`;
  return `${counted(fresh, 'meeting')} queued.${rest}`;
}

/** Why the jobs that are waited for do not end. */
export function describeStall(stall: Stall): string {
  switch (stall.kind) {
    case 'no worker':
      return 'no worker is running; the jobs wait until "vambe up" or "vambe worker" runs.';
    case 'paused':
      return describeControl(stall.pause);
    case 'retrying':
      return `${counted(stall.jobs, 'job')} failed, to be tried again: ${stall.message} [${stall.code}]`;
  }
}

/** After Ctrl-C. */
export function describeLeft(jobs: number): string {
  return jobs === 1
    ? '1 job stays queued; "vambe jobs" shows it.'
    : `${jobs} jobs stay queued; "vambe jobs" shows them.`;
}

/** A terminal lists no more jobs than this: beyond it, only those that did not complete. */
const maxRows = 100;
/** The columns that say most; `vambe show` has all of them. */
const shownColumns = ['business_sector', 'primary_pain_point', 'purchase_stage', 'sentiment'] as const;
/** Those that fit beside each other in 80 columns. */
const terminalColumns = ['business_sector', 'purchase_stage'] as const;

export function describeEnded(cli: Cli, ended: readonly EndedClassification[], counts: EndCounts): string {
  if (!cli.isTerminal) {
    const head = ['meeting', 'state', ...shownColumns, 'confidence', 'error'];
    const rows = ended.map((row) => [...endedRow(row, shownColumns), errorOf(row)]);
    return cli.table(head, rows);
  }
  const { completed, unchanged, failed } = counts;
  const isShort = ended.length <= maxRows;
  const rows = isShort ? ended : ended.filter(({ state }) => state !== 'completed').slice(0, maxRows);
  const head = ['meeting', 'state', ...terminalColumns.map((each) => each.replaceAll('_', ' ')), 'confidence'];
  const errors = rows.filter(({ error_message }) => error_message !== null);
  const totals = [
    `✅ ${completed} classified${unchanged > 0 ? ` (${unchanged} unchanged)` : ''}`,
    failed > 0 ? `💥 ${failed} failed` : '',
  ];
  const next = isShort ? '"vambe show ID" shows the quotes.' : '"vambe export" gives all labels.';
  const parts = [
    rows.length === 0
      ? ''
      : cli.table(
          head,
          rows.map((row) => endedRow(row, terminalColumns)),
        ),
    errors.map((row) => cli.prose(`meeting ${row.meeting_id}: ${errorOf(row)}`)).join('\n'),
    `${totals.filter((part) => part !== '').join(', ')}. ${next}`,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function endedRow(row: EndedClassification, columns: readonly string[]): (string | number | null)[] {
  return [
    row.meeting_id,
    row.unchanged ? 'unchanged' : row.state,
    ...columns.map((column) => describeValue(toFieldValue(row.labels?.[column]))),
    row.confidence_score?.toFixed(2) ?? null,
  ];
}

function errorOf({ error_code, error_message }: EndedClassification): string | null {
  return error_message === null ? null : `${error_code}: ${error_message}`;
}

export function describeDryRun(cli: Cli, run: DryRun): string {
  const { meetings, unclassified, changed, fields, gone } = run.report;
  const head = ['field', 'unchanged', 'filled', 'emptied', 'replaced', 'kept by a person'];
  const rows = fields.map((each) => [each.field, each.unchanged, each.filled, each.emptied, each.replaced, each.kept]);
  const by = `${run.model} under ${basename(run.taxonomyFile)} (${run.taxonomyVersion})`;
  const parts = [
    cli.prose(`${changed} of ${counted(meetings, 'meeting')} would change, by ${by}.`),
    unclassified > 0 ? `${unclassified} have no classification yet and are not counted below.` : '',
    cli.table(head, rows),
    describeExamples(cli, fields, { before: 'now', after: 'would be' }),
    gone.length === 0 ? '' : cli.prose(`Fields that would no longer be there: ${gone.join(', ')}.`),
    run.cost === null ? '' : describeCost(run.cost),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

export function describeTranscript(cli: Cli, { answer, labels }: ClassifiedTranscript): string {
  const texts = {
    key_topics: answer.keyTopics,
    action_items: answer.actionItems,
    next_steps: answer.nextSteps,
    summary: answer.summary,
  };
  return [describeLabels(cli, labels), describeTexts(cli, texts)].filter((part) => part !== '').join('\n\n');
}

export function describeAnswerFlags({ answer, model }: ClassifiedTranscript): string {
  const flags = [
    `${model}, confidence ${answer.confidence.toFixed(2)}`,
    answer.truncated ? 'the transcript was too long to be read whole' : '',
    answer.needsReview ? 'a person should look at it' : '',
    answer.reviewReason === 'speakers_unknown' ? 'seller and client cannot be told apart' : '',
  ];
  return `${flags.filter((flag) => flag !== '').join('; ')}.`;
}
