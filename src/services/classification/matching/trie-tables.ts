/** The trie as tables of numbers, which a run over a text reads without making anything. */
import { root, type Trie } from './trie.ts';

/** Of each 32 bits, the one of a key. Keys share them: where both are set, the key may lead on; where one is not, it does not. */
export const bitOf = (key: number): number => 1 << (key & 31);
export const otherBitOf = (key: number): number => 1 << ((key >> 5) & 31);

/**
 * Places in the row of a node: of the bits of the keys that lead on from it, of its rank, which is lower the deeper it lies and, of one
 * depth, the older it is, and of where its edges, its waits and its actions begin. Those end where the next row's begin.
 */
export const nodeNumbers = 6;
export const bitsAt = 0;
export const otherBitsAt = 1;
export const rankAt = 2;
export const edgesAt = 3;
export const waitsAt = 4;
export const actionsAt = 5;

export interface TrieTables {
  /** A row of `nodeNumbers` for each node, and one more behind the last. */
  readonly nodes: Int32Array;
  /** Pairs of a key and the node that it leads to, in the order of keys, which are numbered in the order of the trie's edges. */
  readonly edges: Int32Array;
  /** Pairs of a node that is live too for some words more, and their number. */
  readonly waits: Int32Array;
  readonly actions: Int32Array;
}

export function createTrieTables({ nodeCount, depths, ...trie }: Trie): TrieTables {
  const nodes = new Int32Array((nodeCount + 1) * nodeNumbers);
  const edgesOf = Array.from({ length: nodeCount }, (): number[] => []);
  for (const [key, pairs] of Object.values(trie.edges).entries()) {
    for (let at = 0; at < pairs.length; at += 2) {
      const node = pairs[at] ?? root;
      const row = node * nodeNumbers;
      nodes[row + bitsAt] = (nodes[row + bitsAt] ?? 0) | bitOf(key);
      nodes[row + otherBitsAt] = (nodes[row + otherBitsAt] ?? 0) | otherBitOf(key);
      edgesOf[node]?.push(key, pairs[at + 1] ?? root);
    }
  }
  let edgesBefore = 0;
  for (let node = 0; node <= nodeCount; node += 1) {
    const row = node * nodeNumbers;
    nodes[row + edgesAt] = edgesBefore;
    nodes[row + waitsAt] = trie.waits.starts[node] ?? 0;
    nodes[row + actionsAt] = trie.actions.starts[node] ?? 0;
    edgesBefore += edgesOf[node]?.length ?? 0;
  }
  const ranked = [...depths.keys()].sort((a, b) => (depths[b] ?? 0) - (depths[a] ?? 0) || a - b);
  for (const [rank, node] of ranked.entries()) nodes[node * nodeNumbers + rankAt] = rank;
  return {
    nodes,
    edges: Int32Array.from(edgesOf.flat()),
    waits: Int32Array.from(trie.waits.values),
    actions: Int32Array.from(trie.actions.values),
  };
}
