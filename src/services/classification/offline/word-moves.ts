/** Where words lead in the trie of a taxonomy's patterns. */
import { type Edge, joinerKey, numberKey, type Trie } from './trie.ts';

/** Where a word leads in the trie. Deepest first: a node must be read before the same word writes it anew. */
export interface WordMoves {
  /** Pairs of nodes, from and to; none where there is a table. */
  readonly edges: Int32Array;
  readonly table: MoveTable | null;
}

export interface MoveTable {
  /** A bit for each node that the word leads on from. */
  readonly leadsOn: Uint8Array;
  readonly nextOf: ReadonlyMap<number, readonly number[]>;
  /** Nodes that the word alone leads to. */
  readonly begins: readonly number[];
}

/** Index of the node where every pattern begins. */
export const root = 0;

/** Words of more edges have a table. */
const mostEdges = 24;

/** How a folded word moves in the matcher; numbers and joiners are no matter of spelling. */
export type MoveReader = (folded: string, isNumber: boolean, isJoiner: boolean) => WordMoves;

export function createMoveReader(trie: Trie): MoveReader {
  const edges = new Map(Object.entries(trie.edges));
  const stems = new Set<string>();
  for (const key of edges.keys()) if (key.endsWith('*')) stems.add(key);
  const longestStem = Math.max(0, ...[...stems].map((stem) => stem.length - 1));
  const noMoves: WordMoves = { edges: new Int32Array(0), table: null };
  return (folded, isNumber, isJoiner) => {
    const found = [...(edges.get(folded) ?? [])];
    if (isNumber) found.push(...(edges.get(numberKey) ?? []));
    if (isJoiner) found.push(...(edges.get(joinerKey) ?? []));
    for (let length = 2; length <= Math.min(longestStem, folded.length); length += 1) {
      const stem = `${folded.slice(0, length)}*`;
      if (stems.has(stem)) found.push(...(edges.get(stem) ?? []));
    }
    if (found.length === 0) return noMoves;
    found.sort(([fromA, , depthA], [fromB, , depthB]) => depthB - depthA || fromA - fromB);
    if (found.length > mostEdges) return { edges: noMoves.edges, table: toTable(found, trie.nodeCount) };
    return { edges: Int32Array.from(found.flatMap((edge) => edge.slice(0, 2))), table: null };
  };
}

function toTable(edges: readonly Edge[], nodeCount: number): MoveTable {
  const leadsOn = new Uint8Array((nodeCount >> 3) + 1);
  const nextOf = new Map<number, number[]>();
  const begins: number[] = [];
  for (const [from, to] of edges) {
    const known = nextOf.get(from);
    if (from === root) begins.push(to);
    else if (known !== undefined) known.push(to);
    else nextOf.set(from, [to]);
    if (from !== root) leadsOn[from >> 3] = (leadsOn[from >> 3] ?? 0) | (1 << (from & 7));
  }
  return { leadsOn, nextOf, begins };
}
