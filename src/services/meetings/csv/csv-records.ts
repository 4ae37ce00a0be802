/**
 * Joins lines into records and recovers from broken quotes: an unclosed quote costs its own row, not the rest of the file.
 *
 * csv-parse by itself cannot: strict, it rejects a row for a harmless quote inside an unquoted cell; relaxed, an unclosed quote
 * swallows the rows that follow, and they become part of a row that looks well. So quotes are followed line by line here,
 * and csv-parse splits records that are known to be whole.
 */
import { CsvError, parse } from 'csv-parse/sync';
import type { CsvLine } from './csv-lines.ts';
import { countOf, lineStart, type QuoteState, scanLine } from './csv-quotes.ts';

interface CsvRow {
  readonly kind: 'row';
  /** First line of the record in the file, 1-based. */
  readonly line: number;
  readonly cells: readonly string[];
  /** Oddities that were read all the same. */
  readonly notes: readonly string[];
}

interface BrokenRow {
  readonly kind: 'broken';
  readonly line: number;
  readonly reason: string;
}

export type CsvRecord = CsvRow | BrokenRow;

export interface RecordShape {
  readonly delimiter: string;
  /** Cells of the header. */
  readonly columns: number;
  /** A longer record is rejected; also what is held in memory at most. */
  readonly maxRecordChars: number;
}

export interface RecordJoiner {
  /** Records that these lines complete; many lines at once are faster. */
  push(lines: readonly CsvLine[]): CsvRecord[];
  /** What is left at the end of the file. */
  end(): CsvRecord[];
}

interface Whole {
  readonly kind: 'whole';
  readonly line: number;
  readonly text: string;
  readonly notes: readonly string[];
}

/** Numbers of a date, a day and a month's name in either order, or a day number as the whole cell. */
const dateAtCellStart =
  /(?:^|["\s,;])(?:(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2}))(?!\d)|\d{1,2}(?: de |[-/. ])(?:ene|feb|mar|abr|may|jun|jul|ago|sep|oct|nov|dic|jan|apr|aug|dec)|(?:ene|feb|mar|abr|may|jun|jul|ago|sep|oct|nov|dic|jan|apr|aug|dec)[a-z]*\.? \d{1,2},? )|(?:^|["\t,;])\d{5}(?:\.\d+)?["\t,;]/i;

/**
 * Joins the lines after the header. The records of one call come in the order of their lines. Longer than 80 lines on purpose: it is
 * one state machine, and each of its steps changes the same six variables.
 */
export function createRecordJoiner(shape: RecordShape): RecordJoiner {
  const { delimiter, columns, maxRecordChars } = shape;
  let held: CsvLine[] = [];
  let texts: string[] = [];
  let heldChars = 0;
  let strayQuotes = 0;
  let state: QuoteState = lineStart;
  let skipped: { line: number; reason: string; lastLine: number } | undefined;

  // Enough cells and a date among them. Only asked where quotes are suspicious, never to refuse a row.
  const looksLikeRow = ({ content }: CsvLine): boolean =>
    countOf(delimiter, content) >= columns - 1 && dateAtCellStart.test(content);

  const reset = (): void => {
    held = [];
    texts = [];
    heldChars = 0;
    strayQuotes = 0;
    state = lineStart;
  };

  const finish = (): Whole => {
    const line = held[0]?.number ?? 0;
    const notes = strayQuotes === 0 ? [] : ['Quotes inside a quoted cell are not doubled; they were read as text.'];
    const inner = held.slice(1).find(looksLikeRow);
    if (inner) notes.push(`Line ${inner.number} looks like a row of its own but lies inside a quoted cell.`);
    const whole: Whole = { kind: 'whole', line, text: `${texts.join('')}\n`, notes };
    reset();
    return whole;
  };

  /** Rejects what is held, and begins again at the first held line that looks like a row. */
  const giveUp = (reason: string): (Whole | BrokenRow)[] => {
    const lines = held;
    const first = lines[0]?.number ?? 0;
    const restart = lines.findIndex((line, index) => index > 0 && looksLikeRow(line));
    reset();
    if (restart === -1) {
      skipped = { line: first, reason, lastLine: lines.at(-1)?.number ?? first };
      return [];
    }
    const found: (Whole | BrokenRow)[] = [broken({ line: first, reason, lastLine: (lines[restart]?.number ?? 0) - 1 })];
    for (const line of lines.slice(restart)) found.push(...take(line));
    return found;
  };

  const take = (line: CsvLine): (Whole | BrokenRow)[] => {
    const found: (Whole | BrokenRow)[] = [];
    if (skipped) {
      if (!looksLikeRow(line)) {
        skipped.lastLine = line.number;
        return found;
      }
      found.push(broken(skipped));
      skipped = undefined;
    }

    const isContinuation = state.isOpen;
    const scanned = scanLine(line.content, state, delimiter, columns);
    held.push(line);
    heldChars += line.content.length + line.ending.length;
    if (line.isCut || heldChars > maxRecordChars) {
      found.push(...giveUp(`is longer than ${maxRecordChars.toLocaleString('en')} characters`));
      return found;
    }
    const isRunaway = isContinuation && scanned.strayQuotes > 0 && looksLikeRow(line);
    if (isRunaway) {
      found.push(...giveUp('opens a quoted cell that is not closed'));
      return found;
    }

    strayQuotes += scanned.strayQuotes;
    texts.push(scanned.text);
    state = scanned;
    if (scanned.isOpen) {
      texts.push(line.ending);
      return found;
    }
    const hasSwallowed = held.length > 1 && scanned.cell + 1 !== columns && held.slice(1).some(looksLikeRow);
    if (hasSwallowed) found.push(...giveUp('opens a quoted cell that is not closed'));
    else found.push(finish());
    return found;
  };

  return {
    push: (lines) => split(lines.flatMap(take), delimiter),
    end() {
      const found: (Whole | BrokenRow)[] = [];
      while (held.length > 0) found.push(...giveUp('opens a quoted cell that is still open at the end of the file'));
      if (skipped) found.push(broken(skipped));
      return split(found, delimiter);
    },
  };
}

function broken(gap: { line: number; reason: string; lastLine: number }): BrokenRow {
  const { line, reason, lastLine } = gap;
  const range = lastLine > line ? ` (lines ${line} to ${lastLine} were left out)` : '';
  return { kind: 'broken', line, reason: `The row ${reason}${range}.` };
}

/** One call of csv-parse for many records: each call costs as much as a record of 150 words. */
function split(found: readonly (Whole | BrokenRow)[], delimiter: string): CsvRecord[] {
  const wholes = found.filter((record) => record.kind === 'whole');
  const parsed = parseCells(wholes.map(({ text }) => text).join(''), delimiter);
  const agrees = parsed.length === wholes.length;
  let next = 0;
  return found.map((record) => {
    if (record.kind === 'broken') return record;
    const [cells, ...others] = agrees ? parsed.slice(next, next + 1) : parseCells(record.text, delimiter);
    next += 1;
    if (cells && others.length === 0) return { kind: 'row', line: record.line, cells, notes: record.notes };
    return broken({ line: record.line, reason: 'has quotes that cannot be understood', lastLine: record.line });
  });
}

/** Cells of each record of a text whose records end with `\n`; none where its quotes cannot be understood. */
export function parseCells(text: string, delimiter: string): string[][] {
  try {
    return parse(text, { delimiter, record_delimiter: '\n', relax_quotes: true, relax_column_count: true });
  } catch (error) {
    if (error instanceof CsvError) return [];
    throw error;
  }
}
