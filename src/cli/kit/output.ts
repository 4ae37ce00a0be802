/** Text for people: colours, tables, charts; every function returns a string and writes nothing. */
import { stripVTControlCharacters, styleText } from 'node:util';
import Table from 'cli-table3';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan';
export type Cell = string | number | null;
export interface Value {
  readonly label: string;
  readonly value: number;
}

const gapChars = 2;
/** The last column, usually prose, keeps at least this much; the widest of the others give way for it. */
const minLastColumnChars = 24;
const minColumnChars = 12;

export function paint(style: Style | readonly Style[], text: string, hasColours: boolean): string {
  if (!hasColours) return text;
  // Whether there are colours is decided by the caller; styleText would ask stdout whatever the stream.
  return styleText(typeof style === 'string' ? style : [...style], text, { validateStream: false });
}

/** Aligned columns for a terminal of `widthChars`. */
export function alignedTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  options: { widthChars: number; hasColours: boolean },
): string {
  const cells = rows.map((row) => head.map((_, column) => shown(row[column] ?? null)));
  const widths = columnWidths([head, ...cells], options.widthChars);
  const none = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '' };
  const table = new Table({
    head: head.map((each) => paint('bold', each, options.hasColours)),
    colWidths: widths,
    wordWrap: true,
    wrapOnWordBoundary: true,
    style: { 'padding-left': 0, 'padding-right': gapChars, head: [], border: [] },
    chars: {
      ...none,
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '',
    },
  });
  table.push(...cells);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Prose broken between words at `widthChars`, each line of a paragraph indented as its first; escapes of colours take no room. */
export function wrapWords(text: string, widthChars: number): string {
  return text
    .split('\n')
    .flatMap((line) => wrapLine(line, widthChars))
    .join('\n');
}

function wrapLine(line: string, widthChars: number): string[] {
  const [indent = ''] = /^ */.exec(line) ?? [];
  const lines: string[] = [];
  let current = '';
  for (const word of line.slice(indent.length).split(' ')) {
    const longer = current === '' ? indent + word : `${current} ${word}`;
    if (current !== '' && charsOf(stripVTControlCharacters(longer)) > widthChars) {
      lines.push(current);
      current = indent + word;
    } else current = longer;
  }
  return [...lines, current];
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

function columnWidths(rows: readonly (readonly string[])[], widthChars: number): number[] {
  const [head = []] = rows;
  const natural = head.map((_, column) => Math.max(...rows.map((row) => charsOf(row[column] ?? ''))) + gapChars);
  const last = natural.pop() ?? 0;
  const firstsRoom = widthChars - Math.min(last, minLastColumnChars);
  for (let taken = sum(natural); taken > firstsRoom; taken -= 1) {
    const widest = natural.indexOf(Math.max(...natural));
    const chars = natural[widest] ?? 0;
    if (chars <= minColumnChars) break;
    natural[widest] = chars - 1;
  }
  return [...natural, Math.min(last, Math.max(widthChars - sum(natural), minLastColumnChars))];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** Data may hold tabs, line ends and terminal escapes: none of them may move the cursor or make a column. */
function shown(cell: Cell): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is taken out
  return cell === null ? '-' : String(cell).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

function charsOf(text: string): number {
  return [...text].length;
}
