/** Finds the cells of a meeting in the names of a header, in any order, under our names or another's. */
import { distance } from 'fastest-levenshtein';
import {
  cellNames,
  isGroupName,
  type KnownName,
  type MeetingCell,
  meaningsOf,
  meetingColumns,
  normaliseName,
} from './column-names.ts';

export type MeetingCells = Readonly<Record<MeetingCell, string>>;

export interface Header {
  /** As they are in the file. */
  readonly names: readonly string[];
  /** Cells of the header line. */
  readonly columns: number;
  /** Columns that a cell is made of, joined by a space; none where the file has no such column. */
  readonly positions: Readonly<Record<MeetingCell, readonly number[]>>;
  /** Which call the utterance of a row is of, and who says it; -1: the file has one row per meeting. */
  readonly group: number;
  readonly speaker: number;
  /** Names of columns that are none of ours. */
  readonly ignored: readonly string[];
  /** What a person should know: columns under other names, columns that are missing. */
  readonly notes: readonly string[];
}

export interface HeaderChoices {
  /** Column names by cell, as `--map` gives them. */
  readonly map?: ReadonlyMap<MeetingCell, string>;
  /** Name of the column that says which call an utterance is of. */
  readonly groupBy?: string;
  /** Cells that are given beside the file, so that it need not have them. */
  readonly given?: Partial<MeetingCells>;
}

type Problem = { readonly problem: string };
const optionalCells: readonly MeetingCell[] = ['email', 'phone'];
const shownNameChars = 40;
const shownNames = 12;

/** The header, or one sentence on what is wrong with it, without the file's name. */
export function readHeader(names: readonly string[], choices: HeaderChoices = {}): Header | Problem {
  const found = new Map<MeetingCell, readonly number[]>();
  for (const cell of cellNames) {
    const position = choices.map?.has(cell)
      ? findMapped(names, cell, choices.map.get(cell) ?? '')
      : findColumn(names, cell);
    if (typeof position === 'object') return position;
    if (position !== -1) found.set(cell, [position]);
  }
  addParts(names, found, choices);
  const group = choices.groupBy === undefined ? -1 : indexOfName(names, choices.groupBy);
  if (choices.groupBy !== undefined && group === -1) return noSuchColumn('--group-by', choices.groupBy, names);
  const speaker = names.findIndex((name) => meaningsOf(name).some(({ cell }) => cell === 'speaker'));
  const used = new Set([...[...found.values()].flat(), ...(group === -1 ? [] : [group, speaker])]);
  const ignored = names.filter((name, index) => !used.has(index) && name.trim() !== '').map(shorten);
  const missing = cellNames.filter((cell) => !found.has(cell) && choices.given?.[cell] === undefined);
  const lacking = missing.filter((cell) => !optionalCells.includes(cell) || nearest(cell, ignored) !== undefined);
  if (lacking.length > 0) return { problem: explainMissing(lacking, found.size, ignored, names.length) };
  const utterances = group === -1 ? findUtterances(names, speaker) : undefined;
  if (utterances !== undefined) return utterances;
  const positions = Object.fromEntries(cellNames.map((cell) => [cell, found.get(cell) ?? []]));
  return {
    names,
    columns: names.length,
    positions: positions as Header['positions'],
    group,
    speaker: group === -1 ? -1 : speaker,
    ignored,
    notes: [...tellOtherNames(names, found), ...tellMissing(missing)],
  };
}

/** By our column name: the columns of the file that it is read from. */
export function describeColumns({ names, positions }: Header): Readonly<Record<string, string>> {
  const found = cellNames.filter((cell) => positions[cell].length > 0);
  const columnsOf = (cell: MeetingCell) =>
    positions[cell].map((position) => shorten(names[position] ?? '')).join(' + ');
  return Object.fromEntries(found.map((cell) => [meetingColumns[cell], columnsOf(cell)]));
}

/** Columns of the file that an import does not use, as a sentence; none where there are none. */
export function tellIgnored({ ignored }: Header): string[] {
  return ignored.length === 0 ? [] : [`Columns that are ignored: ${ignored.map((name) => `"${name}"`).join(', ')}.`];
}

/** How many of the cells have a column, so that the header can be told from other lines. */
export function countKnownNames(names: readonly string[], { map }: HeaderChoices = {}): number {
  const cells = names.flatMap((name) => meaningsOf(name).map(({ cell }) => cell));
  const mapped = [...(map ?? [])].filter(([, name]) => indexOfName(names, name) !== -1).map(([cell]) => cell);
  return new Set([...cells, ...mapped]).size;
}

/** -1: there is none. */
function findColumn(names: readonly string[], cell: KnownName['cell']): number | Problem {
  const candidates = names.flatMap((name, index) =>
    meaningsOf(name).flatMap((meaning) => (meaning.cell === cell ? [{ index, name, tier: meaning.tier }] : [])),
  );
  const best = Math.min(...candidates.map(({ tier }) => tier));
  const [first, second] = candidates.filter(({ tier }) => tier === best);
  if (first === undefined) return -1;
  if (second === undefined) return first.index;
  const column = cell in meetingColumns ? meetingColumns[cell as MeetingCell] : cell;
  if (normaliseName(first.name) === normaliseName(second.name)) {
    return { problem: `has the column "${shorten(first.name)}" twice. Remove one of them.` };
  }
  const [one, other] = [shorten(first.name), shorten(second.name)];
  return {
    problem: `has the columns "${one}" and "${other}", which may both be "${column}". Give --map "${column}=${one}" or --map "${column}=${other}".`,
  };
}

