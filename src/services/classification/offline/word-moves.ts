/** Where words lead in the trie of a taxonomy's patterns. */
import { joinerKey, numberKey, type Trie } from './trie.ts';

/** Where a word leads in the trie. */
export interface WordMoves {
  /** Nodes that the word alone leads to. */
  readonly begins: readonly number[];
  /** Pairs of a node that an earlier word led to and one that follows it, in the order of the first. */
  readonly nexts: readonly number[];
  /** Of the 32 that nodes remember, the bit of this word; words share them. */
  readonly bit: number;
}

/** Index of the node where every pattern begins. */
export const root = 0;

/** How a folded word moves in the matcher; numbers and joiners are no matter of spelling. */
export type MoveReader = (folded: string, isNumber: boolean, isJoiner: boolean) => WordMoves;

/** `leadingOn` gets the bits of the words that lead on from a node, so that most are ruled out without a look at their map. */
export function createMoveReader(trie: Trie, leadingOn: Int32Array): MoveReader {
  const edges = new Map(Object.entries(trie.edges));
  const stems = new Set<string>();
  for (const key of edges.keys()) if (key.endsWith('*')) stems.add(key);
  const longestStem = Math.max(0, ...[...stems].map((stem) => stem.length - 1));
  const noMoves: WordMoves = { begins: [], nexts: [], bit: 0 };
  let readCount = 0;
  return (folded, isNumber, isJoiner) => {
    const found: Edge[] = [];
    const add = (key: string): void => {
      const pairs = edges.get(key) ?? [];
      for (let at = 0; at < pairs.length; at += 2) found.push([pairs[at] ?? 0, pairs[at + 1] ?? 0]);
    };
    add(folded);
    if (isNumber) add(numberKey);
    if (isJoiner) add(joinerKey);
    for (let length = 2; length <= Math.min(longestStem, folded.length); length += 1) {
      const stem = `${folded.slice(0, length)}*`;
      if (stems.has(stem)) add(stem);
    }
    if (found.length === 0) return noMoves;
    readCount += 1;
    return readEdges(found, 1 << (readCount & 31), leadingOn);
  };
}

type Edge = readonly [from: number, to: number];

function readEdges(edges: readonly Edge[], bit: number, leadingOn: Int32Array): WordMoves {
  const nexts = edges.filter(([from]) => from !== root).sort(([a], [b]) => a - b);
  for (const [from] of nexts) leadingOn[from] = (leadingOn[from] ?? 0) | bit;
  return { begins: edges.flatMap(([from, to]) => (from === root ? [to] : [])), nexts: nexts.flat(), bit };
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
