/** Classification jobs that have ended, as rows for people. */
import type { EndedClassification } from '../models/queries/classification-jobs.ts';
import type { FieldValue } from '../services/classification/classifier.ts';
import { describeValue } from '../services/reporting/meeting-labels.ts';
import type { Cli } from './kit/cli.ts';

/** Beyond, a terminal gets those that did not complete, and the count of the others. */
const mostRows = 100;
/** The most telling columns; the others are a `vambe show` away. */
const shownColumns = ['business_sector', 'primary_pain_point', 'purchase_stage', 'sentiment'] as const;

export function summariseEnded(ended: readonly EndedClassification[]) {
  const completed = ended.filter(({ state }) => state === 'completed');
  return {
    completed: completed.length,
    unchanged: completed.filter(({ unchanged }) => unchanged).length,
    failed: ended.length - completed.length,
  };
}

export function describeEnded(cli: Cli, ended: readonly EndedClassification[]): string {
  const { completed, unchanged, failed } = summariseEnded(ended);
  const isShort = !cli.isTerminal || ended.length <= mostRows;
  const rows = isShort ? ended : ended.filter(({ state }) => state !== 'completed').slice(0, mostRows);
  const head = ['meeting', 'state', ...shownColumns, 'confidence', 'error'];
  const table = cli.table(
    head,
    rows.map((row) => [
      row.meeting_id,
      row.unchanged ? 'unchanged' : row.state,
      ...shownColumns.map((column) => describeValue((row.labels?.[column] ?? null) as FieldValue)),
      row.confidence_score?.toFixed(2) ?? null,
      row.error_message === null ? null : `${row.error_code}: ${row.error_message}`,
    ]),
  );
  if (!cli.isTerminal) return table;
  const counts = [
    `✅ ${completed} classified${unchanged > 0 ? ` (${unchanged} unchanged)` : ''}`,
    failed > 0 ? `💥 ${failed} failed` : '',
  ];
  const next = isShort ? '"vambe show ID" shows the quotes.' : '"vambe export" gives all labels.';
  const line = `${counts.filter((part) => part !== '').join(', ')}. ${next}`;
  return rows.length === 0 ? line : `${table}\n\n${line}`;
}
