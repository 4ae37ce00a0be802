/**
 * Finds every pattern of a set in one pass over the tokens. The patterns are one trie. A word like "de" leads on from five hundred of its
 * nodes, while only a few can be meant: those that several words led to (live), those where a word of the sentence waits for others
 * (waiting), and those that the word before alone leads to (its starts). They are asked whether the word leads on from them.
 */
import { actionsAt, bitsAt, createNodeTable, otherBitsAt, rowNumbers, waitsAt } from './node-table.ts';
import type { Token } from './tokens.ts';
import { root, type Trie } from './trie.ts';
import {
  createMoveReader,
  findNext,
  type Leads,
  leadBitsAt,
  leadNumbers,
  leadOtherBitsAt,
  leadWaitAt,
  type MoveReader,
  noMoves,
  type WordMoves,
} from './word-moves.ts';

/** Told of every match: what it means, and the indexes of its first and last token. */
export type OnMatch = (action: number, first: number, last: number) => void;

export interface Matcher {
  readonly readMoves: MoveReader;
  /** Tells every match, in the order of its last word. The first token must begin a sentence. */
  run(tokens: readonly Token[], onMatch: OnMatch): void;
}

/** Positions of a run stay far below what 32 bits hold; before they might not, all matches are forgotten. */
const maxPosition = 1_000_000_000;

