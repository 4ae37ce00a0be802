/**
 * The transitions of each word, computed when the word is first seen and then kept. In addition to its keys a word has a bigram index:
 * a hash table (open addressing, linear probing) from the key of a second word to the nodes that both words lead to. With it the
 * matcher skips the root's children, of which a frequent word such as "de" has hundreds.
 */
import { createNumberPool, type NumberPool } from './number-pool.ts';
import { joinerKey, listOf, numberKey, root, type Trie } from './trie.ts';
import { bloomBit, edgesAt, nodeColumns, rankAt, secondBloomBit, type TrieTables } from './trie-tables.ts';

export interface TransitionTable {
  /** Records of all words; valid until the next call of `transitionsOf`. */
  readonly numbers: Int32Array;
  /** Start index of the record of a folded word, or `noTransitions`. Whether it is a number or a joiner is no matter of its spelling. */
  transitionsOf(folded: string, isNumber: boolean, isJoiner: boolean): number;
}

/** Of a word that occurs in no pattern. */
export const noTransitions = -1;

/**
 * A record: Bloom words of the word's keys, Bloom words of the second keys in its bigram index, the longest gap before a second word
 * (-1: the word starts no longer pattern), the number of keys, the keys, the number of one-word actions, these actions.
 */
export const keyBloomAt = 0;
export const secondKeyBloomAt = 1;
export const nextBloomAt = 2;
export const secondNextBloomAt = 3;
export const maxGapAt = 4;
const keyCountAt = 5;
export const keysAt = 6;

/** Columns of a key: the key, and start and mask of its bigram hash table. */
export const keyColumns = 3;

/** Columns of a bigram: words that may be skipped in between, rank of the node between both words, target node. Their count precedes the list. */
export const bigramColumns = 3;
export const bigramRankAt = 1;
export const bigramNodeAt = 2;

/** Columns of a hash table slot: the key of the second word (-1: empty), and the start of its bigrams. */
const slotColumns = 2;
const emptySlot = -1;

export function endOfKeys(numbers: Int32Array, transitions: number): number {
  return transitions + keysAt + (numbers[transitions + keyCountAt] ?? 0) * keyColumns;
}

/** Start of the bigrams of the key at index `keyAt` with the key of a second word, or -1. */
export function findBigrams(numbers: Int32Array, keyAt: number, second: number): number {
  const slots = numbers[keyAt + 1] ?? 0;
  const mask = numbers[keyAt + 2] ?? 0;
  let slot = second & mask;
  for (;;) {
    const at = slots + slot * slotColumns;
    const found = numbers[at] ?? emptySlot;
    if (found === second) return numbers[at + 1] ?? -1;
    if (found === emptySlot) return -1;
    slot = (slot + 1) & mask;
  }
}

interface Key {
  readonly index: number;
  /** Children of the root that the key leads to. */
  readonly starts: readonly number[];
}

interface BigramIndex {
  /** Keys of second words. */
  readonly seconds: readonly number[];
  readonly slots: number;
  readonly mask: number;
  readonly maxGap: number;
}

export function createTransitionTable(trie: Trie, tables: TrieTables): TransitionTable {
  const pool = createNumberPool();
  const keysOf = createKeyReader(trie);
  const indexOf = createBigramIndexer(trie, tables, pool);
  /** By the set of keys: words with the same keys share a record. */
  const recordByKeys = new Map<string, number>([['', noTransitions]]);
  return {
    get numbers() {
      return pool.numbers;
    },
    transitionsOf(folded, isNumber, isJoiner) {
      const keys = keysOf(folded, isNumber, isJoiner);
      const name = keys.map(({ index }) => index).join(' ');
      let record = recordByKeys.get(name);
      if (record === undefined) {
        record = addRecord(pool, keys, keys.map(indexOf), trie.actions);
        recordByKeys.set(name, record);
      }
      return record;
    },
  };
}

function addRecord(
  pool: NumberPool,
  keys: readonly Key[],
  indexes: readonly BigramIndex[],
  actions: Trie['actions'],
): number {
  const seconds = indexes.flatMap((each) => each.seconds);
  const oneWordActions = new Set(keys.flatMap(({ starts }) => starts.flatMap((node) => listOf(actions, node))));
  return pool.add([
    unite(keys.map(({ index }) => bloomBit(index))),
    unite(keys.map(({ index }) => secondBloomBit(index))),
    unite(seconds.map(bloomBit)),
    unite(seconds.map(secondBloomBit)),
    Math.max(...indexes.map(({ maxGap }) => maxGap)),
    keys.length,
    ...keys.flatMap(({ index }, at) => [index, indexes[at]?.slots ?? 0, indexes[at]?.mask ?? 0]),
    oneWordActions.size,
    ...oneWordActions,
  ]);
}

