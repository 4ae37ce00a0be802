/**
 * Finds every pattern of a set in one pass over the tokens: a trie of patterns, run as a nondeterministic finite automaton. README.md
 * explains the data structures, why they are there, and what they gain.
 */
import { ActiveStates, Candidates } from './run-state.ts';
import { root, type Trie } from './trie.ts';
import {
  actionsAt,
  bloomAt,
  createTrieTables,
  edgesAt,
  findEdge,
  gapsAt,
  nodeColumns,
  rankAt,
  secondBloomAt,
  type TrieTables,
} from './trie-tables.ts';
import {
  bigramColumns,
  bigramNodeAt,
  bigramRankAt,
  createTransitionTable,
  endOfKeys,
  findBigrams,
  keyBloomAt,
  keyColumns,
  keysAt,
  maxGapAt,
  nextBloomAt,
  noTransitions,
  secondKeyBloomAt,
  secondNextBloomAt,
  type TransitionTable,
} from './word-transitions.ts';

/** Called for every match with its action and the indexes of its first and last token. */
export type OnMatch = (action: number, first: number, last: number) => void;

export interface MatchToken {
  /** `transitions`: what `transitionsOf` returned for the word. */
  readonly word: { readonly transitions: number };
  /** What separates the token from the one before; no match crosses a sentence. */
  readonly brk: 'none' | 'clause' | 'sentence';
}

export interface Matcher {
  /** What a word can do in the patterns, as a number to keep with the word. The same for equal arguments. */
  transitionsOf(folded: string, isNumber: boolean, isJoiner: boolean): number;
  /**
   * Reports every match, in the order of last tokens. Longer matches that follow a match of the same action and first token are left
   * out, unless the action was reported for another first token in between. Synchronous and not re-entrant.
   */
  run(tokens: readonly MatchToken[], onMatch: OnMatch): void;
}

export function createMatcher(trie: Trie, actionCount: number): Matcher {
  return new TrieMatcher(trie, actionCount);
}

/** Token positions grow over all runs; before they could overflow 32 bits, they restart at 0. */
const maxPosition = 1_000_000_000;

class TrieMatcher implements Matcher {
  private readonly tables: TrieTables;
  private readonly transitionTable: TransitionTable;
  /** States that at least two words of the text led to. */
  private readonly active = new ActiveStates();
  /** Words that may start a longer pattern: their transitions in place of a node. Their children of the root are never expanded. */
  private readonly pending = new ActiveStates();
  private readonly candidates = new Candidates();
  /** By action: position of the first token of the last reported match. */
  private readonly reportedFirst: Int32Array;
  /** Position of the first token of this run. Positions are unique over all runs, so `reportedFirst` needs no reset. */
  private basePosition = 0;

  constructor(trie: Trie, actionCount: number) {
    this.tables = createTrieTables(trie);
    this.transitionTable = createTransitionTable(trie, this.tables);
    this.reportedFirst = new Int32Array(actionCount).fill(-1);
  }

  transitionsOf(folded: string, isNumber: boolean, isJoiner: boolean): number {
    return this.transitionTable.transitionsOf(folded, isNumber, isJoiner);
  }

  run(tokens: readonly MatchToken[], onMatch: OnMatch): void {
    const { active, pending, candidates } = this;
    const { numbers } = this.transitionTable;
    this.startRun(tokens.length);
    for (let index = 0; index < tokens.length; index += 1) {
      const token = tokens[index];
      if (token === undefined) break;
      if (token.brk === 'sentence') {
        active.count = 0;
        pending.count = 0;
      }
      const { transitions } = token.word;
      if (transitions === noTransitions) continue;
      candidates.count = 0;
      this.extendActive(numbers, transitions, index);
      this.extendPending(numbers, transitions, index);
      for (let at = 0; at < candidates.count; at += 1)
        this.enter(candidates.nodes[at] ?? root, candidates.firsts[at] ?? 0, index, onMatch);
      this.start(numbers, transitions, index, onMatch);
    }
    this.basePosition += tokens.length;
  }

  private startRun(tokenCount: number): void {
    if (this.basePosition + tokenCount > maxPosition) {
      this.basePosition = 0;
      this.reportedFirst.fill(-1);
    }
    this.active.count = 0;
    this.pending.count = 0;
  }

