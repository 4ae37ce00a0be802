/** The nodes of a trie as one table of numbers, and the bits by which most words are ruled out without a look at the trie. */
import { root, type Trie } from './trie.ts';

/** A row of `rowNumbers` for each node, and one more behind the last. */
export type NodeTable = Int32Array;
export const rowNumbers = 4;
/**
 * Places in a row: of the bits and other bits of the keys that lead on from the node, and of where its waits and its actions begin.
 * Those end where the next row's begin.
 */
export const bitsAt = 0;
export const otherBitsAt = 1;
export const waitsAt = 2;
export const actionsAt = 3;

/** Of each 32 bits, the one of a key. Keys share them: where both are set, the key may lead on; where one is not, it does not. */
export const bitOf = (key: number): number => 1 << (key & 31);
export const otherBitOf = (key: number): number => 1 << ((key >> 5) & 31);

/** Keys are numbered in the order of the trie's edges. */
export function createNodeTable({ nodeCount, edges, waits, actions }: Trie): NodeTable {
  const table = new Int32Array((nodeCount + 1) * rowNumbers);
  for (let node = 0; node <= nodeCount; node += 1) {
    const row = node * rowNumbers;
    table[row + waitsAt] = waits.starts[node] ?? 0;
    table[row + actionsAt] = actions.starts[node] ?? 0;
  }
  let key = 0;
  for (const pairs of Object.values(edges)) {
    for (let at = 0; at < pairs.length; at += 2) {
      const row = (pairs[at] ?? root) * rowNumbers;
      table[row + bitsAt] = (table[row + bitsAt] ?? 0) | bitOf(key);
      table[row + otherBitsAt] = (table[row + otherBitsAt] ?? 0) | otherBitOf(key);
    }
    key += 1;
  }
  return table;
}
