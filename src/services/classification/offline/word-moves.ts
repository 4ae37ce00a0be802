/** Where words lead in the trie of a taxonomy's patterns. */
import { bitOf, bitsAt, type NodeTable, otherBitOf, otherBitsAt, rowNumbers } from './node-table.ts';
import { joinerKey, listOf, numberKey, root, type Trie } from './trie.ts';

/** Where a word leads in the trie. */
export interface WordMoves {
  /** Bits of the keys that the word goes by. */
  readonly bits: number;
  readonly otherBits: number;
  /** Pairs of a node that an earlier word led to and one that follows it, in the order of the first. */
  readonly nexts: readonly number[];
  /** Actions of the patterns that are this word alone. */
  readonly actions: readonly number[];
  /** What the word alone leads to and only the very next word leads on from. */
  readonly starts: Leads;
  /** What the word alone leads to and waits for later words too. */
  readonly waits: Leads;
}

/** Nodes that a word alone leads to. */
export interface Leads {
  /** Of each node `leadNumbers` numbers, the node first. */
  readonly flat: readonly number[];
  /** How many words may stand between at most. */
  readonly longestWait: number;
  /** Bits of all. */
  readonly bits: number;
  readonly otherBits: number;
}

export const leadNumbers = 4;
/** Places in a lead's numbers: of how many words may stand between, of its bits and its other bits. */
export const leadWaitAt = 1;
export const leadBitsAt = 2;
export const leadOtherBitsAt = 3;

const noNumbers: readonly number[] = [];
const noLeads: Leads = { flat: noNumbers, longestWait: 0, bits: 0, otherBits: 0 };

/** Of a word that no pattern has. */
export const noMoves: WordMoves = {
  bits: 0,
  otherBits: 0,
  nexts: noNumbers,
  actions: noNumbers,
  starts: noLeads,
  waits: noLeads,
};

/** How a folded word moves in the matcher; numbers and joiners are no matter of spelling. */
export type MoveReader = (folded: string, isNumber: boolean, isJoiner: boolean) => WordMoves;

export function createMoveReader(trie: Trie, table: NodeTable): MoveReader {
  const keys = new Map(Object.entries(trie.edges).map(([name, pairs], index) => [name, { index, pairs }]));
  const stems = new Set<string>();
  for (const name of keys.keys()) if (name.endsWith('*')) stems.add(name);
  const longestStem = Math.max(0, ...[...stems].map((stem) => stem.length - 1));
  const known = new Map<string, WordMoves>([['', noMoves]]);
  return (folded, isNumber, isJoiner) => {
    const found: string[] = [];
    const add = (name: string): void => {
      if (keys.has(name)) found.push(name);
    };
    add(folded);
    if (isNumber) add(numberKey);
    if (isJoiner) add(joinerKey);
    for (let length = 2; length <= Math.min(longestStem, folded.length); length += 1) {
      const stem = `${folded.slice(0, length)}*`;
      if (stems.has(stem)) add(stem);
    }
    const names = found.join(' ');
    const met = known.get(names);
    if (met !== undefined) return met;
    const moves = readKeys(
      found.flatMap((name) => keys.get(name) ?? []),
      trie,
      table,
    );
    known.set(names, moves);
    return moves;
  };
}

interface Key {
  readonly index: number;
  readonly pairs: readonly number[];
}

function readKeys(keys: readonly Key[], trie: Trie, table: NodeTable): WordMoves {
  const edges = keys.flatMap(({ pairs }) => pairUp(pairs));
  const nexts = edges.filter(([from]) => from !== root).sort(([a], [b]) => a - b);
  const begins = [...new Set(edges.flatMap(([from, to]) => (from === root ? [to] : [])))];
  const actions = [...new Set(begins.flatMap((node) => listOf(trie.actions, node)))];
  return {
    bits: unite(keys.map(({ index }) => bitOf(index))),
    otherBits: unite(keys.map(({ index }) => otherBitOf(index))),
    nexts: nexts.flat(),
    actions: actions.length === 0 ? noNumbers : actions,
    starts: readLeads(
      begins.map((node) => [node, 0]),
      table,
    ),
    waits: readLeads(
      begins.flatMap((node) => pairUp(listOf(trie.waits, node))),
      table,
    ),
  };
}

function readLeads(all: readonly (readonly [node: number, wait: number])[], table: NodeTable): Leads {
  const leads = all.flatMap(([node, wait]) => {
    const row = node * rowNumbers;
    const bits = table[row + bitsAt] ?? 0;
    const otherBits = table[row + otherBitsAt] ?? 0;
    return bits === 0 ? [] : [{ node, wait, bits, otherBits }];
  });
  if (leads.length === 0) return noLeads;
  return {
    flat: leads.flatMap(({ node, wait, bits, otherBits }) => [node, wait, bits, otherBits]),
    longestWait: Math.max(...leads.map(({ wait }) => wait)),
    bits: unite(leads.map(({ bits }) => bits)),
    otherBits: unite(leads.map(({ otherBits }) => otherBits)),
  };
}

function pairUp(numbers: readonly number[]): (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  for (let at = 0; at < numbers.length; at += 2) pairs.push([numbers[at] ?? 0, numbers[at + 1] ?? 0]);
  return pairs;
}

function unite(bits: readonly number[]): number {
  return bits.reduce((all, each) => all | each, 0);
}

/** Index of the first pair of a node in `nexts`, or -1. */
export function findNext(nexts: readonly number[], node: number): number {
  let low = 0;
  let high = nexts.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((nexts[middle * 2] ?? 0) < node) low = middle + 1;
    else high = middle;
  }
  return nexts[low * 2] === node ? low * 2 : -1;
}
