/** Follows quotes through one line of a record, and repairs those that a CSV parser would misread. */

export interface QuoteState {
  /** Whether a quoted cell is still open, so that the record goes on in the next line. */
  readonly isOpen: boolean;
  /** Index of the cell that the position is in. */
  readonly cell: number;
  /** Stray quotes so far in the open cell: an odd number means that a quotation inside it has begun and not ended. */
  readonly straysInCell: number;
}

export const lineStart: QuoteState = { isOpen: false, cell: 0, straysInCell: 0 };

export interface ScannedLine extends QuoteState {
  /** The line with stray quotes doubled and spaces around quoted cells left out: what csv-parse reads as meant. */
  readonly text: string;
  /** Quotes inside a quoted cell that were not doubled, as they should have been. */
  readonly strayQuotes: number;
}

/**
 * Scans a line without its ending. A quote opens a cell only at the cell's start; in the middle of an unquoted cell it is
 * an ordinary character. `columns` is the number of cells that a record should have.
 */
export function scanLine(content: string, state: QuoteState, delimiter: string, columns: number): ScannedLine {
  let { isOpen, cell, straysInCell } = state;
  let text = '';
  let copied = 0;
  let at = 0;
  let strayQuotes = 0;
  const done = (): ScannedLine => ({ text: text + content.slice(copied), isOpen, cell, straysInCell, strayQuotes });

  for (;;) {
    if (!isOpen) {
      const first = skipSpaces(content, at);
      if (content[first] !== '"') {
        const next = content.indexOf(delimiter, at);
        if (next === -1) return done();
        cell += 1;
        at = next + 1;
        continue;
      }
      text += content.slice(copied, at);
      copied = first;
      at = first + 1;
      isOpen = true;
      straysInCell = 0;
    }

    const quote = content.indexOf('"', at);
    if (quote === -1) return done();
    if (content[quote + 1] === '"') {
      at = quote + 2;
      continue;
    }
    const after = skipSpaces(content, quote + 1);
    const closes = after === content.length || content[after] === delimiter;
    if (closes) {
      text += content.slice(copied, quote + 1);
      copied = after;
      isOpen = false;
    } else if (endsCellAnyway(content, quote, { delimiter, cellsLeft: columns - cell - 1, straysInCell })) {
      strayQuotes += 1;
      isOpen = false;
    } else {
      strayQuotes += 1;
      straysInCell += 1;
      text += `${content.slice(copied, quote)}""`;
      copied = quote + 1;
      at = quote + 1;
      continue;
    }
    const next = content.indexOf(delimiter, after);
    if (next === -1) return done();
    cell += 1;
    at = next + 1;
  }
}

/**
 * Whether a quote that is followed by text nevertheless closed its cell, as in `"El Rey" S.A.,…`: the next quote opens
 * a cell, or there is none, the cells that follow make the record complete and it does not end a quotation.
 */
function endsCellAnyway(
  content: string,
  quote: number,
  { delimiter, cellsLeft, straysInCell }: { delimiter: string; cellsLeft: number; straysInCell: number },
): boolean {
  const next = content.indexOf('"', quote + 1);
  if (next === -1) return straysInCell % 2 === 0 && countOf(delimiter, content, quote + 1) === cellsLeft;
  let before = next - 1;
  while (content[before] === ' ') before -= 1;
  return content[before] === delimiter;
}

/** How often a one-character string occurs from a position on. */
export function countOf(char: string, text: string, from = 0): number {
  let count = 0;
  for (let at = text.indexOf(char, from); at !== -1; at = text.indexOf(char, at + 1)) count += 1;
  return count;
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ') at += 1;
  return at;
}
