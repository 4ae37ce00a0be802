/** What every HTML page is made of: no script, nothing fetched, every word escaped. */
import type { EvaluationCost } from './report.ts';

const style = `body{font:15px/1.5 system-ui,sans-serif;color:#1d2330;max-width:64rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}h3{font-size:1rem}
table{border-collapse:collapse;margin:.6rem 0;width:100%}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #dfe3ea;vertical-align:top}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}q{color:#555}svg{display:block;max-width:100%;height:auto}
figcaption,.note{color:#5a6375;font-size:.9rem}svg text{font:12px system-ui,sans-serif;fill:#1d2330}`;

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

/** Rows under a head, escaped; numbers stand to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cell = (tag: 'td' | 'th', value: string | number) =>
    `<${tag}${typeof value === 'number' ? ' class="number"' : ''}>${escapeHtml(String(value))}</${tag}>`;
  const line = (tag: 'td' | 'th', cells: readonly (string | number)[]) =>
    `<tr>${cells.map((each) => cell(tag, each)).join('')}</tr>`;
  return `<table><thead>${line('th', head)}</thead><tbody>${rows.map((row) => line('td', row)).join('\n')}</tbody></table>`;
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
