/**
 * Finds every pattern of a set in one pass over the tokens. The patterns are one trie. A word like "de" leads on from five hundred of its
 * nodes, while only a few can be meant: those that several words led to (live), and those that a word of the sentence alone leads to and
 * that wait for the next one or for later ones. Of the latter, tables tell where two words lead.
 */
import type { Token } from '../text/tokens.ts';
import { root, type Trie } from './trie.ts';
import {
  actionsAt,
  bitsAt,
  createTrieTables,
  edgesAt,
  nodeNumbers,
  otherBitsAt,
  rankAt,
  waitsAt,
} from './trie-tables.ts';
import {
  createMoveTable,
  endOfKeys,
  findLeads,
  keyBitsAt,
  keyNumbers,
  keysAt,
  leadBitsAt,
  leadNodeAt,
  leadNumbers,
  leadRankAt,
  longestWaitAt,
  type MoveTable,
  noMoves,
  otherKeyBitsAt,
  otherLeadBitsAt,
} from './word-transitions.ts';

/** Told of every match: what it means, and the indexes of its first and last token. */
export type OnMatch = (action: number, first: number, last: number) => void;

export interface Matcher {
  readonly readMoves: MoveTable['read'];
  /** Tells every match, in the order of its last word. */
  run(tokens: readonly Token[], onMatch: OnMatch): void;
}

/** Positions of a run stay far below what 32 bits hold; before they might not, all matches are forgotten. */
const maxPosition = 1_000_000_000;

