/** Splits a dialogue into turns by the speaker labels at their start, and tells sellers from clients. */
import { foldWord } from '../../../models/cue-pattern.ts';
import type { TaxonomyFile } from '../../../models/taxonomy-file.ts';
import type { Token } from './tokens.ts';

export type Role = 'client' | 'seller' | 'ignored' | 'unknown';

export interface Turn {
  /** Index of the first token after the label. */
  readonly first: number;
  /** Index of the last token. */
  last: number;
  readonly label: string;
  role: Role;
  /** Whether its label starts a line; false for speech that continues after an aside. */
  readonly beginsLine: boolean;
  /** Role or firm beside the name; empty: none. */
  readonly hint: string;
  /** undefined: the text has no clock for it. */
  readonly startMs: number | undefined;
}

interface Label {
  /** Index of the label's first token. */
  readonly at: number;
  readonly length: number;
  readonly name: string;
  readonly role: Role;
  readonly beginsLine: boolean;
  readonly hint?: string;
  readonly startMs?: number | undefined;
}

const maxLabelWords = 5;
const maxNameWords = 4;

export interface Dialogue {
  /** The tokens without the labels. */
  readonly tokens: Token[];
  readonly turns: Turn[];
}

/** A turn that the layout shows; its label is not among the tokens. */
export interface ShownTurn {
  /** Index of its first token. */
  readonly at: number;
  /** As written, with the role or firm beside it. */
  readonly speaker: string;
  readonly hint: string;
  readonly startMs: number | undefined;
}

/**
 * The turns of a text: those that its layout shows, else by the labels among its words; none in a text without both. A turn starts a
 * sentence.
 */
export function findTurns(tokens: Token[], roleOf: RoleReader, shown: readonly ShownTurn[] = []): Dialogue {
  const labels = shown.length > 0 ? labelShown(tokens, roleOf, shown) : labelWords(tokens, roleOf);
  if (labels.length === 0) return { tokens, turns: [] };
  const said: Token[] = tokens.slice(0, labels[0]?.at);
  const turns: Turn[] = [];
  let before: Speaker | null = null;
  labels.forEach((label, index) => {
    const end = labels[index + 1]?.at ?? tokens.length;
    const body = tokens.slice(label.at + label.length, end);
    const rest = label.role === 'ignored' ? body.splice(endOfAside(body, label.beginsLine)) : [];
    const { name, role, beginsLine, hint = '', startMs } = label;
    before = addTurn(said, turns, body, { label: name, role, beginsLine, hint, startMs }, before);
    if (rest.length > 0) addTurn(said, turns, rest, { ...(before ?? unnamed), beginsLine: false }, null);
  });
  return { tokens: said, turns };
}

function labelWords(tokens: readonly Token[], roleOf: RoleReader): Label[] {
  const [names, dashes] = [findLabels(tokens, roleOf), findDashes(tokens)];
  return keepSpeakers(dashes.length === 0 ? names : [...names, ...dashes].sort(byPosition));
}

/** Within the turns of a layout only labels such as "System:" start a turn of their own. */
function labelShown(tokens: readonly Token[], roleOf: RoleReader, shown: readonly ShownTurn[]): Label[] {
  const asides = findLabels(tokens, roleOf).filter(({ role }) => role === 'ignored');
  const known = new Map<string, Role>();
  const labels = shown.map(({ at, speaker, hint, startMs }): Label => {
    const name = foldWord(speaker);
    const own = roleOf(wordsOf(`${speaker} ${hint}`));
    if (own !== 'unknown') known.set(name, own);
    return { at, length: 0, name, role: own, beginsLine: true, hint: foldWord(hint), startMs };
  });
  const told = labels.map((label): Label => ({ ...label, role: known.get(label.name) ?? label.role }));
  return [...told, ...asides].sort(byPosition);
}

function byPosition(a: Label, b: Label): number {
  return a.at - b.at;
}

const notLetters = /[^\p{L}\p{N}]+/u;

function wordsOf(name: string): string[] {
  return name.split(notLetters).map(foldWord);
}

type Speaker = Pick<Turn, 'label' | 'role' | 'beginsLine' | 'hint' | 'startMs'>;

const unnamed = { label: '', role: 'unknown', hint: '', startMs: undefined } as const;

/** Appends what one speaker says; returns the speaker who continues after an aside. */
function addTurn(
  said: Token[],
  turns: Turn[],
  body: readonly Token[],
  speaker: Speaker,
  before: Speaker | null,
): Speaker | null {
  const [head] = body;
  if (head !== undefined) {
    head.brk = 'sentence';
    // Not by spreading `speaker`: V8 would give turns several hidden classes.
    const { label, role, beginsLine, hint, startMs } = speaker;
    turns.push({ first: said.length, last: said.length + body.length - 1, label, role, beginsLine, hint, startMs });
    for (const token of body) said.push(token);
  }
  return speaker.role === 'ignored' ? before : speaker;
}

