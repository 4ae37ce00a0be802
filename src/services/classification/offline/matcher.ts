/**
 * Finds every pattern of a set in one pass over the tokens. The patterns are one trie; instead of walking it with all live matches at
 * each word, each word carries the edges it may move along, and a node remembers until when it is live. So a word costs what its own
 * edges cost, however many matches are under way.
 */
import type { PatternElement, PatternSequence } from '../../../models/cue-pattern.ts';
import type { EdgeReader } from './lexicon.ts';
import type { Token } from './tokens.ts';

export interface Match {
  readonly action: number;
  /** Index of the first token. */
  readonly first: number;
  /** Index of the last token. */
  readonly last: number;
}

export interface Matcher {
  readonly readEdges: EdgeReader;
  /** Every match, in the order of its last word. The first token must begin a sentence. */
  run(tokens: readonly Token[]): Match[];
}

export interface Pattern {
  readonly sequence: PatternSequence;
  readonly action: number;
}

interface Node {
  readonly index: number;
  readonly depth: number;
  readonly children: Map<string, Node>;
  readonly waits: { readonly maxWords: number; readonly node: Node }[];
  readonly actions: number[];
}

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly depth: number;
}

/** What moves on a number, and on the "y" of "treinta y dos". */
const numberKey = '#';
const joinerKey = '&';
/** Longer than any gap: after it nothing of the sentence before is live. */
const sentenceTicks = 64;

/** Ticks of a run stay far below what 32 bits hold; before they might not, all nodes are forgotten. */
const maxTick = 1_000_000_000;

/** Compiles patterns. A matcher holds the state of its run and is not re-entrant; a run is synchronous, so nothing can enter it. */
export function createMatcher(patterns: readonly Pattern[], actionCount: number): Matcher {
  const { nodes, edges } = buildTrie(patterns);
  const actions = flatten(nodes.map((node) => node.actions));
  const waits = flatten(nodes.map((node) => node.waits.flatMap((wait) => [wait.node.index, wait.maxWords])));
  const liveUntil = new Int32Array(nodes.length).fill(-1);
  const firstOf = new Int32Array(nodes.length);
  const lastFirst = new Int32Array(actionCount).fill(-1);
  let tick = 0;

  const arrive = (to: number, first: number, last: number, base: number, matches: Match[]): void => {
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
      matches.push({ action, first, last });
    }
  };

  return {
    readEdges: createEdgeReader(edges),
    run(tokens) {
      const matches: Match[] = [];
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
          if (from === 0) arrive(moves[at + 1] ?? 0, index, index, base, matches);
          else if ((liveUntil[from] ?? 0) >= tick) arrive(moves[at + 1] ?? 0, firstOf[from] ?? 0, index, base, matches);
        }
      }
      return matches;
    },
  };
}

/** Lists of numbers in two flat arrays: list `n` runs from `starts[n]` to `starts[n + 1]`. */
interface Flat {
  readonly starts: Int32Array;
  readonly values: Int32Array;
}

function flatten(lists: readonly (readonly number[])[]): Flat {
  const starts = new Int32Array(lists.length + 1);
  lists.forEach((list, index) => {
    starts[index + 1] = (starts[index] ?? 0) + list.length;
  });
  return { starts, values: Int32Array.from(lists.flat()) };
}

function buildTrie(patterns: readonly Pattern[]): { nodes: Node[]; edges: Map<string, Edge[]> } {
  const nodes: Node[] = [];
  const edges = new Map<string, Edge[]>();
  const createNode = (depth: number): Node => {
    const node: Node = { index: nodes.length, depth, children: new Map(), waits: [], actions: [] };
    nodes.push(node);
    return node;
  };
  const addEdge = (key: string, from: Node, to: Node): void => {
    const edge = { from: from.index, to: to.index, depth: from.depth };
    const list = edges.get(key);
    if (list === undefined) edges.set(key, [edge]);
    else list.push(edge);
  };
  const step = (node: Node, element: PatternElement): Node => {
    if (element.kind === 'gap') return stepGap(node, element.maxWords, createNode);
    const key = element.kind === 'number' ? numberKey : element.members.join(' ');
    const known = node.children.get(key);
    if (known !== undefined) return known;
    const child = createNode(node.depth + 1);
    node.children.set(key, child);
    if (element.kind === 'words') {
      for (const member of element.members) addEdge(member, node, child);
      return child;
    }
    const joined = createNode(child.depth + 1);
    addEdge(numberKey, node, child);
    // "dos mil quinientos cincuenta y cinco" is one number.
    addEdge(numberKey, child, child);
    addEdge(joinerKey, child, joined);
    addEdge(numberKey, joined, child);
    return child;
  };
  const root = createNode(0);
  for (const { sequence, action } of patterns) {
    const end = sequence.reduce(step, root);
    if (!end.actions.includes(action)) end.actions.push(action);
  }
  return { nodes, edges };
}

function stepGap(node: Node, maxWords: number, createNode: (depth: number) => Node): Node {
  const known = node.waits.find((wait) => wait.maxWords === maxWords);
  if (known !== undefined) return known.node;
  const wait = { maxWords, node: createNode(node.depth) };
  node.waits.push(wait);
  return wait.node;
}

/** Deepest edges first: a node must be read before the same word writes it anew. */
function createEdgeReader(edges: ReadonlyMap<string, readonly Edge[]>): EdgeReader {
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
    found.sort((a, b) => b.depth - a.depth || a.from - b.from);
    return Int32Array.from(found.flatMap((edge) => [edge.from, edge.to]));
  };
}
