/** An evaluation as one HTML page: no script, nothing fetched, every word of a transcript escaped. */
import type { Calibration } from './calibration.ts';
import type { Comparison } from './comparison.ts';
import { chart, describeCost, escapeHtml, percent, table, writePage } from './html-page.ts';
import { disagreementHead, disagreementRows, type EvaluationReport, nothingScored } from './report.ts';
import type { FieldScore } from './score.ts';

/** One report, or two beside each other with their comparison. */
export function writeHtmlReport(reports: readonly EvaluationReport[], comparison: Comparison | null): string {
  const [first] = reports;
  const title = `Evaluation of ${first?.file ?? ''}`;
  const parts = [
    `<h1>${escapeHtml(title)}</h1>`,
    comparison === null ? '' : writeComparison(reports, comparison),
    ...reports.map((report) => writeReport(report, reports.length > 1)),
  ];
  return writePage(title, parts);
}

function writeReport(report: EvaluationReport, isNamed: boolean): string {
  const { evaluation, latency, cost, calibration } = report;
  return [
    isNamed ? `<h2>${escapeHtml(report.name)}</h2>` : '',
    `<p>${evaluation.rows} meetings, ${evaluation.scored} with labels, by ${escapeHtml(report.model)} under ${escapeHtml(report.taxonomyVersion)}.
${describeMean(report)}
A meeting took ${latency.meanMs.toFixed(2)} ms on average, p95 ${latency.p95Ms.toFixed(2)} ms. ${describeCost(cost)}</p>`,
    drawAccuracy(evaluation.fields),
    writeFields(evaluation.fields),
    drawCalibration(calibration),
    ...evaluation.fields.map(writeConfusion),
    writeDisagreements(report),
  ].join('\n');
}

function describeMean({ evaluation: { mean } }: EvaluationReport): string {
  if (mean.fields.length === 0) return '';
  return `Mean accuracy of the ${mean.fields.length} single-valued fields: <b>${percent(mean.lenient)}</b>; always giving the commonest value would reach ${percent(mean.baselineLenient)}.`;
}

const { barWidth, nameWidth, figureWidth, rowHeight } = chart;

/** One bar for each field with its interval; the mark is the score of always answering the commonest value. */
function drawAccuracy(fields: readonly FieldScore[]): string {
  if (fields.length === 0) return '';
  const height = fields.length * rowHeight + 10;
  const rows = fields.map((score, index) => {
    const y = index * rowHeight + 4;
    const { low, high } = score.interval ?? { low: score.lenient, high: score.lenient };
    const middle = y + 8;
    return `<text x="${nameWidth - 8}" y="${y + 12}" text-anchor="end">${escapeHtml(score.field)}</text>
<rect x="${nameWidth}" y="${y}" width="${at(score.lenient)}" height="16" class="bar"/>
<line x1="${nameWidth + at(low)}" x2="${nameWidth + at(high)}" y1="${middle}" y2="${middle}" class="edge" stroke-width="2"/>
<line x1="${nameWidth + at(score.baselineLenient)}" x2="${nameWidth + at(score.baselineLenient)}" y1="${y - 2}" y2="${y + 18}" class="mark" stroke-width="3"/>
<text x="${nameWidth + barWidth + 10}" y="${y + 12}">${percent(score.lenient)}</text>`;
  });
  return `<figure><svg role="img" aria-label="Accuracy by field" viewBox="0 0 ${nameWidth + barWidth + figureWidth} ${height}" width="${nameWidth + barWidth + figureWidth}" height="${height}">
${rows.join('\n')}</svg><figcaption>Accuracy with its 95 % interval; the orange mark is the commonest value.</figcaption></figure>`;
}

function at(share: number): number {
  return Number((share * barWidth).toFixed(1));
}

const plot = 260;
const left = 46;
const ticks = [0, 0.5, 1];

