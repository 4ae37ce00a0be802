/** Tables for a terminal: a string, nothing is written. */
import Table from 'cli-table3';
import { type Cell, paint, shown } from './output.ts';
import { charsOf, partsOf, wrapCell } from './wrap.ts';

const gapChars = 2;
/** The last column, usually prose, keeps at least this much; the widest of the others give way for it. */
const minLastColumnChars = 24;
const minColumnChars = 4;

/** Aligned columns for a terminal of `widthChars`. */
export function alignedTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  options: { widthChars: number; hasColours: boolean },
): string {
  const cells = rows.map((row) => head.map((_, column) => shown(row[column] ?? null)));
  const widths = columnWidths([head, ...cells], options.widthChars);
  const wrapped = (row: readonly string[]) => row.map((cell, column) => wrapCell(cell, widths[column] ?? 1).join('\n'));
  const none = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '' };
  const table = new Table({
    head: wrapped(head).map((each) => paint('bold', each, options.hasColours)),
    colWidths: widths.map((width) => width + gapChars),
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
  table.push(...cells.map(wrapped));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Characters of each column, without the gap: as wide as its cells where they fit, else cut down to words, then to parts of words. */
function columnWidths(rows: readonly (readonly string[])[], widthChars: number): number[] {
  const [head = []] = rows;
  const longest = (column: number, piecesOf: (cell: string) => readonly string[]) =>
    Math.max(1, ...rows.flatMap((row) => piecesOf(row[column] ?? '').map(charsOf)));
  const widths = head.map((_, column) => longest(column, (cell) => [cell]));
  const words = head.map((_, column) => longest(column, (cell) => cell.split(' ')));
  const parts = head.map((_, column) => longest(column, (cell) => cell.split(' ').flatMap(partsOf)));
  const last = head.length - 1;
  const room = widthChars - gapChars * last;
  const prose = words.map((word, column) =>
    column === last ? Math.max(word, minLastColumnChars) : (widths[column] ?? 0),
  );
  for (const floors of [prose, words, parts, parts.map(() => minColumnChars)]) narrow(widths, floors, room);
  return widths;
}

/** Takes from the widest column that is above its floor, until all fit or none is. */
function narrow(widths: number[], floors: readonly number[], room: number): void {
  for (let excess = sum(widths) - room; excess > 0; excess -= 1) {
    const above = widths.map((width, column) => (width > (floors[column] ?? 0) ? width : 0));
    const widest = above.indexOf(Math.max(...above));
    if ((above[widest] ?? 0) === 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
