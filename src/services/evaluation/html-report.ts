/** An evaluation as one HTML page: no script, nothing fetched, every word of a transcript escaped. */
import type { Calibration } from './calibration.ts';
import { describeAnswer } from './compare.ts';
import type { Comparison } from './comparison.ts';
import { type EvaluationReport, quotesOf } from './report.ts';
import type { FieldScore } from './score.ts';

const style = `body{font:15px/1.5 system-ui,sans-serif;color:#1d2330;max-width:64rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}h3{font-size:1rem}
table{border-collapse:collapse;margin:.6rem 0;width:100%}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #dfe3ea;vertical-align:top}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}q{color:#555}svg{display:block;max-width:100%;height:auto}
figcaption,.note{color:#5a6375;font-size:.9rem}svg text{font:12px system-ui,sans-serif;fill:#1d2330}`;

/** One report, or two beside each other with their comparison. */
export function writeHtmlReport(reports: readonly EvaluationReport[], comparison: Comparison | null): string {
  const [first] = reports;
  const title = `Evaluation of ${first?.file ?? ''}`;
  const parts = [
    `<h1>${escapeHtml(title)}</h1>`,
    comparison === null ? '' : writeComparison(reports, comparison),
    ...reports.map((report) => writeReport(report, reports.length > 1)),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title><style>${style}</style></head>
<body>
${parts.filter((part) => part !== '').join('\n')}
</body></html>
`;
}

/** Safe as text and inside quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function writeReport(report: EvaluationReport, isNamed: boolean): string {
  const { evaluation, latency, cost, calibration } = report;
  const money =
    cost === null
      ? 'No model was asked, so it cost nothing.'
      : `Cost: ${cost.costUsd === null ? 'no price is known' : `US$ ${cost.costUsd.toFixed(4)}`}, ${cost.inputTokens ?? '?'} tokens in, ${cost.outputTokens ?? '?'} out.`;
  return [
    isNamed ? `<h2>${escapeHtml(report.name)}</h2>` : '',
    `<p>${evaluation.rows} meetings, ${evaluation.scored} with labels, by ${escapeHtml(report.model)} under ${escapeHtml(report.taxonomyVersion)}.
Mean accuracy of the ${evaluation.mean.fields.length} single-valued fields: <b>${percent(evaluation.mean.lenient)}</b>; always giving the commonest value would reach ${percent(evaluation.mean.baselineLenient)}.
A meeting took ${latency.meanMs.toFixed(2)} ms on average, p95 ${latency.p95Ms.toFixed(2)} ms. ${money}</p>`,
    drawAccuracy(evaluation.fields),
    writeFields(evaluation.fields),
    drawCalibration(calibration),
    ...evaluation.fields.map(writeConfusion),
    writeDisagreements(report),
  ].join('\n');
}

const barWidth = 420;
const nameWidth = 190;
const rowHeight = 22;

/** A bar a field with its interval; the mark is what the commonest value alone would score. */
function drawAccuracy(fields: readonly FieldScore[]): string {
  const height = fields.length * rowHeight + 10;
  const rows = fields.map((score, index) => {
    const y = index * rowHeight + 4;
    const { low, high } = score.interval ?? { low: score.lenient, high: score.lenient };
    const middle = y + 8;
    return `<text x="${nameWidth - 8}" y="${y + 12}" text-anchor="end">${escapeHtml(score.field)}</text>
<rect x="${nameWidth}" y="${y}" width="${at(score.lenient)}" height="16" fill="#4c78c8"/>
<line x1="${nameWidth + at(low)}" x2="${nameWidth + at(high)}" y1="${middle}" y2="${middle}" stroke="#10203f" stroke-width="2"/>
<line x1="${nameWidth + at(score.baselineLenient)}" x2="${nameWidth + at(score.baselineLenient)}" y1="${y - 2}" y2="${y + 18}" stroke="#d9822b" stroke-width="3"/>
<text x="${nameWidth + barWidth + 10}" y="${y + 12}">${percent(score.lenient)}</text>`;
  });
  return `<figure><svg role="img" aria-label="Accuracy by field" viewBox="0 0 ${nameWidth + barWidth + 80} ${height}" width="${nameWidth + barWidth + 80}" height="${height}">
${rows.join('\n')}</svg><figcaption>Accuracy with its 95 % interval; the orange mark is the commonest value.</figcaption></figure>`;
}

function at(share: number): number {
  return Number((share * barWidth).toFixed(1));
}

const plot = 260;

/** The diagonal is a confidence that is right as often as it says; a dot's size is its number of answers. */
function drawCalibration({ ece, bins, answers }: Calibration): string {
  const most = Math.max(1, ...bins.map((bin) => bin.answers));
  const dots = bins.map((bin) => {
    const [x, y] = [30 + bin.meanConfidence * plot, 10 + (1 - bin.accuracy) * plot];
    return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${(3 + 7 * Math.sqrt(bin.answers / most)).toFixed(1)}" fill="#4c78c8"><title>${bin.answers} answers, confidence ${bin.meanConfidence.toFixed(2)}, right ${percent(bin.accuracy)}</title></circle>`;
  });
  return `<h3>Calibration</h3><figure><svg role="img" aria-label="Calibration" viewBox="0 0 ${plot + 50} ${plot + 40}" width="${plot + 50}" height="${plot + 40}">
<rect x="30" y="10" width="${plot}" height="${plot}" fill="none" stroke="#b8c0cc"/>
<line x1="30" y1="${plot + 10}" x2="${plot + 30}" y2="10" stroke="#b8c0cc" stroke-dasharray="4"/>
${dots.join('\n')}
<text x="30" y="${plot + 28}">confidence →</text></svg>
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
  return table(['field', 'rows', 'accuracy', 'strict', 'macro-F1', 'abstained', 'nulls kept', 'commonest'], rows);
}

function writeConfusion({ field, confusion }: FieldScore): string {
  if (confusion.length === 0) return '';
  const rows = confusion.map(({ gold, predicted, count }) => [gold, predicted, count]);
  return `<h3>${escapeHtml(field)}: answers that differ</h3>${table(['label', 'answered', 'times'], rows)}`;
}

function writeDisagreements(report: EvaluationReport): string {
  const rows = report.evaluation.fields.flatMap(({ field, disagreements }) =>
    disagreements.map(({ id, gold, predicted }) => [
      id,
      field,
      describeAnswer(gold),
      describeAnswer(predicted),
      quotesOf(report, id, field).join(' · '),
    ]),
  );
  if (rows.length === 0) return '';
  return `<h3>Disagreements</h3>${table(['id', 'field', 'label', 'answered', 'quote'], rows)}`;
}

function writeComparison(reports: readonly EvaluationReport[], { fields, mean }: Comparison): string {
  const [first, second] = reports.map(({ name }) => name);
  const rows = fields.map((each) => [
    each.field,
    each.rows,
    percent(each.first),
    percent(each.second),
    each.onlyFirst,
    each.onlySecond,
    each.pValue.toFixed(3),
  ]);
  const range =
    mean.interval === null ? '' : ` (95 %: ${points(mean.interval.low)} to ${points(mean.interval.high)} points)`;
  const head = ['field', 'rows', first ?? '', second ?? '', `only ${first} right`, `only ${second} right`, 'p'];
  return `<h2>Comparison</h2><p>Mean accuracy: ${escapeHtml(first ?? '')} ${percent(mean.first)}, ${escapeHtml(second ?? '')} ${percent(mean.second)}; difference ${points(mean.second - mean.first)} points${range}.</p>
${table(head, rows)}<p class="note">p: McNemar’s exact test on the rows where just one of the two is right.</p>`;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cell = (tag: 'td' | 'th', value: string | number) =>
    `<${tag}${typeof value === 'number' ? ' class="number"' : ''}>${escapeHtml(String(value))}</${tag}>`;
  const line = (tag: 'td' | 'th', cells: readonly (string | number)[]) =>
    `<tr>${cells.map((each) => cell(tag, each)).join('')}</tr>`;
  return `<table><thead>${line('th', head)}</thead><tbody>${rows.map((row) => line('td', row)).join('\n')}</tbody></table>`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function points(share: number): string {
  return `${share > 0 ? '+' : ''}${(share * 100).toFixed(1)}`;
}
