/** Where words lead in the trie of a taxonomy's patterns. */
import { createNumberPool } from './number-pool.ts';
import { joinerKey, listOf, numberKey, root, type Trie } from './trie.ts';
import { bitOf, edgesAt, nodeNumbers, otherBitOf, rankAt, type TrieTables } from './trie-tables.ts';

/**
 * The moves of all words met so far, in one array of numbers. Those of a word begin with the bits of its keys, the bits of the keys that
 * lead on from it where it begins a pattern, and how many words may stand between it and those at most, -1 where there are none. Then
 * come its keys, their number first, and the actions of the patterns that are this word alone, their number first. A key is three numbers: itself, where the
 * places of its leads begin, and their number less one.
 *
 * A place is two numbers: the key of a second word, or -1, and where its leads begin: their number, and of each how many words may stand
 * between, the rank of the node before and the node behind.
 */
export interface MoveTable {
  /** Hold until the next word is read. */
  readonly numbers: Int32Array;
  /** How a folded word moves in the matcher; numbers and joiners are no matter of spelling. Where its moves begin, or `noMoves`. */
  read(folded: string, isNumber: boolean, isJoiner: boolean): number;
}

/** Of a word that no pattern has. */
export const noMoves = -1;

export const leadBitsAt = 2;
export const otherLeadBitsAt = 3;
export const longestWaitAt = 4;
export const keysAt = 5;
export const keyNumbers = 3;
export const leadNumbers = 3;

interface Key {
  readonly index: number;
  /** Nodes that the key alone leads to. */
  readonly begins: readonly number[];
}

interface Leads {
  readonly places: number;
  readonly mask: number;
  readonly keys: readonly number[];
  readonly longestWait: number;
}

export function createMoveTable(trie: Trie, tables: TrieTables): MoveTable {
  const keys = new Map(
    Object.entries(trie.edges).map(([name, pairs], index): [string, Key] => [name, { index, begins: beginsOf(pairs) }]),
  );
  const stems = new Set<string>();
  for (const name of keys.keys()) if (name.endsWith('*')) stems.add(name);
  const longestStem = Math.max(0, ...[...stems].map((stem) => stem.length - 1));
  const pool = createNumberPool();
  const leadsOf = new Map<number, Leads>();
  const known = new Map<string, number>([['', noMoves]]);

  const readLeads = ({ index, begins }: Key): Leads => {
    const met = leadsOf.get(index);
    if (met !== undefined) return met;
    const found = findLeads(begins, trie, tables);
    const size = placesFor(found.size);
    const places = new Array<number>(size * 2).fill(-1);
    for (const [key, leads] of found) {
      let place = key & (size - 1);
      while (places[place * 2] !== -1) place = (place + 1) & (size - 1);
      places[place * 2] = key;
      places[place * 2 + 1] = pool.add([leads.length, ...leads.flatMap(({ wait, rank, node }) => [wait, rank, node])]);
    }
    const waits = [...found.values()].flatMap((leads) => leads.map(({ wait }) => wait));
    const leads = {
      places: pool.add(places),
      mask: size - 1,
      keys: [...found.keys()],
      longestWait: Math.max(-1, ...waits),
    };
    leadsOf.set(index, leads);
    return leads;
  };

  const readKeys = (own: readonly Key[]): number => {
    const leads = own.map(readLeads);
    const seconds = leads.flatMap((each) => each.keys);
    const actions = new Set(own.flatMap(({ begins }) => begins.flatMap((node) => listOf(trie.actions, node))));
    return pool.add([
      unite(own.map(({ index }) => bitOf(index))),
      unite(own.map(({ index }) => otherBitOf(index))),
      unite(seconds.map(bitOf)),
      unite(seconds.map(otherBitOf)),
      Math.max(...leads.map(({ longestWait }) => longestWait)),
      own.length,
      ...own.flatMap(({ index }, which) => [index, leads[which]?.places ?? 0, leads[which]?.mask ?? 0]),
      actions.size,
      ...actions,
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

interface Lead {
  /** How many words may stand between. */
  readonly wait: number;
  /** Of the node before. */
  readonly rank: number;
  /** The node behind. */
  readonly node: number;
}

/** By key of a second word. */
function findLeads(begins: readonly number[], trie: Trie, { nodes, edges }: TrieTables): Map<number, Lead[]> {
  const leads = new Map<number, Lead[]>();
  const add = (from: number, wait: number): void => {
    const row = from * nodeNumbers;
    const end = nodes[row + nodeNumbers + edgesAt] ?? 0;
    for (let at = nodes[row + edgesAt] ?? 0; at < end; at += 2) {
      const key = edges[at] ?? 0;
      const lead = { wait, rank: nodes[row + rankAt] ?? 0, node: edges[at + 1] ?? root };
      const list = leads.get(key);
      if (list === undefined) leads.set(key, [lead]);
      else list.push(lead);
    }
  };
  for (const node of begins) {
    add(node, 0);
    const waits = listOf(trie.waits, node);
    for (let at = 0; at < waits.length; at += 2) add(waits[at] ?? root, waits[at + 1] ?? 0);
  }
  return leads;
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
