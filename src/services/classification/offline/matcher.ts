/**
 * Finds every pattern of a set in one pass over the tokens. The patterns are one trie; instead of walking it with all live matches at
 * each word, each word carries the edges it may move along, and a node remembers until when it is live. So a word costs what its own
 * edges cost, however many matches are under way.
 */
import type { EdgeReader } from './lexicon.ts';
import type { Token } from './tokens.ts';
import { joinerKey, numberKey, type Trie } from './trie.ts';

/** Told of every match: what it means, and the indexes of its first and last token. */
export type OnMatch = (action: number, first: number, last: number) => void;

export interface Matcher {
  readonly readEdges: EdgeReader;
  /** Tells every match, in the order of its last word. The first token must begin a sentence. */
  run(tokens: readonly Token[], onMatch: OnMatch): void;
}

/** Longer than any gap: after it nothing of the sentence before is live. */
const sentenceTicks = 64;

/** Ticks of a run stay far below what 32 bits hold; before they might not, all nodes are forgotten. */
const maxTick = 1_000_000_000;

/** A matcher holds the state of its run and is not re-entrant; a run is synchronous, so nothing can enter it. */
export function createMatcher(trie: Trie, actionCount: number): Matcher {
  const actions = { starts: Int32Array.from(trie.actions.starts), values: Int32Array.from(trie.actions.values) };
  const waits = { starts: Int32Array.from(trie.waits.starts), values: Int32Array.from(trie.waits.values) };
  const liveUntil = new Int32Array(trie.nodeCount).fill(-1);
  const firstOf = new Int32Array(trie.nodeCount);
  const lastFirst = new Int32Array(actionCount).fill(-1);
  let tick = 0;

  const arrive = (to: number, first: number, last: number, base: number, onMatch: OnMatch): void => {
    liveUntil[to] = tick + 1;
    firstOf[to] = first;
    const endOfWaits = waits.starts[to + 1] ?? 0;
    for (let at = waits.starts[to] ?? 0; at < endOfWaits; at += 2) {
      const node = waits.values[at] ?? 0;
      liveUntil[node] = tick + 1 + (waits.values[at + 1] ?? 0);
      firstOf[node] = first;
    }
    const endOfActions = actions.starts[to + 1] ?? 0;
    for (let at = actions.starts[to] ?? 0; at < endOfActions; at += 1) {
      const action = actions.values[at] ?? 0;
      // The shortest of several ends of one action from one first word is the one kept.
      if (lastFirst[action] === base + first) continue;
      lastFirst[action] = base + first;
      onMatch(action, first, last);
    }
  };

  return {
    readEdges: createEdgeReader(trie.edges),
    run(tokens, onMatch) {
      if (tick + tokens.length * sentenceTicks > maxTick) {
        tick = 0;
        liveUntil.fill(-1);
        lastFirst.fill(-1);
      }
      tick += sentenceTicks;
      const base = tick;
      for (let index = 0; index < tokens.length; index += 1) {
        const token = tokens[index];
        if (token === undefined) break;
        tick += token.brk === 'sentence' ? sentenceTicks : 1;
        const moves = token.word.edges;
        for (let at = 0; at < moves.length; at += 2) {
          const from = moves[at] ?? 0;
          if (from === 0) arrive(moves[at + 1] ?? 0, index, index, base, onMatch);
          else if ((liveUntil[from] ?? 0) >= tick) arrive(moves[at + 1] ?? 0, firstOf[from] ?? 0, index, base, onMatch);
        }
      }
    },
  };
}

/** Deepest edges first: a node must be read before the same word writes it anew. */
function createEdgeReader(trieEdges: Trie['edges']): EdgeReader {
  const edges = new Map(Object.entries(trieEdges));
  const stems = new Set<string>();
  for (const key of edges.keys()) if (key.endsWith('*')) stems.add(key);
  const longestStem = Math.max(0, ...[...stems].map((stem) => stem.length - 1));
  const none = new Int32Array(0);
  return (folded, isNumber, isJoiner) => {
    const found = [...(edges.get(folded) ?? [])];
    if (isNumber) found.push(...(edges.get(numberKey) ?? []));
    if (isJoiner) found.push(...(edges.get(joinerKey) ?? []));
    for (let length = 2; length <= Math.min(longestStem, folded.length); length += 1) {
      const stem = `${folded.slice(0, length)}*`;
      if (stems.has(stem)) found.push(...(edges.get(stem) ?? []));
    }
    if (found.length === 0) return none;
    found.sort(([fromA, , depthA], [fromB, , depthB]) => depthB - depthA || fromA - fromB);
    return Int32Array.from(found.flatMap((edge) => edge.slice(0, 2)));
  };
}
