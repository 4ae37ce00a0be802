/** What every HTML page is made of: no script, nothing fetched, every word escaped. */
import type { EvaluationCost } from './report.ts';

const style = `:root{color-scheme:light dark;--ink:#1d2330;--soft:#5a6375;--line:#dfe3ea;--page:#fff;--bar:#4c78c8;--mark:#d9822b;--edge:#10203f}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#a3acbd;--line:#39404d;--page:#14171d;--bar:#5b8ae0;--mark:#f0a04b;--edge:#fff}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:64rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}h3{font-size:1rem}figure{margin:1rem 0}
.scroll{overflow-x:auto}table{border-collapse:collapse;margin:.6rem 0;min-width:min(100%,32rem);overflow-wrap:normal}
th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th:first-child,td:first-child{padding-left:0}th:last-child,td:last-child{padding-right:0}
.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}svg{display:block;max-width:100%;height:auto}
figcaption,.note{color:var(--soft);font-size:.9rem}svg text{font:13px system-ui,sans-serif;fill:var(--ink)}
.bar{fill:var(--bar)}.mark{stroke:var(--mark)}.edge{stroke:var(--edge)}.axis{stroke:var(--soft);fill:none}
@media print{body{margin:0;max-width:none;font-size:11px}.scroll{overflow:visible}tr,figure{break-inside:avoid}h2,h3{break-after:avoid}
.bar,.mark,.edge{print-color-adjust:exact}}`;

/** Widths in charts of bars: small enough to be read on a phone. */
export const chart = { nameWidth: 165, barWidth: 260, figureWidth: 74, rowHeight: 22 };

/** A whole page from parts that are HTML already; empty ones are left out. */
export function writePage(title: string, parts: readonly string[]): string {
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

/** Figures, percentages, and dashes for missing figures. */
const figure = /^(?:[+-]?[\d.]+(?: %)?|–|\d+\/\d+)$/;

/** Escaped rows under a head; columns of figures are aligned right. A wide table scrolls by itself. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const isFigure = head.map((_, at) => rows.length > 0 && rows.every((row) => figure.test(String(row[at] ?? ''))));
  const line = (tag: 'td' | 'th', cells: readonly (string | number)[]) =>
    `<tr>${cells.map((each, at) => `<${tag}${isFigure[at] ? ' class="number"' : ''}>${escapeHtml(String(each))}</${tag}>`).join('')}</tr>`;
  return `<div class="scroll"><table><thead>${line('th', head)}</thead><tbody>${rows.map((row) => line('td', row)).join('\n')}</tbody></table></div>`;
}

/** A share from 0 to 1 in per cent. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** The cost as a sentence. */
export function describeCost(cost: EvaluationCost | null): string {
  if (cost === null) return 'No model was asked, so it cost nothing.';
  const money = cost.costUsd === null ? 'no price is known' : `US$ ${cost.costUsd.toFixed(4)}`;
  return `Cost: ${money}, ${cost.inputTokens ?? '?'} tokens in, ${cost.outputTokens ?? '?'} out.`;
}