  /** Collects the nodes that a word leads to from active states, and drops expired states. */
  private extendActive(numbers: Int32Array, transitions: number, index: number): void {
    const { active } = this;
    const { nodes } = this.tables;
    let kept = 0;
    const bloom = numbers[transitions + keyBloomAt] ?? 0;
    const secondBloom = numbers[transitions + secondKeyBloomAt] ?? 0;
    const end = endOfKeys(numbers, transitions);
    for (let at = 0; at < active.count; at += 1) {
      const expiry = active.expiries[at] ?? 0;
      if (expiry < index) continue;
      const node = active.nodes[at] ?? root;
      const first = active.firsts[at] ?? 0;
      if (expiry > index) {
        if (kept < at) active.move(at, kept);
        kept += 1;
      }
      const row = node * nodeColumns;
      if (((nodes[row + bloomAt] ?? 0) & bloom) !== 0 && ((nodes[row + secondBloomAt] ?? 0) & secondBloom) !== 0)
        for (let key = transitions + keysAt; key < end; key += keyColumns) this.follow(node, numbers[key] ?? 0, first);
    }
    active.count = kept;
  }

  private follow(node: number, key: number, first: number): void {
    const { nodes, edges } = this.tables;
    const row = node * nodeColumns;
    const end = nodes[row + nodeColumns + edgesAt] ?? 0;
    const rank = nodes[row + rankAt] ?? 0;
    for (let at = findEdge(edges, nodes[row + edgesAt] ?? 0, end, key); at < end && edges[at] === key; at += 2)
      this.candidates.put(rank, edges[at + 1] ?? root, first);
  }

  /** Collects the nodes that a word leads to as the second word of a pattern, and drops expired first words. */
  private extendPending(numbers: Int32Array, transitions: number, index: number): void {
    const { pending } = this;
    let kept = 0;
    const bloom = numbers[transitions + keyBloomAt] ?? 0;
    const secondBloom = numbers[transitions + secondKeyBloomAt] ?? 0;
    for (let at = 0; at < pending.count; at += 1) {
      const expiry = pending.expiries[at] ?? 0;
      if (expiry < index) continue;
      if (kept < at) pending.move(at, kept);
      const before = pending.nodes[kept] ?? 0;
      const first = pending.firsts[kept] ?? 0;
      kept += 1;
      if (
        ((numbers[before + nextBloomAt] ?? 0) & bloom) !== 0 &&
        ((numbers[before + secondNextBloomAt] ?? 0) & secondBloom) !== 0
      )
        this.followBigrams(numbers, { before, transitions, first, index });
    }
    pending.count = kept;
  }

  private followBigrams(
    numbers: Int32Array,
    { before, transitions, first, index }: { before: number; transitions: number; first: number; index: number },
  ): void {
    const endBefore = endOfKeys(numbers, before);
    const end = endOfKeys(numbers, transitions);
    for (let firstKey = before + keysAt; firstKey < endBefore; firstKey += keyColumns) {
      for (let secondKey = transitions + keysAt; secondKey < end; secondKey += keyColumns) {
        const bigrams = findBigrams(numbers, firstKey, numbers[secondKey] ?? 0);
        if (bigrams < 0) continue;
        const endOfBigrams = bigrams + 1 + (numbers[bigrams] ?? 0) * bigramColumns;
        for (let at = bigrams + 1; at < endOfBigrams; at += bigramColumns)
          if (first + 1 + (numbers[at] ?? 0) >= index)
            this.candidates.put(numbers[at + bigramRankAt] ?? 0, numbers[at + bigramNodeAt] ?? 0, first);
      }
    }
  }

  /** Makes a node active, with its gaps, and reports its actions. */
  private enter(node: number, first: number, last: number, onMatch: OnMatch): void {
    const { nodes, gaps, actions } = this.tables;
    const row = node * nodeColumns;
    if (nodes[row + bloomAt] !== 0) this.active.add(node, last + 1, first);
    const endOfGaps = nodes[row + nodeColumns + gapsAt] ?? 0;
    for (let at = nodes[row + gapsAt] ?? 0; at < endOfGaps; at += 2)
      this.active.add(gaps[at] ?? 0, last + 1 + (gaps[at + 1] ?? 0), first);
    const endOfActions = nodes[row + nodeColumns + actionsAt] ?? 0;
    for (let at = nodes[row + actionsAt] ?? 0; at < endOfActions; at += 1)
      this.report(actions[at] ?? 0, first, last, onMatch);
  }

  /** Takes a word as the first of a pattern, and reports the patterns that are this word alone. */
  private start(numbers: Int32Array, transitions: number, index: number, onMatch: OnMatch): void {
    const maxGap = numbers[transitions + maxGapAt] ?? -1;
    if (maxGap >= 0) this.pending.add(transitions, index + 1 + maxGap, index);
    const actionCountAt = endOfKeys(numbers, transitions);
    const lastAction = actionCountAt + (numbers[actionCountAt] ?? 0);
    for (let at = actionCountAt + 1; at <= lastAction; at += 1) this.report(numbers[at] ?? 0, index, index, onMatch);
  }

  private report(action: number, first: number, last: number, onMatch: OnMatch): void {
    const position = this.basePosition + first;
    if (this.reportedFirst[action] === position) return;
    this.reportedFirst[action] = position;
    onMatch(action, first, last);
  }
}
