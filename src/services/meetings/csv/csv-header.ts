/** Finds the seven columns of a meetings CSV in its header line, in any order, case and spacing, with or without accents. */
import { distance } from 'fastest-levenshtein';
import { parseCells } from './csv-records.ts';

/** Cell names by the column name that people see (the format of the API's own import). */
export const meetingColumns = {
  name: 'Nombre',
  email: 'Correo Electronico',
  phone: 'Numero de Telefono',
  date: 'Fecha de la Reunion',
  seller: 'Vendedor asignado',
  closed: 'closed',
  transcript: 'Transcripcion',
} as const;

export type MeetingCell = keyof typeof meetingColumns;
export type MeetingCells = Readonly<Record<MeetingCell, string>>;

export const delimiters = { ',': 'comma', ';': 'semicolon', '\t': 'tab' } as const;
export type Delimiter = keyof typeof delimiters;

export interface Header {
  readonly delimiter: Delimiter;
  /** Cells of the header line. */
  readonly columns: number;
  readonly positions: Readonly<Record<MeetingCell, number>>;
  /** Names of columns that are none of ours. */
  readonly ignored: readonly string[];
}

const cellNames = Object.keys(meetingColumns) as MeetingCell[];
const shownNameChars = 40;
const shownNames = 12;

/** The header of a line, or one sentence on what is wrong with it, without the file's name. */
export function readHeader(line: string, knownDelimiter?: Delimiter): Header | { readonly problem: string } {
  const candidates = knownDelimiter ? [knownDelimiter] : (Object.keys(delimiters) as Delimiter[]);
  const readings = candidates.map((delimiter) => ({ delimiter, names: splitNames(line, delimiter) }));
  const known = (names: readonly string[]) => names.filter((name) => cellOf(name) !== undefined).length;
  // Where no name is known, the delimiter that cuts the line into most cells is the likeliest.
  readings.sort((a, b) => known(b.names) - known(a.names) || b.names.length - a.names.length);
  const best = readings[0] ?? { delimiter: ',' as const, names: [] };
  return toHeader(best.names, best.delimiter);
}

function toHeader(names: readonly string[], delimiter: Delimiter): Header | { readonly problem: string } {
  const found = new Map<MeetingCell, number>();
  const ignored: string[] = [];
  for (const [index, name] of names.entries()) {
    const cell = cellOf(name);
    if (cell === undefined) {
      if (name.trim() !== '') ignored.push(shorten(name));
      continue;
    }
    if (found.has(cell)) return { problem: `has the column "${meetingColumns[cell]}" twice. Remove one of them.` };
    found.set(cell, index);
  }
  const positions = Object.fromEntries(cellNames.map((cell) => [cell, found.get(cell) ?? -1]));
  const missing = cellNames.filter((cell) => !found.has(cell));
  if (missing.length > 0) return { problem: explainMissing(missing, found.size, ignored, names.length) };
  return { delimiter, columns: names.length, positions: positions as Record<MeetingCell, number>, ignored };
}

function explainMissing(
  missing: readonly MeetingCell[],
  foundCount: number,
  ignored: readonly string[],
  nameCount: number,
): string {
  const expected = `Expected: ${Object.values(meetingColumns).join(',')}.`;
  const hints = missing.flatMap((cell) => {
    const near = nearest(cell, ignored);
    return near === undefined ? [] : [`"${near}" instead of "${meetingColumns[cell]}"`];
  });
  // A first line with no known name is a row rather than a header: its cells are people's words, and not shown.
  if (foundCount === 0 && hints.length === 0) {
    const cells = nameCount === 1 ? 'one cell' : `${nameCount} cells`;
    return `does not begin with a header: the first line has ${cells}, none of them a column name we know. ${expected}`;
  }
  const lacking = missing.map((cell) => `"${meetingColumns[cell]}"`).join(', ');
  const others = ignored.slice(0, shownNames).map((name) => `"${name}"`);
  const found = others.length > 0 ? ` Found instead: ${others.join(', ')}.` : '';
  const meant = hints.length > 0 ? ` Did you mean ${hints.join(', ')}? Rename the column.` : '';
  return `lacks the column${missing.length === 1 ? '' : 's'} ${lacking}.${found}${meant} ${expected}`;
}

function nearest(cell: MeetingCell, names: readonly string[]): string | undefined {
  const wanted = normalise(meetingColumns[cell]);
  const scored = names.map((name) => ({ name, steps: stepsTo(wanted, normalise(name)) }));
  scored.sort((a, b) => a.steps - b.steps);
  return scored.find(({ steps }) => steps <= wanted.length / 3)?.name;
}

/** A shortened or lengthened name ("Correo", "Fecha", "Transcripcion completa") is as near as a misspelt one. */
function stepsTo(wanted: string, name: string): number {
  const isPart = name.length >= 4 && (wanted.startsWith(name) || name.startsWith(wanted));
  return isPart ? 1 : distance(wanted, name);
}

function cellOf(name: string): MeetingCell | undefined {
  const normal = normalise(name);
  return cellNames.find((cell) => normalise(meetingColumns[cell]) === normal);
}

function normalise(name: string): string {
  return name
    .normalize('NFD')
    .replace(/[\p{M}\s_-]/gu, '')
    .toLowerCase();
}

function splitNames(line: string, delimiter: Delimiter): readonly string[] {
  return parseCells(`${line}\n`, delimiter)[0] ?? [line];
}

function shorten(name: string): string {
  const oneLine = name.replace(/[\p{C}\s]+/gu, ' ').trim();
  return oneLine.length > shownNameChars ? `${oneLine.slice(0, shownNameChars)}…` : oneLine;
}