function findMapped(names: readonly string[], cell: MeetingCell, wanted: string): number | Problem {
  const index = indexOfName(names, wanted);
  return index === -1 ? noSuchColumn(`--map "${meetingColumns[cell]}=…"`, wanted, names) : index;
}

function noSuchColumn(option: string, wanted: string, names: readonly string[]): Problem {
  const shown = names.filter((name) => name.trim() !== '').slice(0, shownNames);
  return {
    problem: `has no column "${shorten(wanted)}", which ${option} names. Its columns: ${shown.map((name) => `"${shorten(name)}"`).join(', ')}.`,
  };
}

function indexOfName(names: readonly string[], wanted: string): number {
  const exact = names.findIndex((name) => name.trim() === wanted.trim());
  return exact === -1 ? names.findIndex((name) => normaliseName(name) === normaliseName(wanted)) : exact;
}

/** `First name` with `Last name`, `Nombre` with `Apellido`, `Fecha` with `Hora`. */
function addParts(names: readonly string[], found: Map<MeetingCell, readonly number[]>, { map }: HeaderChoices): void {
  const at = (cell: KnownName['cell']): readonly number[] => {
    const index = findColumn(names, cell);
    return typeof index === 'number' && index !== -1 ? [index] : [];
  };
  const [first, last, time] = [at('firstName'), at('lastName'), at('time')];
  const [name] = found.get('name') ?? [];
  const isFirstName = name !== undefined && normaliseName(names[name] ?? '') === 'nombre';
  const isPerson =
    name !== undefined && meaningsOf(names[name] ?? '').some(({ cell, tier }) => cell === 'name' && tier < 2);
  if (!map?.has('name')) {
    if (isFirstName) found.set('name', [name, ...last]);
    else if (!isPerson && first.length + last.length > 0) found.set('name', [...first, ...last]);
  }
  const date = found.get('date');
  if (date !== undefined && !map?.has('date')) found.set('date', [...new Set([...date, ...time])]);
}

/** A file of utterances, read as one of meetings, would give a meeting of one sentence and many that differ from it. */
function findUtterances(names: readonly string[], speaker: number): Problem | undefined {
  const group = names.find(isGroupName);
  if (group === undefined || speaker === -1) return undefined;
  return {
    problem: `seems to have one row per utterance: it has the columns "${shorten(names[speaker] ?? '')}" and "${shorten(group)}". Give --group-by "${shorten(group)}" to make one meeting of each call.`,
  };
}

function tellOtherNames(names: readonly string[], found: ReadonlyMap<MeetingCell, readonly number[]>): string[] {
  const others = [...found].filter(([cell, positions]) => {
    const [first, ...more] = positions.map((position) => normaliseName(names[position] ?? ''));
    return first !== normaliseName(meetingColumns[cell]) || more.length > 0;
  });
  if (others.length === 0) return [];
  const read = others.map(([cell, positions]) => {
    const columns = positions.map((position) => `"${shorten(names[position] ?? '')}"`).join(' and ');
    return `"${meetingColumns[cell]}" from ${columns}`;
  });
  return [`Columns read under another name: ${read.join(', ')}.`];
}

function tellMissing(missing: readonly MeetingCell[]): string[] {
  const names = missing.map((cell) => `"${meetingColumns[cell]}"`).join(' and ');
  return missing.length === 0 ? [] : [`The file has no column ${names}: it is empty in every row.`];
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
  const option =
    others.length > 0 && hints.length === 0
      ? ` Give --map "${meetingColumns[missing[0] ?? 'name']}=COLUMN" where one of them is meant.`
      : '';
  return `lacks the column${missing.length === 1 ? '' : 's'} ${lacking}.${found}${meant}${option} ${expected}`;
}

function nearest(cell: MeetingCell, names: readonly string[]): string | undefined {
  const wanted = normaliseName(meetingColumns[cell]);
  const scored = names.map((name) => ({ name, steps: stepsTo(wanted, normaliseName(name)) }));
  scored.sort((a, b) => a.steps - b.steps);
  return scored.find(({ steps }) => steps <= wanted.length / 3)?.name;
}

/** A shortened or lengthened name ("Transcripcion completa 2") is as near as a misspelt one. */
function stepsTo(wanted: string, name: string): number {
  const isPart = name.length >= 4 && (wanted.startsWith(name) || name.startsWith(wanted));
  return isPart ? 1 : distance(wanted, name);
}

function shorten(name: string): string {
  const oneLine = name.replace(/[\p{C}\s]+/gu, ' ').trim();
  return oneLine.length > shownNameChars ? `${oneLine.slice(0, shownNameChars)}…` : oneLine;
}