/** A matcher holds the state of its run and is not re-entrant; a run is synchronous, so nothing can enter it. */
export function createMatcher(trie: Trie, actionCount: number): Matcher {
  const actions = Int32Array.from(trie.actions.values);
  const waits = Int32Array.from(trie.waits.values);
  const depths = Uint8Array.from(trie.depths);
  const table = createNodeTable(trie);
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

  /** Words of the sentence whose nodes wait, oldest first: where each stands, and the last word that any of its nodes waits for. */
  const waiting = { firsts: [0], untils: [0] };
  let waitingCount = 0;
  const keepWaiting = (first: number, until: number): void => {
    waiting.firsts[waitingCount] = first;
    waiting.untils[waitingCount] = until;
    waitingCount += 1;
  };

  /** Of what is live, that which the word leads on from: its first word, and where the word's moves from it begin. */
  const found = { nodes: [root], firsts: [0], pairs: [0] };
  let foundCount = 0;
  const isDeeper = (node: number, than: number): boolean => {
    const deeper = (depths[node] ?? 0) - (depths[than] ?? 0);
    return deeper > 0 || (deeper === 0 && node < than);
  };

  /** Deepest first: of the ends of one action from one first word, the one found first is told. Of one node the newest counts. */
  const putFound = (node: number, first: number, pair: number): void => {
    let place = 0;
    while (place < foundCount && isDeeper(found.nodes[place] ?? 0, node)) place += 1;
    if (place === foundCount || found.nodes[place] !== node) {
      for (let at = foundCount; at > place; at -= 1) {
        found.nodes[at] = found.nodes[at - 1] ?? 0;
        found.firsts[at] = found.firsts[at - 1] ?? 0;
        found.pairs[at] = found.pairs[at - 1] ?? 0;
      }
      foundCount += 1;
    }
    found.nodes[place] = node;
    found.firsts[place] = first;
    found.pairs[place] = pair;
  };

  const findFrom = (node: number, { nexts }: WordMoves, first: number): void => {
    const pair = findNext(nexts, node);
    if (pair >= 0) putFound(node, first, pair);
  };

  /** Strikes off what is live no longer. */
  const findAmongLive = (moves: WordMoves, index: number): void => {
    const count = liveCount;
    liveCount = 0;
    for (let at = 0; at < count; at += 1) {
      const until = live.untils[at] ?? 0;
      if (until < index) continue;
      const node = live.nodes[at] ?? root;
      const first = live.firsts[at] ?? 0;
      if (until > index) keepLive(node, until, first);
      const row = node * rowNumbers;
      if (((table[row + bitsAt] ?? 0) & moves.bits) !== 0 && ((table[row + otherBitsAt] ?? 0) & moves.otherBits) !== 0)
        findFrom(node, moves, first);
    }
  };

  /** Strikes off the words that wait no longer. */
  const findAmongWaiting = (tokens: readonly Token[], moves: WordMoves, index: number): void => {
    const count = waitingCount;
    waitingCount = 0;
    for (let at = 0; at < count; at += 1) {
      const until = waiting.untils[at] ?? 0;
      if (until < index) continue;
      const first = waiting.firsts[at] ?? 0;
      keepWaiting(first, until);
      findAmongLeads(movesAt(tokens, first).waits, moves, first, index);
    }
  };

  const findAmongLeads = (leads: Leads, moves: WordMoves, first: number, index: number): void => {
    if ((leads.bits & moves.bits) === 0 || (leads.otherBits & moves.otherBits) === 0) return;
    const { flat } = leads;
    for (let at = 0; at < flat.length; at += leadNumbers) {
      if (first + 1 + (flat[at + leadWaitAt] ?? 0) < index) continue;
      const leadsOn =
        ((flat[at + leadBitsAt] ?? 0) & moves.bits) !== 0 &&
        ((flat[at + leadOtherBitsAt] ?? 0) & moves.otherBits) !== 0;
      if (leadsOn) findFrom(flat[at] ?? root, moves, first);
    }
  };

  const tell = (action: number, first: number, last: number, onMatch: OnMatch): void => {
    if (toldFirst[action] === base + first) return;
    toldFirst[action] = base + first;
    onMatch(action, first, last);
  };

  const arrive = (node: number, first: number, last: number, onMatch: OnMatch): void => {
    const row = node * rowNumbers;
    const nextRow = row + rowNumbers;
    if (table[row + bitsAt] !== 0) keepLive(node, last + 1, first);
    const endOfWaits = table[nextRow + waitsAt] ?? 0;
    for (let at = table[row + waitsAt] ?? 0; at < endOfWaits; at += 2)
      keepLive(waits[at] ?? 0, last + 1 + (waits[at + 1] ?? 0), first);
    const endOfActions = table[nextRow + actionsAt] ?? 0;
    for (let at = table[row + actionsAt] ?? 0; at < endOfActions; at += 1) tell(actions[at] ?? 0, first, last, onMatch);
  };

  const goOn = ({ nexts }: WordMoves, index: number, onMatch: OnMatch): void => {
    for (let at = 0; at < foundCount; at += 1) {
      const node = found.nodes[at] ?? root;
      const first = found.firsts[at] ?? 0;
      for (let pair = found.pairs[at] ?? 0; nexts[pair] === node; pair += 2)
        arrive(nexts[pair + 1] ?? 0, first, index, onMatch);
    }
    foundCount = 0;
  };

  const begin = (moves: WordMoves, index: number, onMatch: OnMatch): void => {
    const { actions, waits } = moves;
    if (waits.longestWait > 0) keepWaiting(index, index + 1 + waits.longestWait);
    for (let at = 0; at < actions.length; at += 1) tell(actions[at] ?? 0, index, index, onMatch);
  };

  return {
    readMoves: createMoveReader(trie, table),
    run(tokens, onMatch) {
      if (base + tokens.length > maxPosition) {
        base = 0;
        toldFirst.fill(-1);
      }
      let before = noMoves;
      for (let index = 0; index < tokens.length; index += 1) {
        const token = tokens[index];
        if (token === undefined) break;
        if (token.brk === 'sentence') {
          liveCount = 0;
          waitingCount = 0;
          before = noMoves;
        }
        const { moves } = token.word;
        if (moves !== noMoves) {
          // In this order: a node that is found twice counts from the word that came last.
          findAmongLive(moves, index);
          findAmongWaiting(tokens, moves, index);
          findAmongLeads(before.starts, moves, index - 1, index);
          if (foundCount > 0) goOn(moves, index, onMatch);
          begin(moves, index, onMatch);
        }
        before = moves;
      }
      base += tokens.length;
    },
  };
}

function movesAt(tokens: readonly Token[], index: number): WordMoves {
  return tokens[index]?.word.moves ?? noMoves;
}