/** Finds the keys of a word: itself, its stems in patterns such as `client*`, number and joiner. */
function createKeyReader({ edges }: Trie): (folded: string, isNumber: boolean, isJoiner: boolean) => Key[] {
  const keys = new Map(
    Object.entries(edges).map(([name, pairs], index): [string, Key] => [name, { index, starts: startsOf(pairs) }]),
  );
  const stems = new Set([...keys.keys()].filter((name) => name.endsWith('*')));
  const maxStemLength = Math.max(0, ...[...stems].map((stem) => stem.length - 1));
  return (folded, isNumber, isJoiner) => {
    const names = [folded];
    if (isNumber) names.push(numberKey);
    if (isJoiner) names.push(joinerKey);
    for (let length = 2; length <= Math.min(maxStemLength, folded.length); length += 1) {
      const stem = `${folded.slice(0, length)}*`;
      if (stems.has(stem)) names.push(stem);
    }
    return names.flatMap((name) => keys.get(name) ?? []);
  };
}

function startsOf(pairs: readonly number[]): number[] {
  const starts: number[] = [];
  for (let at = 0; at < pairs.length; at += 2) if (pairs[at] === root) starts.push(pairs[at + 1] ?? root);
  return starts;
}

function createBigramIndexer({ gaps }: Trie, tables: TrieTables, pool: NumberPool): (key: Key) => BigramIndex {
  /** By start nodes: the words of one list in a pattern share theirs. */
  const indexByStarts = new Map<string, BigramIndex>();
  return ({ starts }) => {
    const name = starts.join(' ');
    let index = indexByStarts.get(name);
    if (index === undefined) {
      index = addBigramIndex(pool, collectBigrams(starts, gaps, tables));
      indexByStarts.set(name, index);
    }
    return index;
  };
}

type Bigram = readonly [gap: number, rank: number, node: number];

function addBigramIndex(pool: NumberPool, bySecond: ReadonlyMap<number, readonly Bigram[]>): BigramIndex {
  const mask = slotCountFor(bySecond.size) - 1;
  const slots = new Array<number>((mask + 1) * slotColumns).fill(emptySlot);
  let maxGap = -1;
  for (const [second, bigrams] of bySecond) {
    let slot = second & mask;
    while (slots[slot * slotColumns] !== emptySlot) slot = (slot + 1) & mask;
    slots[slot * slotColumns] = second;
    slots[slot * slotColumns + 1] = pool.add([bigrams.length, ...bigrams.flat()]);
    for (const [gap] of bigrams) maxGap = Math.max(maxGap, gap);
  }
  return { seconds: [...bySecond.keys()], slots: pool.add(slots), mask, maxGap };
}

/** All nodes two words away from the root, by the key of the second word. */
function collectBigrams(
  starts: readonly number[],
  gaps: Trie['gaps'],
  { nodes, edges }: TrieTables,
): Map<number, Bigram[]> {
  const bySecond = new Map<number, Bigram[]>();
  const addEdgesOf = (node: number, gap: number): void => {
    const row = node * nodeColumns;
    const end = nodes[row + nodeColumns + edgesAt] ?? 0;
    for (let at = nodes[row + edgesAt] ?? 0; at < end; at += 2) {
      const second = edges[at] ?? 0;
      const bigrams = bySecond.get(second) ?? [];
      bigrams.push([gap, nodes[row + rankAt] ?? 0, edges[at + 1] ?? root]);
      bySecond.set(second, bigrams);
    }
  };
  for (const node of starts) {
    addEdgesOf(node, 0);
    const own = listOf(gaps, node);
    for (let at = 0; at < own.length; at += 2) addEdgesOf(own[at] ?? root, own[at + 1] ?? 0);
  }
  return bySecond;
}

/** A power of two with a load factor of one half at most, so that a miss ends after few probes. */
function slotCountFor(count: number): number {
  let size = 1;
  while (size < count * 2) size *= 2;
  return size;
}

function unite(bits: readonly number[]): number {
  return bits.reduce((all, each) => all | each, 0);
}
