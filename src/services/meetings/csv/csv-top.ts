/** Finds the header of a CSV file among its first lines, and the delimiter of its cells. */
import { countKnownNames, type Header, type HeaderChoices, readHeader } from './csv-header.ts';
import type { CsvLine } from './csv-lines.ts';
import { countOf } from './csv-quotes.ts';
import { parseCells } from './csv-records.ts';
import { repairText } from './repair-cell.ts';

export const delimiters = { ',': 'comma', ';': 'semicolon', '\t': 'tab', '|': 'pipe' } as const;
export type Delimiter = keyof typeof delimiters;
export type DelimiterName = (typeof delimiters)[Delimiter];

export interface CsvTop {
  readonly header: Header;
  readonly delimiter: Delimiter;
  /** First and last line of the header, 1-based. */
  readonly firstLine: number;
  readonly lastLine: number;
  /** Lines with text before the header, such as a report's title. */
  readonly passedOver: number;
}

/** Lines in which the header is looked for: a title, blank lines, the header itself. */
export const topLines = 40;
/** A header cell may hold line breaks. */
const maxHeaderLines = 20;
/** Excel's line that names the delimiter, by some programs written as a cell and followed by empty ones. */
const separatorLine = /^"?sep=([,;\t|])"?[,;\t|]*$/i;

interface Candidate {
  readonly firstLine: number;
  readonly lastLine: number;
  readonly delimiter: Delimiter;
  readonly names: readonly string[];
  readonly known: number;
}

/**
 * Of the lines that can be read as a header the first is taken. Undefined where all lines are blank, a sentence without
 * the file's name where none is a header.
 */
export function findTop(
  lines: readonly CsvLine[],
  choices: HeaderChoices = {},
): CsvTop | { readonly problem: string } | undefined {
  const named = lines.map(({ content }) => separatorLine.exec(content)?.[1]).find((each) => each !== undefined);
  const tried = named === undefined ? (Object.keys(delimiters) as Delimiter[]) : [named as Delimiter];
  const full = lines.filter(({ content }) => content.trim() !== '' && !separatorLine.test(content));
  const candidates = full.map((line) => bestReading(lines, line, tried, choices));
  for (const [passedOver, candidate] of candidates.entries()) {
    const { names, delimiter, firstLine, lastLine } = candidate;
    const header = candidate.known === 0 ? undefined : readHeader(names, choices);
    if (header !== undefined && !('problem' in header)) return { header, delimiter, firstLine, lastLine, passedOver };
  }
  // The line with most known names is the header that was meant.
  const meant = candidates.reduce<Candidate | undefined>(
    (best, each) => (best === undefined || each.known > best.known ? each : best),
    undefined,
  );
  if (meant === undefined) return undefined;
  const header = readHeader(meant.names, choices);
  return 'problem' in header ? header : undefined;
}

function bestReading(
  lines: readonly CsvLine[],
  line: CsvLine,
  tried: readonly Delimiter[],
  choices: HeaderChoices,
): Candidate {
  const { text, lastLine } = joinQuoted(lines, line);
  const readings = tried.map((delimiter) => {
    const names = (parseCells(`${text}\n`, delimiter)[0] ?? [text]).map((name) => repairText(name, new Set()));
    return { firstLine: line.number, lastLine, delimiter, names, known: countKnownNames(names, choices) };
  });
  // Where no name is known, the delimiter that cuts the line into most cells is the likeliest.
  readings.sort((a, b) => b.known - a.known || b.names.length - a.names.length);
  return readings[0] ?? { firstLine: line.number, lastLine, delimiter: ',', names: [text], known: 0 };
}

/** The line with those that its open quote takes in. */
function joinQuoted(lines: readonly CsvLine[], line: CsvLine): { text: string; lastLine: number } {
  const from = lines.indexOf(line);
  const taken = [line];
  let quotes = countOf('"', line.content);
  while (quotes % 2 === 1 && taken.length < maxHeaderLines) {
    const next = lines[from + taken.length];
    if (next === undefined) break;
    taken.push(next);
    quotes += countOf('"', next.content);
  }
  // An unclosed quote is no reason to take the rows for a header.
  if (quotes % 2 === 1) return { text: line.content, lastLine: line.number };
  return { text: taken.map(({ content }) => content).join(' '), lastLine: taken.at(-1)?.number ?? line.number };
}