/** The diagonal is a confidence that is right as often as it says; a dot's size is its number of answers. */
function drawCalibration({ ece, bins, answers }: Calibration): string {
  if (answers === 0) return '';
  const most = Math.max(1, ...bins.map((bin) => bin.answers));
  const dots = bins.map((bin) => {
    const [x, y] = [left + bin.meanConfidence * plot, 10 + (1 - bin.accuracy) * plot];
    return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${(3 + 7 * Math.sqrt(bin.answers / most)).toFixed(1)}" class="bar"><title>${bin.answers} answers, confidence ${bin.meanConfidence.toFixed(2)}, right ${percent(bin.accuracy)}</title></circle>`;
  });
  return `<h3>Calibration</h3><figure><svg role="img" aria-label="Calibration" viewBox="0 0 ${plot + left + 16} ${plot + 52}" width="${plot + left + 16}" height="${plot + 52}">
<rect x="${left}" y="10" width="${plot}" height="${plot}" class="axis"/>
<line x1="${left}" y1="${plot + 10}" x2="${plot + left}" y2="10" class="axis" stroke-dasharray="4"/>
${dots.join('\n')}
${ticks.map((share) => `<text x="${left + share * plot}" y="${plot + 26}" text-anchor="middle">${share}</text><text x="${left - 6}" y="${14 + (1 - share) * plot}" text-anchor="end">${share}</text>`).join('\n')}
<text x="${left + plot / 2}" y="${plot + 44}" text-anchor="middle">confidence</text>
<text transform="translate(12 ${10 + plot / 2}) rotate(-90)" text-anchor="middle">share that is right</text></svg>
<figcaption>Share that is right by confidence, over ${answers} answers that are not null. Expected calibration error ${percent(ece)}.</figcaption></figure>`;
}

function writeFields(fields: readonly FieldScore[]): string {
  const rows = fields.map((score) => [
    score.field,
    score.rows,
    percent(score.lenient),
    percent(score.strict),
    score.macroF1 === null ? '–' : score.macroF1.toFixed(2),
    percent(score.rows === 0 ? 0 : score.abstained / score.rows),
    `${score.nullsKept}/${score.goldNulls}`,
    `${percent(score.baselineLenient)} (${score.baselineAnswer})`,
  ]);
  if (rows.length === 0) return `<p class="note">${nothingScored}</p>`;
  return table(['field', 'rows', 'accuracy', 'strict', 'macro-F1', 'abstained', 'nulls kept', 'commonest'], rows);
}

function writeConfusion({ field, confusion }: FieldScore): string {
  if (confusion.length === 0) return '';
  const rows = confusion.map(({ gold, predicted, count }) => [gold, predicted, count]);
  return `<h3>${escapeHtml(field)}: answers that differ</h3>${table(['label', 'answered', 'times'], rows)}`;
}

function writeDisagreements(report: EvaluationReport): string {
  const rows = disagreementRows(report);
  return rows.length === 0 ? '' : `<h3>Disagreements</h3>${table(disagreementHead, rows)}`;
}

function writeComparison(reports: readonly EvaluationReport[], { fields, mean }: Comparison): string {
  // Each report says so.
  if (fields.length === 0) return '';
  const [first, second] = reports.map(({ name }) => name);
  const rows = comparisonRows(fields);
  const range =
    mean.interval === null ? '' : ` (95 %: ${points(mean.interval.low)} to ${points(mean.interval.high)} points)`;
  const head = ['field', 'rows', first ?? '', second ?? '', `only ${first} right`, `only ${second} right`, 'p'];
  return `<h2>Comparison</h2><p>Mean accuracy: ${escapeHtml(first ?? '')} ${percent(mean.first)}, ${escapeHtml(second ?? '')} ${percent(mean.second)}; difference ${points(mean.second - mean.first)} points${range}.</p>
${table(head, rows)}<p class="note">p: McNemar’s exact test on the rows where just one of the two is right.</p>`;
}

/** A difference of shares in percentage points, with its sign. */
export function points(share: number): string {
  return `${share >= 0 ? '+' : ''}${(share * 100).toFixed(1)}`;
}

/** By field: rows, share right by the first and the second, right by only one, and p. */
export function comparisonRows(fields: Comparison['fields']): (string | number)[][] {
  return fields.map((each) => [
    each.field,
    each.rows,
    percent(each.first),
    percent(each.second),
    each.onlyFirst,
    each.onlySecond,
    each.pValue.toFixed(3),
  ]);
}
