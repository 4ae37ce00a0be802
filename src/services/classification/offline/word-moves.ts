/** Where words lead in the trie of a taxonomy's patterns. */
import { bitOf, type NodeTable, nodeNumbers, otherBitOf } from './node-table.ts';
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
  /** Nodes that the word alone leads to and only the very next word leads on from. */
  readonly starts: readonly number[];
  /** Bits of all words that lead on from `starts`. */
  readonly startBits: number;
  readonly otherStartBits: number;
  /** Pairs of a node that the word alone leads to and the number of words it waits for. */
  readonly waits: readonly number[];
  readonly longestWait: number;
  readonly waitBits: number;
  readonly otherWaitBits: number;
}

/** Of a word that no pattern has. */
export const noMoves: WordMoves = {
  bits: 0,
  otherBits: 0,
  nexts: [],
  actions: [],
  starts: [],
  startBits: 0,
  otherStartBits: 0,
  waits: [],
  longestWait: 0,
  waitBits: 0,
  otherWaitBits: 0,
};

/** How a folded word moves in the matcher; numbers and joiners are no matter of spelling. */
export type MoveReader = (folded: string, isNumber: boolean, isJoiner: boolean) => WordMoves;

export function createMoveReader(trie: Trie, nodes: NodeTable): MoveReader {
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
    const moves =
      known.get(names) ??
      readKeys(
        found.flatMap((name) => keys.get(name) ?? []),
        trie,
        nodes,
      );
    known.set(names, moves);
    return moves;
  };
}

interface Key {
  readonly index: number;
  readonly pairs: readonly number[];
}

type Edge = readonly [from: number, to: number];

function readKeys(keys: readonly Key[], trie: Trie, nodes: NodeTable): WordMoves {
  const edges = keys.flatMap(({ pairs }) => readEdges(pairs));
  const nexts = edges.filter(([from]) => from !== root).sort(([a], [b]) => a - b);
  const begins = [...new Set(edges.flatMap(([from, to]) => (from === root ? [to] : [])))];
  const waits = begins.flatMap((node) => listOf(trie.waits, node));
  const waitNodes = waits.filter((_each, at) => at % 2 === 0);
  const starts = begins.filter((node) => nodes[node * nodeNumbers] !== 0);
  return {
    bits: unite(keys.map(({ index }) => bitOf(index))),
    otherBits: unite(keys.map(({ index }) => otherBitOf(index))),
    nexts: nexts.flat(),
    actions: [...new Set(begins.flatMap((node) => listOf(trie.actions, node)))],
    starts,
    startBits: unite(starts.map((node) => nodes[node * nodeNumbers] ?? 0)),
    otherStartBits: unite(starts.map((node) => nodes[node * nodeNumbers + 1] ?? 0)),
    waits,
    longestWait: Math.max(0, ...waits.filter((_each, at) => at % 2 === 1)),
    waitBits: unite(waitNodes.map((node) => nodes[node * nodeNumbers] ?? 0)),
    otherWaitBits: unite(waitNodes.map((node) => nodes[node * nodeNumbers + 1] ?? 0)),
  };
}

function readEdges(pairs: readonly number[]): Edge[] {
  return Array.from({ length: pairs.length / 2 }, (_each, at) => [pairs[at * 2] ?? root, pairs[at * 2 + 1] ?? root]);
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
