/** The patterns of a taxonomy as one trie, in data that JSON holds: the build makes it once, and a start only reads it. */
import type { PatternElement, PatternSequence } from '../../../models/cue-pattern.ts';

export interface Pattern {
  readonly sequence: PatternSequence;
  /** Index of what a match of it means. */
  readonly action: number;
}

export interface Trie {
  readonly nodeCount: number;
  /** By node: the actions of the patterns that end there. */
  readonly actions: FlatLists;
  /** By node: pairs of a node that is live too for some words more, and their number. */
  readonly waits: FlatLists;
  /** By node: how many elements of a pattern lead there. */
  readonly depths: readonly number[];
  /** By word, stem with its asterisk, `numberKey` or `joinerKey`: pairs of a node and one that follows it. */
  readonly edges: Readonly<Record<string, readonly number[]>>;
}

/** Lists of numbers in two flat ones: list `n` runs from `starts[n]` to `starts[n + 1]`. */
interface FlatLists {
  readonly starts: readonly number[];
  readonly values: readonly number[];
}

/** List `index` of many. */
export function listOf({ starts, values }: FlatLists, index: number): readonly number[] {
  return values.slice(starts[index], starts[index + 1]);
}

/** Index of the node where every pattern begins. */
export const root = 0;

/** What moves on a number, and on the "y" of "treinta y dos". */
export const numberKey = '#';
export const joinerKey = '&';

interface Node {
  readonly index: number;
  readonly depth: number;
  readonly children: Map<string, Node>;
  readonly waits: { readonly maxWords: number; readonly node: Node }[];
  readonly actions: number[];
}

export function buildTrie(patterns: readonly Pattern[]): Trie {
  const nodes: Node[] = [];
  const edges = new Map<string, number[]>();
  const createNode = (depth: number): Node => {
    const node: Node = { index: nodes.length, depth, children: new Map(), waits: [], actions: [] };
    nodes.push(node);
    return node;
  };
  const addEdge = (key: string, from: Node, to: Node): void => {
    const list = edges.get(key);
    if (list === undefined) edges.set(key, [from.index, to.index]);
    else list.push(from.index, to.index);
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
  const rootNode = createNode(0);
  for (const { sequence, action } of patterns) {
    const end = sequence.reduce(step, rootNode);
    if (!end.actions.includes(action)) end.actions.push(action);
  }
  return {
    nodeCount: nodes.length,
    actions: flatten(nodes.map((node) => node.actions)),
    waits: flatten(nodes.map((node) => node.waits.flatMap((wait) => [wait.node.index, wait.maxWords]))),
    depths: nodes.map((node) => node.depth),
    edges: Object.fromEntries(edges),
  };
}

function flatten(lists: readonly (readonly number[])[]): FlatLists {
  const starts = [0];
  for (const list of lists) starts.push((starts.at(-1) ?? 0) + list.length);
  return { starts, values: lists.flat() };
}

function stepGap(node: Node, maxWords: number, createNode: (depth: number) => Node): Node {
  const known = node.waits.find((wait) => wait.maxWords === maxWords);
  if (known !== undefined) return known.node;
  const wait = { maxWords, node: createNode(node.depth) };
  node.waits.push(wait);
  return wait.node;
}
