/** The summary that `vambe up` ends its first batch with. */
import type { Overview } from '../../services/meetings/summarise-meetings.ts';
import type { Cli } from '../kit/cli.ts';
import { counted } from '../kit/counted.ts';
import { launcherName } from '../launcher.ts';

const rowsPerChart = 6;

export function describeSummary(
  cli: Cli,
  { meetings, classified, without_transcript, failed_jobs, mean_confidence, columns }: Overview,
): string {
  const head = `✅ ${classified} of ${counted(meetings, 'meeting')} classified, mean confidence ${mean_confidence.toFixed(2)}`;
  const notes = [
    without_transcript > 0 ? `${without_transcript} without a transcript` : '',
    failed_jobs > 0 ? `${failed_jobs} failed: vambe jobs --state failed` : '',
  ].filter((each) => each !== '');
  const charts = Object.entries(columns)
    .filter(([, rows]) => rows.length > 0)
    .map(([column, rows]) => {
      const shown = rows.slice(0, rowsPerChart).map(({ value, meetings: count }) => ({ label: value, value: count }));
      const rest = rows.length > rowsPerChart ? `  … and ${rows.length - rowsPerChart} more` : '';
      return [cli.style('bold', column.replaceAll('_', ' ')), cli.chart(shown), rest]
        .filter((each) => each !== '')
        .join('\n');
    });
  const launcher = launcherName();
  const next = ['show 1', 'export --format csv', 'import my-meetings.csv']
    .map((each) => `  ${launcher} ${each}`)
    .join('\n');
  return [`\n${head}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`, ...charts, `Next:\n${next}`].join('\n\n');
}
