/** The trie as integer tables, which the matcher reads without allocating. */
import { root, type Trie } from './trie.ts';

/** Two-hash Bloom filter of outgoing keys, 32 bits a hash: if either bit of a key is clear, no edge has that key. */
export const bloomBit = (key: number): number => 1 << (key & 31);
export const secondBloomBit = (key: number): number => 1 << ((key >> 5) & 31);

/**
 * Columns of a node's row: both Bloom words of its outgoing keys, its rank (lower for deeper nodes, then for older ones;
 * the matcher expands low ranks first), and the start indexes of its edges, gaps and actions. Each range ends where that of the next row starts.
 */
export const nodeColumns = 6;
export const bloomAt = 0;
export const secondBloomAt = 1;
export const rankAt = 2;
export const edgesAt = 3;
export const gapsAt = 4;
export const actionsAt = 5;

export interface TrieTables {
  /** One row of `nodeColumns` numbers for each node, and one more row that ends the last ranges. */
  readonly nodes: Int32Array;
  /** Pairs of a key and a child node, sorted by key within a node. Keys are numbered in the order of `Trie.edges`. */
  readonly edges: Int32Array;
  /** Pairs of a gap node and its maximum number of skipped words. */
  readonly gaps: Int32Array;
  readonly actions: Int32Array;
}

export function createTrieTables({ nodeCount, depths, ...trie }: Trie): TrieTables {
  const nodes = new Int32Array((nodeCount + 1) * nodeColumns);
  const edgesOf = Array.from({ length: nodeCount }, (): number[] => []);
  for (const [key, pairs] of Object.values(trie.edges).entries()) {
    for (let at = 0; at < pairs.length; at += 2) {
      const node = pairs[at] ?? root;
      const row = node * nodeColumns;
      nodes[row + bloomAt] = (nodes[row + bloomAt] ?? 0) | bloomBit(key);
      nodes[row + secondBloomAt] = (nodes[row + secondBloomAt] ?? 0) | secondBloomBit(key);
      edgesOf[node]?.push(key, pairs[at + 1] ?? root);
    }
  }
  let edgesBefore = 0;
  for (let node = 0; node <= nodeCount; node += 1) {
    const row = node * nodeColumns;
    nodes[row + edgesAt] = edgesBefore;
    nodes[row + gapsAt] = trie.gaps.starts[node] ?? 0;
    nodes[row + actionsAt] = trie.actions.starts[node] ?? 0;
    edgesBefore += edgesOf[node]?.length ?? 0;
  }
  const ranked = [...depths.keys()].sort((a, b) => (depths[b] ?? 0) - (depths[a] ?? 0) || a - b);
  for (const [rank, node] of ranked.entries()) nodes[node * nodeColumns + rankAt] = rank;
  return {
    nodes,
    edges: Int32Array.from(edgesOf.flat()),
    gaps: Int32Array.from(trie.gaps.values),
    actions: Int32Array.from(trie.actions.values),
  };
}

/** Binary search: index of the first edge in a range whose key is not lower. */
export function findEdge(edges: Int32Array, start: number, end: number, key: number): number {
  let low = start >> 1;
  let high = end >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((edges[middle * 2] ?? 0) < key) low = middle + 1;
    else high = middle;
  }
  return low * 2;
}
