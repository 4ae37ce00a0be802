/** What a shadow found: as a document for programs, as tables for people. */
import { describeCost, percent } from '../services/evaluation/html-page.ts';
import { countHead, countRow, type ShadowReport } from '../services/evaluation/shadow.ts';
import { changesDocument, costDocument, describeExamples } from './describe-changes.ts';
import type { Cli } from './kit/cli.ts';
import { describeDuration } from './kit/times.ts';

export interface ShadowedBy {
  readonly classifier: string;
  readonly model: string;
  readonly taxonomyVersion: string;
}

/** Shares run from 0 to 1. */
export function shadowDocument(report: ShadowReport, { classifier, model, taxonomyVersion }: ShadowedBy) {
  const { latency, cost } = report;
  return {
    success: report.failed.length === 0,
    classifier,
    model,
    taxonomy_version: taxonomyVersion,
    rows: report.rows,
    same: report.same,
    different: report.different,
    agreement: report.agreement,
    fields: changesDocument(report.fields),
    fields_without_column: report.withoutColumn,
    saved_by: report.savedBy.map(({ meanMs, ...each }) => ({ ...each, mean_ms: meanMs })),
    latency: { mean_ms: latency.meanMs, p50_ms: latency.p50Ms, p95_ms: latency.p95Ms, max_ms: latency.maxMs },
    cost: costDocument(cost),
    failed: report.failed.map(({ meetingId, code }) => ({ meeting_id: meetingId, code })),
  };
}

const mostFailures = 20;

export function describeShadow(cli: Cli, report: ShadowReport, { model, taxonomyVersion }: ShadowedBy): string {
  const { rows, same, different, agreement, fields, savedBy, latency, failed } = report;
  if (rows === 0 && failed.length === 0) return 'No row was saved by another worker, so nothing was compared.';
  const savers = savedBy.map(({ model, rows, meanMs }) => [
    model,
    rows,
    meanMs === null ? null : describeDuration(meanMs),
  ]);
  const failures = failed.slice(0, mostFailures).map(({ meetingId, code }) => `${meetingId} (${code})`);
  const parts = [
    `${rows} saved rows compared with ${model} (${taxonomyVersion}): ${same} the same, ${different} different; ${percent(agreement)} of the values agree.`,
    cli.table(countHead, fields.map(countRow)),
    describeExamples(cli, fields, { before: 'saved', after: 'ours' }),
    cli.table(['saved by', 'rows', 'mean time it noted'], savers),
    `Ours took ${latency.meanMs.toFixed(1)} ms a meeting, p95 ${latency.p95Ms.toFixed(1)} ms. ${describeCost(report.cost)}`,
    failed.length === 0 ? '' : `No answer of ours for ${failed.length}: ${failures.join(', ')}.`,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}
