/**
 * The matcher in its plainest form: the trie, run as a nondeterministic automaton with maps and objects, without tables, filters or a
 * bigram index. Tests compare the real matcher with it.
 */
import type { Matcher, OnMatch } from '../../../../../src/services/classification/matching/matcher.ts';
import {
  joinerKey,
  listOf,
  numberKey,
  root,
  type Trie,
} from '../../../../../src/services/classification/matching/trie.ts';

interface State {
  readonly node: number;
  /** Index of the last token that may extend it. */
  readonly expiry: number;
  readonly first: number;
  /** Whether it is one word away from the root. */
  readonly isStart: boolean;
}

export function createReferenceMatcher(trie: Trie): Matcher {
  const edges = new Map(Object.entries(trie.edges));
  const keysOfWords: (readonly string[])[] = [];
  const keysOf = (folded: string, isNumber: boolean, isJoiner: boolean): readonly string[] => [
    folded,
    ...(isNumber ? [numberKey] : []),
    ...(isJoiner ? [joinerKey] : []),
    ...Array.from({ length: Math.max(0, folded.length - 1) }, (_each, at) => `${folded.slice(0, at + 2)}*`),
  ];
  const childrenOf = (node: number, keys: readonly string[]): number[] =>
    keys.flatMap((key) => {
      const pairs = edges.get(key) ?? [];
      return pairs.filter((_each, at) => at % 2 === 1 && pairs[at - 1] === node);
    });
  const depthOf = (node: number): number => trie.depths[node] ?? 0;

  /** The states of a node that a word has led to: the node itself and its gaps. */
  const statesOf = (node: number, index: number, first: number, isStart: boolean): State[] => {
    const gaps = listOf(trie.gaps, node);
    const states = [{ node, expiry: index + 1, first, isStart }];
    for (let at = 0; at < gaps.length; at += 2)
      states.push({ node: gaps[at] ?? root, expiry: index + 1 + (gaps[at + 1] ?? 0), first, isStart });
    return states;
  };

  return {
    transitionsOf: (folded, isNumber, isJoiner) => keysOfWords.push(keysOf(folded, isNumber, isJoiner)) - 1,
    run(tokens, onMatch) {
      const lastFirst = new Map<number, number>();
      const report: OnMatch = (action, first, last) => {
        if (lastFirst.get(action) === first) return;
        lastFirst.set(action, first);
        onMatch(action, first, last);
      };
      let states: State[] = [];
      for (const [index, { word, brk }] of tokens.entries()) {
        if (brk === 'sentence') states = [];
        states = states.filter(({ expiry }) => expiry >= index);
        const keys = keysOfWords[word.transitions] ?? [];
        // By child node; of two ways to a node the last one counts, and states next to the root come last.
        const reached = new Map<number, { from: number; first: number }>();
        for (const isStart of [false, true])
          for (const state of states.filter((each) => each.isStart === isStart))
            for (const node of childrenOf(state.node, keys)) {
              const from = reached.get(node)?.from ?? state.node;
              reached.set(node, { from, first: state.first });
            }
        const ordered = [...reached].sort(([, a], [, b]) => depthOf(b.from) - depthOf(a.from) || a.from - b.from);
        states = states.filter(({ expiry }) => expiry > index);
        for (const [node, { first }] of ordered) {
          states.push(...statesOf(node, index, first, false));
          for (const action of listOf(trie.actions, node)) report(action, first, index);
        }
        for (const node of childrenOf(root, keys)) {
          states.push(...statesOf(node, index, index, true));
          for (const action of listOf(trie.actions, node)) report(action, index, index);
        }
      }
    },
  };
}
