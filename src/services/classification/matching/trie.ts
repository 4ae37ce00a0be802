/** The patterns of a taxonomy as one trie, in plain JSON: the build compiles it once and a start only reads it. */
import type { PatternElement, PatternSequence } from '../../../models/cue-pattern.ts';

export interface Pattern {
  readonly sequence: PatternSequence;
  /** Index of the action to report on a match. */
  readonly action: number;
}

export interface Trie {
  readonly nodeCount: number;
  /** By node: actions of the patterns that end there. */
  readonly actions: FlatLists;
  /** By node: pairs of a gap node and the number of words that may be skipped before its edges apply. */
  readonly gaps: FlatLists;
  /** By node: number of pattern elements from the root. */
  readonly depths: readonly number[];
  /** By key (a word, a stem with its asterisk, `numberKey` or `joinerKey`): pairs of a node and its child. */
  readonly edges: Readonly<Record<string, readonly number[]>>;
}

/** Lists of numbers in two flat arrays: list `n` is `values` from `starts[n]` up to `starts[n + 1]`. */
interface FlatLists {
  readonly starts: readonly number[];
  readonly values: readonly number[];
}

export function listOf({ starts, values }: FlatLists, index: number): readonly number[] {
  return values.slice(starts[index], starts[index + 1]);
}

/** Index of the root node. */
export const root = 0;

/** Key of every number, and of the joiner word in "treinta y dos". */
export const numberKey = '#';
export const joinerKey = '&';

interface Node {
  readonly index: number;
  readonly depth: number;
  readonly children: Map<string, Node>;
  readonly gaps: { readonly maxWords: number; readonly node: Node }[];
  readonly actions: number[];
}

export function buildTrie(patterns: readonly Pattern[]): Trie {
  const builder = createTrieBuilder();
  for (const { sequence, action } of patterns) {
    const end = sequence.reduce(builder.step, builder.root);
    if (!end.actions.includes(action)) end.actions.push(action);
  }
  const { nodes, edges } = builder;
  return {
    nodeCount: nodes.length,
    actions: flatten(nodes.map((node) => node.actions)),
    gaps: flatten(nodes.map((node) => node.gaps.flatMap((gap) => [gap.node.index, gap.maxWords]))),
    depths: nodes.map((node) => node.depth),
    edges: Object.fromEntries(edges),
  };
}

function createTrieBuilder() {
  const nodes: Node[] = [];
  const edges = new Map<string, number[]>();
  const createNode = (depth: number): Node => {
    const node: Node = { index: nodes.length, depth, children: new Map(), gaps: [], actions: [] };
    nodes.push(node);
    return node;
  };
  const addEdge = (key: string, from: Node, to: Node): void => {
    const list = edges.get(key);
    if (list === undefined) edges.set(key, [from.index, to.index]);
    else list.push(from.index, to.index);
  };
  /** The node after one more pattern element; created if there is none yet. */
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
  return { nodes, edges, root: createNode(0), step };
}

function stepGap(node: Node, maxWords: number, createNode: (depth: number) => Node): Node {
  const known = node.gaps.find((gap) => gap.maxWords === maxWords);
  if (known !== undefined) return known.node;
  const gap = { maxWords, node: createNode(node.depth) };
  node.gaps.push(gap);
  return gap.node;
}

function flatten(lists: readonly (readonly number[])[]): FlatLists {
  const starts = [0];
  for (const list of lists) starts.push((starts.at(-1) ?? 0) + list.length);
  return { starts, values: lists.flat() };
}
