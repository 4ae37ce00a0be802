/** The nodes of a trie as one table of numbers, and the bits by which most words are ruled out without a look at the trie. */
import { root, type Trie } from './trie.ts';

/**
 * By node `nodeNumbers` numbers: bits and other bits of the keys that lead on from it, where its waits and its actions begin. They end
 * where those of the next node begin; one row more stands behind the last.
 */
export type NodeTable = Int32Array;
export const nodeNumbers = 4;

/** Of each 32 bits, the one of a key. Keys share them: where both are set, the key may lead on; where one is not, it does not. */
export const bitOf = (key: number): number => 1 << (key & 31);
export const otherBitOf = (key: number): number => 1 << ((key >> 5) & 31);

/** Keys are numbered in the order of the trie's edges. */
export function createNodeTable({ nodeCount, edges, waits, actions }: Trie): NodeTable {
  const table = new Int32Array((nodeCount + 1) * nodeNumbers);
  for (let node = 0; node <= nodeCount; node += 1) {
    table[node * nodeNumbers + 2] = waits.starts[node] ?? 0;
    table[node * nodeNumbers + 3] = actions.starts[node] ?? 0;
  }
  let key = 0;
  for (const pairs of Object.values(edges)) {
    for (let at = 0; at < pairs.length; at += 2) {
      const place = (pairs[at] ?? root) * nodeNumbers;
      table[place] = (table[place] ?? 0) | bitOf(key);
      table[place + 1] = (table[place + 1] ?? 0) | otherBitOf(key);
    }
    key += 1;
  }
  return table;
}