/** "System: …" within a line covers its sentence; at the start of a line it covers the line. */
function endOfAside(body: readonly Token[], beginsLine: boolean): number {
  const end = body.findIndex((token, index) => index > 0 && (beginsLine ? token.beginsLine : token.brk === 'sentence'));
  return end < 0 ? body.length : end;
}

export interface AdmissionClues {
  readonly tokens: readonly Token[];
  /** Instructions to the machine. */
  readonly orders: readonly { readonly first: number }[];
  readonly isSelf: SelfReader;
}

/**
 * A label such as "AI:" is ignored unless it is an assistant that takes part in the conversation. It does when it is the only such label,
 * starts at least two lines, alternates with other speakers, talks about itself and gives no instructions. A prompt injection fails
 * at least one of these tests.
 */
export function acceptAssistant(turns: readonly Turn[], { tokens, orders, isSelf }: AdmissionClues): void {
  const own = turns.filter(({ role }) => role === 'ignored');
  const [one] = own;
  if (one === undefined || own.length < 2) return;
  if (own.some(({ label, beginsLine }) => label !== one.label || !beginsLine)) return;
  const between = turns.slice(turns.indexOf(one), turns.lastIndexOf(own.at(-1) ?? one));
  if (!between.some(({ role, beginsLine }) => role !== 'ignored' && beginsLine)) return;
  if (orders.some(({ first }) => own.some((turn) => first >= turn.first && first <= turn.last))) return;
  const speaksOfItself = own.some((turn) =>
    tokens.slice(turn.first, turn.last + 1).some(({ word }) => isSelf(word.folded)),
  );
  if (speaksOfItself) for (const turn of own) turn.role = 'unknown';
}

/** The role of a speaker, by the folded words of the label. */
export type RoleReader = (words: readonly string[]) => Role;

export function createRoleReader(speakers: TaxonomyFile['grammar']['speakers']): RoleReader {
  const lists: [Role, Set<string>][] = [
    ['ignored', new Set(speakers.ignored.map(foldWord))],
    ['seller', new Set(speakers.seller.map(foldWord))],
    ['client', new Set(speakers.client.map(foldWord))],
  ];
  return (words) => lists.find(([, list]) => words.some((word) => list.has(word)))?.[0] ?? 'unknown';
}

/** Whether speakers refer to themselves with this word, such as "nos" or "our". */
export type SelfReader = (folded: string) => boolean;

/** Reads `speakers.selves`; an asterisk at the start of a word matches any prefix. */
export function createSelfReader({ selves }: TaxonomyFile['grammar']['speakers']): SelfReader {
  const words = new Set(selves.filter((each) => !each.startsWith('*')).map(foldWord));
  const ends = selves.flatMap((each) => (each.startsWith('*') ? [foldWord(each.slice(1))] : []));
  return (folded) => words.has(folded) || ends.some((end) => folded.endsWith(end));
}

function findLabels(tokens: readonly Token[], roleOf: RoleReader): Label[] {
  const labels: Label[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const label = tokens[index]?.colonAfter === true ? readLabel(tokens, index, roleOf) : undefined;
    if (label !== undefined) labels.push(label);
  }
  return labels;
}

/** The label that ends at a token; undefined: the colon ends no label. */
function readLabel(tokens: readonly Token[], last: number, roleOf: RoleReader): Label | undefined {
  let at = last;
  while (at > 0 && tokens[at]?.brk !== 'sentence' && !tokens[at]?.beginsLine && last - at < maxLabelWords) at -= 1;
  const first = tokens[at];
  if (first === undefined || (first.brk !== 'sentence' && !first.beginsLine)) return undefined;
  // "[00:12] Ana:" starts with a time.
  while (at < last && tokens[at]?.word.value !== null) at += 1;
  const words = tokens.slice(at, last + 1);
  const folded = words.map((each) => each.word.folded);
  const role = roleOf(folded);
  const looksLikeName = words.every((each) => each.isCapitalised) && words.length <= maxNameWords;
  if (words.length === 0 || (role === 'unknown' ? !looksLikeName : words.length > maxNameWords)) return undefined;
  return { at, length: words.length, name: folded.join(' '), role, beginsLine: first.beginsLine };
}

/** "- ¿Cuántos son?\n- Somos doce." are two speakers who alternate. */
function findDashes(tokens: readonly Token[]): Label[] {
  const starts: number[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (token?.beginsLine && token.dashBefore && !token.colonAfter) starts.push(at);
  }
  return starts.map((at, index) => ({ at, length: 0, name: `- ${index % 2}`, role: 'unknown', beginsLine: true }));
}

/** A capitalised word before a colon is a speaker if it occurs again, or if another speaker answers. */
function keepSpeakers(labels: readonly Label[]): Label[] {
  const hasKnown = labels.some((label) => label.role === 'client' || label.role === 'seller');
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label.name, (counts.get(label.name) ?? 0) + 1);
  return labels.filter((label) => {
    if (label.role !== 'unknown') return true;
    const others = [...counts.keys()].some((name) => name !== label.name);
    return hasKnown || (counts.get(label.name) ?? 0) > 1 || (label.beginsLine && others);
  });
}