/** A matcher holds the state of its run and is not re-entrant; a run is synchronous, so nothing can enter it. */
export function createMatcher(trie: Trie, actionCount: number): Matcher {
  const tables = createTrieTables(trie);
  const { nodes, edges, waits, actions } = tables;
  const moveTable = createMoveTable(trie, tables);
  /** By action: position of the first word of the last match told. */
  const toldFirst = new Int32Array(actionCount).fill(-1);
  /** Where a run begins: positions never come again, so that what an earlier run told need not be forgotten. */
  let base = 0;

  /** Nodes that more than one word led to, oldest first: the last word that each waits for and the first that led to it. */
  const live = { nodes: [root], untils: [0], firsts: [0] };
  let liveCount = 0;
  const keepLive = (node: number, until: number, first: number): void => {
    live.nodes[liveCount] = node;
    live.untils[liveCount] = until;
    live.firsts[liveCount] = first;
    liveCount += 1;
  };

  /** Words of the sentence that lead on, oldest first: their moves, where they stand, and the last word that they wait for. */
  const waiting = { moves: [0], firsts: [0], untils: [0] };
  let waitingCount = 0;
  const keepWaiting = (moves: number, first: number, until: number): void => {
    waiting.moves[waitingCount] = moves;
    waiting.firsts[waitingCount] = first;
    waiting.untils[waitingCount] = until;
    waitingCount += 1;
  };

  /** Where the word leads from what is live: the rank of the node before, the node behind, and the first word. */
  const found = { ranks: [0], nodes: [root], firsts: [0] };
  let foundCount = 0;

  /** Deepest first: of the ends of one action from one first word, the one found first is told. Of one node the newest counts. */
  const putFound = (rank: number, node: number, first: number): void => {
    let place = 0;
    while (place < foundCount && (found.ranks[place] ?? 0) < rank) place += 1;
    while (place < foundCount && found.ranks[place] === rank && found.nodes[place] !== node) place += 1;
    if (place === foundCount || found.ranks[place] !== rank) {
      for (let at = foundCount; at > place; at -= 1) {
        found.ranks[at] = found.ranks[at - 1] ?? 0;
        found.nodes[at] = found.nodes[at - 1] ?? 0;
        found.firsts[at] = found.firsts[at - 1] ?? 0;
      }
      foundCount += 1;
    }
    found.ranks[place] = rank;
    found.nodes[place] = node;
    found.firsts[place] = first;
  };

  const findFrom = (node: number, key: number, first: number): void => {
    const row = node * nodeNumbers;
    const end = nodes[row + nodeNumbers + edgesAt] ?? 0;
    let at = firstEdge(edges, nodes[row + edgesAt] ?? 0, end, key);
    for (; at < end && edges[at] === key; at += 2) putFound(nodes[row + rankAt] ?? 0, edges[at + 1] ?? 0, first);
  };

  /** Where the word leads from live nodes; strikes off what is live no longer. */
  const findAmongLive = (numbers: Int32Array, moves: number, index: number): void => {
    const count = liveCount;
    liveCount = 0;
    const bits = numbers[moves + keyBitsAt] ?? 0;
    const otherBits = numbers[moves + otherKeyBitsAt] ?? 0;
    const keys = moves + keysAt;
    const end = endOfKeys(numbers, moves);
    for (let at = 0; at < count; at += 1) {
      const until = live.untils[at] ?? 0;
      if (until < index) continue;
      const node = live.nodes[at] ?? root;
      const first = live.firsts[at] ?? 0;
      if (until > index) keepLive(node, until, first);
      const row = node * nodeNumbers;
      if (((nodes[row + bitsAt] ?? 0) & bits) !== 0 && ((nodes[row + otherBitsAt] ?? 0) & otherBits) !== 0)
        for (let key = keys; key < end; key += keyNumbers) findFrom(node, numbers[key] ?? 0, first);
    }
  };

  /** Where it leads from words that wait; strikes off those that wait no longer. */
  const findAmongWaiting = (numbers: Int32Array, moves: number, index: number): void => {
    const count = waitingCount;
    waitingCount = 0;
    const bits = numbers[moves + keyBitsAt] ?? 0;
    const otherBits = numbers[moves + otherKeyBitsAt] ?? 0;
    for (let at = 0; at < count; at += 1) {
      const until = waiting.untils[at] ?? 0;
      if (until < index) continue;
      const first = waiting.firsts[at] ?? 0;
      const before = waiting.moves[at] ?? 0;
      keepWaiting(before, first, until);
      if (
        ((numbers[before + leadBitsAt] ?? 0) & bits) !== 0 &&
        ((numbers[before + otherLeadBitsAt] ?? 0) & otherBits) !== 0
      )
        findBehind(numbers, before, moves, first, index);
    }
  };

  const findBehind = (numbers: Int32Array, before: number, moves: number, first: number, index: number): void => {
    const endBefore = endOfKeys(numbers, before);
    const end = endOfKeys(numbers, moves);
    for (let from = before + keysAt; from < endBefore; from += keyNumbers) {
      for (let to = moves + keysAt; to < end; to += keyNumbers) {
        const leads = findLeads(numbers, from, numbers[to] ?? 0);
        if (leads < 0) continue;
        const firstLead = leads + 1;
        const endOfLeads = firstLead + (numbers[leads] ?? 0) * leadNumbers;
        for (let lead = firstLead; lead < endOfLeads; lead += leadNumbers)
          if (first + 1 + (numbers[lead] ?? 0) >= index)
            putFound(numbers[lead + leadRankAt] ?? 0, numbers[lead + leadNodeAt] ?? 0, first);
      }
    }
  };

  const tell = (action: number, first: number, last: number, onMatch: OnMatch): void => {
    if (toldFirst[action] === base + first) return;
    toldFirst[action] = base + first;
    onMatch(action, first, last);
  };

  const arrive = (node: number, first: number, last: number, onMatch: OnMatch): void => {
    const row = node * nodeNumbers;
    if (nodes[row + bitsAt] !== 0) keepLive(node, last + 1, first);
    const endOfWaits = nodes[row + nodeNumbers + waitsAt] ?? 0;
    for (let at = nodes[row + waitsAt] ?? 0; at < endOfWaits; at += 2)
      keepLive(waits[at] ?? 0, last + 1 + (waits[at + 1] ?? 0), first);
    const endOfActions = nodes[row + nodeNumbers + actionsAt] ?? 0;
    for (let at = nodes[row + actionsAt] ?? 0; at < endOfActions; at += 1) tell(actions[at] ?? 0, first, last, onMatch);
  };

  const begin = (numbers: Int32Array, moves: number, index: number, onMatch: OnMatch): void => {
    const longestWait = numbers[moves + longestWaitAt] ?? -1;
    if (longestWait >= 0) keepWaiting(moves, index, index + 1 + longestWait);
    const actionCountAt = endOfKeys(numbers, moves);
    const lastAction = actionCountAt + (numbers[actionCountAt] ?? 0);
    for (let at = actionCountAt + 1; at <= lastAction; at += 1) tell(numbers[at] ?? 0, index, index, onMatch);
  };

  return {
    readMoves: moveTable.read,
    run(tokens, onMatch) {
      if (base + tokens.length > maxPosition) {
        base = 0;
        toldFirst.fill(-1);
      }
      liveCount = 0;
      waitingCount = 0;
      foundCount = 0;
      const { numbers } = moveTable;
      for (let index = 0; index < tokens.length; index += 1) {
        const token = tokens[index];
        if (token === undefined) break;
        if (token.brk === 'sentence') {
          liveCount = 0;
          waitingCount = 0;
        }
        const { moves } = token.word;
        if (moves === noMoves) continue;
        findAmongLive(numbers, moves, index);
        findAmongWaiting(numbers, moves, index);
        for (let at = 0; at < foundCount; at += 1)
          arrive(found.nodes[at] ?? root, found.firsts[at] ?? 0, index, onMatch);
        foundCount = 0;
        begin(numbers, moves, index, onMatch);
      }
      base += tokens.length;
    },
  };
}

/** Index of the first edge, between two indexes, whose key is not lower. */
function firstEdge(edges: Int32Array, start: number, end: number, key: number): number {
  let low = start >> 1;
  let high = end >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((edges[middle * 2] ?? 0) < key) low = middle + 1;
    else high = middle;
  }
  return low * 2;
}
