/** What a shadow found, as text for people. */
import type { ShadowedBy } from '../../contract/shadow.ts';
import { describeCost, percent } from '../../services/evaluation/html-page.ts';
import {
  countHead,
  countRow,
  describeCutNames,
  describeNeverSaved,
  type ShadowReport,
} from '../../services/evaluation/shadow.ts';
import type { Cli } from '../kit/cli.ts';
import { describeDuration } from '../kit/times.ts';
import { describeExamples } from './changes.ts';

const maxFailures = 20;

export function describeShadow(cli: Cli, report: ShadowReport, { model, taxonomyVersion }: ShadowedBy): string {
  const { rows, same, different, agreement, fields, savedBy, latency, failed } = report;
  if (rows === 0 && failed.length === 0) return 'No row was saved by another worker, so nothing was compared.';
  const savers = savedBy.map(({ model, rows, meanMs }) => [
    model,
    rows,
    meanMs === null ? null : describeDuration(meanMs),
  ]);
  const failures = failed.slice(0, maxFailures).map(({ meetingId, code }) => `${meetingId} (${code})`);
  const parts = [
    cli.prose(
      `${rows} saved rows compared with ${model} (${taxonomyVersion}): ${same} the same, ${different} different; ${percent(agreement)} of the values agree.`,
    ),
    cli.table(countHead, fields.map(countRow)),
    cli.prose(describeNeverSaved(report) ?? ''),
    describeExamples(cli, fields, { before: 'saved', after: 'ours' }),
    cli.table(['saved by', 'rows', 'mean time it noted'], savers),
    cli.prose(describeCutNames(report) ?? ''),
    cli.prose(
      `Ours took ${latency.meanMs.toFixed(1)} ms a meeting, p95 ${latency.p95Ms.toFixed(1)} ms. ${describeCost(report.cost)}`,
    ),
    failed.length === 0 ? '' : cli.prose(`No answer of ours for ${failed.length}: ${failures.join(', ')}.`),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}
