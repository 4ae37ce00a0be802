/** The state of one run of the matcher, in parallel arrays that keep their memory between runs. */

/** States of the automaton that the next words may extend, oldest first. */
export class ActiveStates {
  /** The trie node, or the transitions of a first word (see PendingStarts in matcher.ts). */
  readonly nodes: number[] = [0];
  /** Index of the last token that may extend the state. */
  readonly expiries: number[] = [0];
  /** Index of the token where the match starts. */
  readonly firsts: number[] = [0];
  count = 0;

  add(node: number, expiry: number, first: number): void {
    this.nodes[this.count] = node;
    this.expiries[this.count] = expiry;
    this.firsts[this.count] = first;
    this.count += 1;
  }

  /** Moves the state at one index to a lower index. */
  move(from: number, to: number): void {
    this.nodes[to] = this.nodes[from] ?? 0;
    this.expiries[to] = this.expiries[from] ?? 0;
    this.firsts[to] = this.firsts[from] ?? 0;
  }
}

/** Nodes that the current word leads to, ordered by the rank of the node they come from, each at most once. */
export class Candidates {
  readonly ranks: number[] = [0];
  readonly nodes: number[] = [0];
  readonly firsts: number[] = [0];
  count = 0;

  /** Insertion sort: there are only a few. A node that is already in takes the later start. */
  put(rank: number, node: number, first: number): void {
    const { ranks, nodes, firsts } = this;
    let place = 0;
    while (place < this.count && (ranks[place] ?? 0) < rank) place += 1;
    while (place < this.count && ranks[place] === rank && nodes[place] !== node) place += 1;
    if (place === this.count || ranks[place] !== rank) {
      for (let at = this.count; at > place; at -= 1) {
        ranks[at] = ranks[at - 1] ?? 0;
        nodes[at] = nodes[at - 1] ?? 0;
        firsts[at] = firsts[at - 1] ?? 0;
      }
      this.count += 1;
    }
    ranks[place] = rank;
    nodes[place] = node;
    firsts[place] = first;
  }
}
