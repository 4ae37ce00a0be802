/** Where words lead in the trie of a taxonomy's patterns. */
import { createNumberPool } from './number-pool.ts';
import { joinerKey, listOf, numberKey, root, type Trie } from './trie.ts';
import { bitOf, edgesAt, nodeNumbers, otherBitOf, rankAt, type TrieTables } from './trie-tables.ts';

/**
 * The moves of all words met so far, in one array of numbers, as the places below tell: of each word a few, then its keys, then how many
 * actions the patterns have that are this word alone, and these.
 */
export interface MoveTable {
  /** Hold until the next word is read. */
  readonly numbers: Int32Array;
  /** Where the moves of a folded word begin, or `noMoves`; numbers and joiners are no matter of spelling. */
  read(folded: string, isNumber: boolean, isJoiner: boolean): number;
}

/** Of a word that no pattern has. */
export const noMoves = -1;

/**
 * Places among the numbers of a word: of the bits of its keys, of the bits of those that lead on from it where it begins a pattern, of how
 * many words may stand between it and those (-1 where there are none), of the number of its keys, and of these.
 */
export const keyBitsAt = 0;
export const otherKeyBitsAt = 1;
export const leadBitsAt = 2;
export const otherLeadBitsAt = 3;
export const longestWaitAt = 4;
const keyCountAt = 5;
export const keysAt = 6;

/** Numbers of a key: itself, where the places of its leads begin, and how many those are less one. */
export const keyNumbers = 3;

/** Numbers of a lead: how many words may stand between, the rank of the node before, and the node behind. Their count comes first. */
export const leadNumbers = 3;
export const leadRankAt = 1;
export const leadNodeAt = 2;

/** Numbers of a place: the key of a second word, or -1, and where its leads begin. */
const placeNumbers = 2;

export function endOfKeys(numbers: Int32Array, moves: number): number {
  return moves + keysAt + (numbers[moves + keyCountAt] ?? 0) * keyNumbers;
}

/** Where the leads begin from the key at `keyAt` to that of a second word, or -1. */
export function findLeads(numbers: Int32Array, keyAt: number, second: number): number {
  const places = numbers[keyAt + 1] ?? 0;
  const mask = numbers[keyAt + 2] ?? 0;
  let place = second & mask;
  for (;;) {
    const at = places + place * placeNumbers;
    const there = numbers[at] ?? -1;
    if (there === second) return numbers[at + 1] ?? -1;
    if (there < 0) return -1;
    place = (place + 1) & mask;
  }
}

interface Key {
  readonly index: number;
  /** Nodes that the key alone leads to. */
  readonly begins: readonly number[];
}

interface KeyLeads {
  /** Of second words. */
  readonly keys: readonly number[];
  readonly places: number;
  readonly mask: number;
  readonly longestWait: number;
}

export function createMoveTable({ edges, waits, actions }: Trie, tables: TrieTables): MoveTable {
  const keys = new Map(
    Object.entries(edges).map(([name, pairs], index): [string, Key] => [name, { index, begins: beginsOf(pairs) }]),
  );
  const stems = new Set<string>();
  for (const name of keys.keys()) if (name.endsWith('*')) stems.add(name);
  const longestStem = Math.max(0, ...[...stems].map((stem) => stem.length - 1));
  const pool = createNumberPool();
  /** By the nodes that they begin at: the words of one list share theirs. */
  const leadsOf = new Map<string, KeyLeads>();
  const known = new Map<string, number>([['', noMoves]]);

  const readLeads = ({ begins }: Key): KeyLeads => {
    const name = begins.join(' ');
    const met = leadsOf.get(name);
    if (met !== undefined) return met;
    const bySecond = collectLeads(begins, waits, tables);
    const mask = placesFor(bySecond.size) - 1;
    const places = new Array<number>((mask + 1) * placeNumbers).fill(-1);
    let longestWait = -1;
    for (const [second, leads] of bySecond) {
      let place = second & mask;
      while (places[place * placeNumbers] !== -1) place = (place + 1) & mask;
      places[place * placeNumbers] = second;
      places[place * placeNumbers + 1] = pool.add([leads.length, ...leads.flat()]);
      for (const [wait] of leads) longestWait = Math.max(longestWait, wait);
    }
    const read = { keys: [...bySecond.keys()], places: pool.add(places), mask, longestWait };
    leadsOf.set(name, read);
    return read;
  };

  const readKeys = (own: readonly Key[]): number => {
    const leads = own.map(readLeads);
    const seconds = leads.flatMap((each) => each.keys);
    const alone = new Set(own.flatMap(({ begins }) => begins.flatMap((node) => listOf(actions, node))));
    return pool.add([
      unite(own.map(({ index }) => bitOf(index))),
      unite(own.map(({ index }) => otherBitOf(index))),
      unite(seconds.map(bitOf)),
      unite(seconds.map(otherBitOf)),
      Math.max(...leads.map(({ longestWait }) => longestWait)),
      own.length,
      ...own.flatMap(({ index }, which) => [index, leads[which]?.places ?? 0, leads[which]?.mask ?? 0]),
      alone.size,
      ...alone,
    ]);
  };

  return {
    get numbers() {
      return pool.numbers;
    },
    read(folded, isNumber, isJoiner) {
      const names = [folded];
      if (isNumber) names.push(numberKey);
      if (isJoiner) names.push(joinerKey);
      for (let length = 2; length <= Math.min(longestStem, folded.length); length += 1) {
        const stem = `${folded.slice(0, length)}*`;
        if (stems.has(stem)) names.push(stem);
      }
      const own = names.flatMap((name) => keys.get(name) ?? []);
      const set = own.map(({ index }) => index).join(' ');
      const met = known.get(set);
      if (met !== undefined) return met;
      const moves = readKeys(own);
      known.set(set, moves);
      return moves;
    },
  };
}

type Lead = readonly [wait: number, rank: number, node: number];

/** By key of a second word. */
function collectLeads(
  begins: readonly number[],
  waits: Trie['waits'],
  { nodes, edges }: TrieTables,
): Map<number, Lead[]> {
  const bySecond = new Map<number, Lead[]>();
  const add = (from: number, wait: number): void => {
    const row = from * nodeNumbers;
    const end = nodes[row + nodeNumbers + edgesAt] ?? 0;
    for (let at = nodes[row + edgesAt] ?? 0; at < end; at += 2) {
      const second = edges[at] ?? 0;
      const leads = bySecond.get(second) ?? [];
      leads.push([wait, nodes[row + rankAt] ?? 0, edges[at + 1] ?? root]);
      bySecond.set(second, leads);
    }
  };
  for (const node of begins) {
    add(node, 0);
    const own = listOf(waits, node);
    for (let at = 0; at < own.length; at += 2) add(own[at] ?? root, own[at + 1] ?? 0);
  }
  return bySecond;
}

function beginsOf(pairs: readonly number[]): number[] {
  const begins: number[] = [];
  for (let at = 0; at < pairs.length; at += 2) if (pairs[at] === root) begins.push(pairs[at + 1] ?? root);
  return begins;
}

/** A power of two, twice the count at least: what is not there is soon found not to be. */
function placesFor(count: number): number {
  let size = 1;
  while (size < count * 2) size *= 2;
  return size;
}

function unite(bits: readonly number[]): number {
  return bits.reduce((all, each) => all | each, 0);
}
