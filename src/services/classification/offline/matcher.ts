/**
 * Finds every pattern of a set in one pass over the tokens. The patterns are one trie, and a node remembers until when it is live.
 * A word like "de" leads on from five hundred nodes, while only a few are live: those are asked whether the word leads on from them.
 */
import type { Token } from './tokens.ts';
import type { Trie } from './trie.ts';
import { createMoveReader, findNext, type MoveReader, type WordMoves } from './word-moves.ts';

/** Told of every match: what it means, and the indexes of its first and last token. */
export type OnMatch = (action: number, first: number, last: number) => void;

export interface Matcher {
  readonly readMoves: MoveReader;
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
  const depths = Uint8Array.from(trie.depths);
  /** Nodes that some pattern goes on from: only they are ever live. */
  const goesOn = new Uint8Array(trie.nodeCount);
  for (const pairs of Object.values(trie.edges)) {
    for (let at = 0; at < pairs.length; at += 2) goesOn[pairs[at] ?? 0] = 1;
  }
  const leadingOn = new Int32Array(trie.nodeCount);
  /** The first `listedCount` are the nodes that are live, and some that were a moment ago. */
  const listed = new Int32Array(trie.nodeCount);
  const isListed = new Uint8Array(trie.nodeCount);
  let listedCount = 0;
  let tick = 0;

  const keepLive = (node: number, until: number, first: number): void => {
    if (goesOn[node] === 0) return;
    liveUntil[node] = until;
    firstOf[node] = first;
    if (isListed[node] === 1) return;
    isListed[node] = 1;
    listed[listedCount] = node;
    listedCount += 1;
  };

  const isDeeper = (node: number, than: number): boolean => {
    const deeper = (depths[node] ?? 0) - (depths[than] ?? 0);
    return deeper > 0 || (deeper === 0 && node < than);
  };

  const found: number[] = [];
  /**
   * Puts the live nodes that a word leads on from into `found`, and says how many; strikes off what is live no longer.
   * Deepest first: a node must be read before the same word writes it anew.
   */
  const findLeadingOn = ({ bit, nexts }: WordMoves): number => {
    let count = 0;
    let kept = 0;
    for (let at = 0; at < listedCount; at += 1) {
      const node = listed[at] ?? 0;
      if ((liveUntil[node] ?? 0) < tick) {
        isListed[node] = 0;
        continue;
      }
      listed[kept] = node;
      kept += 1;
      if (((leadingOn[node] ?? 0) & bit) === 0 || findNext(nexts, node) < 0) continue;
      let place = count;
      for (; place > 0 && isDeeper(node, found[place - 1] ?? 0); place -= 1) found[place] = found[place - 1] ?? 0;
      found[place] = node;
      count += 1;
    }
    listedCount = kept;
    return count;
  };

  const arrive = (to: number, first: number, last: number, base: number, onMatch: OnMatch): void => {
    keepLive(to, tick + 1, first);
    const endOfWaits = waits.starts[to + 1] ?? 0;
    for (let at = waits.starts[to] ?? 0; at < endOfWaits; at += 2) {
      keepLive(waits.values[at] ?? 0, tick + 1 + (waits.values[at + 1] ?? 0), first);
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

  const follow = (moves: WordMoves, index: number, base: number, onMatch: OnMatch): void => {
    const { begins, nexts } = moves;
    const count = listedCount === 0 ? 0 : findLeadingOn(moves);
    for (let at = 0; at < count; at += 1) {
      const from = found[at] ?? 0;
      const first = firstOf[from] ?? 0;
      for (let pair = findNext(nexts, from); nexts[pair] === from; pair += 2)
        arrive(nexts[pair + 1] ?? 0, first, index, base, onMatch);
    }
    for (const to of begins) arrive(to, index, index, base, onMatch);
  };

  const forget = (): void => {
    tick = 0;
    listedCount = 0;
    isListed.fill(0);
    liveUntil.fill(-1);
    lastFirst.fill(-1);
  };

  return {
    readMoves: createMoveReader(trie, leadingOn),
    run(tokens, onMatch) {
      if (tick + tokens.length * sentenceTicks > maxTick) forget();
      tick += sentenceTicks;
      const base = tick;
      for (let index = 0; index < tokens.length; index += 1) {
        const token = tokens[index];
        if (token === undefined) break;
        tick += token.brk === 'sentence' ? sentenceTicks : 1;
        const { moves } = token.word;
        if (moves.bit !== 0) follow(moves, index, base, onMatch);
      }
    },
  };
}
