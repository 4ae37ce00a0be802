/** The words of a transcript: without the labels, clocks and cue numbers that its layout puts between them. */
import { findLayout } from './layout/find-layout.ts';
import type { Layout, Passage } from './layout/layout.ts';
import type { Lexicon } from './lexicon.ts';
import type { ShownTurn } from './speakers.ts';
import { type Segment, type Token, tokenize } from './tokens.ts';

export interface Words {
  readonly tokens: Token[];
  /** The turns that the layout shows; empty: it names no speakers. */
  readonly shown: readonly ShownTurn[];
  /** Whether the layout has turns, but names no speaker. */
  readonly isNameless: boolean;
  /** Whether labels, clocks and the like were left out. */
  readonly isLaidOut: boolean;
}

/** Ends of sentences, with what may follow them. */
const sentenceEnd = /[.!?…]["”»)\s]*$/;
const maxEndChars = 4;

/** The words of some segments of a text. */
export function readWords(text: string, segments: readonly Segment[], lexicon: Lexicon): Words {
  const layout = findLayout(text);
  if (layout === null) return readAllWords(text, segments, lexicon);
  const tokens: Token[] = [];
  const shown = readPassages(text, { layout, segments, lexicon }, tokens);
  const isNamed = layout.turns.some(({ speaker }) => speaker !== '');
  return { tokens, shown: isNamed ? shown : [], isNameless: !isNamed && layout.turns.length > 1, isLaidOut: true };
}

/** Everything in the segments, whatever its layout. */
export function readAllWords(text: string, segments: readonly Segment[], lexicon: Lexicon): Words {
  const tokens: Token[] = [];
  for (const segment of segments) tokenize(text, segment, lexicon, tokens);
  return { tokens, shown: [], isNameless: false, isLaidOut: false };
}

interface Source {
  readonly layout: Layout;
  readonly segments: readonly Segment[];
  readonly lexicon: Lexicon;
}

/** Appends the words of the passages within the segments; both are sorted. */
function readPassages(text: string, { layout, segments, lexicon }: Source, tokens: Token[]): ShownTurn[] {
  const shown: ShownTurn[] = [];
  let turn = -1;
  let at = 0;
  let before: Passage | undefined;
  for (const passage of layout.passages) {
    while (at < segments.length && (segments[at]?.end ?? 0) <= passage.from) at += 1;
    for (let index = at; index < segments.length; index += 1) {
      const { start, end } = segments[index] ?? { start: 0, end: 0 };
      if (start >= passage.to) break;
      const first = tokens.length;
      tokenize(text, { start: Math.max(start, passage.from), end: Math.min(end, passage.to) }, lexicon, tokens);
      const token = tokens[first];
      if (token === undefined) continue;
      const own = layout.turns[passage.turn];
      if (passage.turn !== turn && own !== undefined) {
        turn = passage.turn;
        shown.push({ at: first, speaker: own.speaker, hint: own.hint, startMs: own.startMs });
      } else if (before !== undefined && passage !== before && before.turn === passage.turn) {
        // Subtitles cut sentences into cues.
        if (!sentenceEnd.test(text.slice(before.to - maxEndChars, before.to))) token.brk = 'none';
      }
      before = passage;
    }
  }
  return shown;
}
