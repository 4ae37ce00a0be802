/** Text for people: colours, tables, charts; every function returns a string and writes nothing. */
import { styleText } from 'node:util';
import { charsOf } from './wrap.ts';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan';
export type Cell = string | number | null;
export interface Value {
  readonly label: string;
  readonly value: number;
}

export function paint(style: Style | readonly Style[], text: string, hasColours: boolean): string {
  if (!hasColours) return text;
  // The caller decides whether to use colours; styleText would always check stdout.
  return styleText(typeof style === 'string' ? style : [...style], text, { validateStream: false });
}

/** One row a line, cells separated by tabs: what `cut` and spreadsheets take. */
export function tabSeparated(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [head, ...rows].map((row) => row.map((cell) => shown(cell)).join('\t')).join('\n');
}

/** Horizontal bars, the longest `widthChars` wide; a value above zero shows at least a sliver. */
export function barChart(rows: readonly Value[], options: { widthChars: number; hasColours: boolean }): string {
  const largest = Math.max(0, ...rows.map((each) => each.value));
  const labelChars = Math.max(0, ...rows.map((each) => charsOf(shown(each.label))));
  return rows
    .map(({ label, value }) => {
      const eighths = largest === 0 ? 0 : Math.round((Math.max(0, value) / largest) * options.widthChars * 8);
      const bar = barOf(value > 0 ? Math.max(1, eighths) : 0);
      const name = shown(label);
      return `${name}${' '.repeat(labelChars - charsOf(name))}  ${paint('cyan', bar, options.hasColours)} ${value}`;
    })
    .join('\n');
}

function barOf(eighths: number): string {
  return '█'.repeat(Math.floor(eighths / 8)) + ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8];
}

/** Data may hold tabs, line ends and terminal escapes: none of them may move the cursor or make a column. */
export function shown(cell: Cell): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is taken out
  return cell === null ? '-' : String(cell).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}
