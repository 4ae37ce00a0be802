/** What a shadow found as one HTML page. */
import { describeValue } from '../reporting/meeting-labels.ts';
import { chart, describeCost, escapeHtml, percent, table, writePage } from './html-page.ts';
import {
  countHead,
  countRow,
  describeCutNames,
  describeNeverSaved,
  type ShadowField,
  type ShadowReport,
} from './shadow.ts';

/** `model` is ours, under the taxonomy of that version. */
export function writeShadowPage(
  report: ShadowReport,
  { model, taxonomyVersion }: { readonly model: string; readonly taxonomyVersion: string },
): string {
  const { rows, same, different, agreement, latency, cost, fields, failed } = report;
  return writePage('Shadow of another worker', [
    '<h1>Shadow of another worker</h1>',
    `<p>${rows} saved rows compared with ${escapeHtml(model)} under ${escapeHtml(taxonomyVersion)}: <b>${same} the same</b>, ${different} different;
${percent(agreement)} of the values agree. A meeting took ${latency.meanMs.toFixed(2)} ms on average here, p95 ${latency.p95Ms.toFixed(2)} ms. ${describeCost(cost)}</p>`,
    drawAgreement(fields),
    table(countHead, fields.map(countRow)),
    paragraph(describeNeverSaved(report)),
    writeSavers(report),
    paragraph(describeCutNames(report)),
    writeExamples(fields),
    failed.length === 0
      ? ''
      : `<h3>Without an answer of ours</h3>${table(
          ['meeting', 'error'],
          failed.map(({ meetingId, code }) => [meetingId, code]),
        )}`,
  ]);
}

const paragraph = (text: string | null) => (text === null ? '' : `<p>${escapeHtml(text)}</p>`);

const { barWidth, nameWidth, figureWidth, rowHeight } = chart;

function drawAgreement(fields: readonly ShadowField[]): string {
  if (fields.length === 0) return '';
  const [width, height] = [nameWidth + barWidth + figureWidth, fields.length * rowHeight + 10];
  const bars = fields.map(({ field, agreement }, index) => {
    const y = index * rowHeight + 4;
    return `<text x="${nameWidth - 8}" y="${y + 12}" text-anchor="end">${escapeHtml(field)}</text>
<rect x="${nameWidth}" y="${y}" width="${(agreement * barWidth).toFixed(1)}" height="16" class="bar"/>
<text x="${nameWidth + barWidth + 10}" y="${y + 12}">${percent(agreement)}</text>`;
  });
  return `<figure><svg role="img" aria-label="Agreement by field" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
${bars.join('\n')}</svg><figcaption>Share of the rows in which both have the same value.</figcaption></figure>`;
}

function writeSavers({ savedBy }: ShadowReport): string {
  if (savedBy.length === 0) return '';
  const rows = savedBy.map(({ model, rows, meanMs }) => [model, rows, meanMs === null ? '–' : meanMs.toFixed(0)]);
  return `<h3>Saved by</h3>${table(['model', 'rows', 'mean ms it noted'], rows)}`;
}

function writeExamples(fields: readonly ShadowField[]): string {
  const rows = fields.flatMap(({ field, examples }) =>
    examples.map(({ meetingId, before, after, evidence }) => [
      meetingId,
      field,
      describeValue(before) ?? 'null',
      describeValue(after) ?? 'null',
      evidence.map(({ quote }) => quote).join(' · '),
    ]),
  );
  return rows.length === 0 ? '' : `<h3>Examples</h3>${table(['meeting', 'field', 'saved', 'ours', 'our quote'], rows)}`;
}
