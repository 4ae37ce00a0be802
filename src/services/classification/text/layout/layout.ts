/** What a layout says of a transcript: who speaks which passage, and when. Labels, clocks and cue numbers lie outside the passages. */

export interface LayoutTurn {
  /** As written; empty: the layout names no speaker. */
  readonly speaker: string;
  /** Role or firm written beside the name, such as "Ventas" in "Ana (Ventas)"; empty: none. */
  readonly hint: string;
  /** Since the start of the recording or of the day, as the clock says. */
  readonly startMs?: number;
}

/** Words of one turn, as offsets into the text: `text.slice(from, to)`. */
export interface Passage {
  /** Index into `turns`, or -1 for text outside of any turn. */
  readonly turn: number;
  readonly from: number;
  readonly to: number;
}

export interface Layout {
  readonly turns: readonly LayoutTurn[];
  /** In the order of the text. A turn can have several, as in subtitles. */
  readonly passages: readonly Passage[];
}

/** Collects turns and passages in the order of the text. */
export class LayoutBuilder implements Layout {
  readonly turns: LayoutTurn[] = [];
  readonly passages: Passage[] = [];

  /** Starts a turn. The same speaker who goes on keeps the turn. */
  begin(turn: LayoutTurn): void {
    const last = this.turns.at(-1);
    const isSame = last !== undefined && turn.speaker !== '' && last.speaker === turn.speaker;
    if (!isSame) this.turns.push(turn);
  }

  /** Adds words to the current turn; a passage that follows directly extends the one before. */
  add(from: number, to: number, isDirect: boolean): void {
    if (to <= from) return;
    const turn = this.turns.length - 1;
    const last = this.passages.at(-1);
    if (isDirect && last?.turn === turn) this.passages[this.passages.length - 1] = { ...last, to };
    else this.passages.push({ turn, from, to });
  }
}
