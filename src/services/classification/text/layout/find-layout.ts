/** Finds the layout of a transcript: text of recorders and messengers, subtitles, or a recorder's JSON. */
import { type ChosenHeaders, chooseHeaders, isPlain } from './choose-headers.ts';
import { findJsonLayout } from './json-layout.ts';
import { type Layout, LayoutBuilder, type LayoutTurn } from './layout.ts';
import { type Line, splitLines } from './lines.ts';
import { mayHaveLayout } from './look.ts';

const minTimedLines = 2;

/** null: the words have to show who speaks. Takes time linear in the text's length. */
export function findLayout(text: string): Layout | null {
  const first = text.charCodeAt(firstVisible(text));
  if (first === 0x7b || first === 0x5b) {
    const found = findJsonLayout(text);
    if (found !== null) return found;
  }
  if (!mayHaveLayout(text)) return null;
  const lines = splitLines(text);
  const isInline = lines.length > 0 && !text.includes('\n') && !text.includes('\\n') && !text.includes('\r');
  return layOut(text, lines, isInline);
}

function firstVisible(text: string): number {
  let at = 0;
  while (at < text.length && (text.charCodeAt(at) <= 0x20 || text.charCodeAt(at) === 0xfeff)) at += 1;
  return at;
}

function layOut(text: string, lines: readonly Line[], isInline: boolean): Layout | null {
  const chosen = chooseHeaders(text, lines, isInline);
  const timed = lines.filter(
    ({ kind, hasClock }) => kind === 'cue' || kind === 'clock' || (kind === 'words' && hasClock),
  );
  if (chosen === null && (timed.length < minTimedLines || isInline)) return null;
  const hasLineEnds = text.includes('\n');
  if (chosen !== null && (hasLineEnds || isInline) && isPlain(chosen, lines)) return null;
  return collectTurns(text, lines, chosen);
}

/** Turns by headers; without any, a turn without a name for each clock or cue. */
function collectTurns(text: string, lines: readonly Line[], chosen: ChosenHeaders | null): Layout {
  const builder = new LayoutBuilder();
  const begin = chosen === null ? 0 : findBegin(text, lines, chosen);
  let startMs: number | undefined;
  let isDirect = false;
  for (const [index, line] of lines.entries()) {
    const header = chosen?.headers.get(index);
    const isSpoken = header !== undefined || (line.kind === 'words' && index >= begin && !isNotice(line, chosen));
    if (line.hasClock) startMs = header?.startMs ?? line.startMs;
    if (header !== undefined) builder.begin(makeTurn(header.name, header.hint, header.startMs ?? startMs));
    else if (chosen === null && line.hasClock) builder.begin(makeTurn('', '', startMs));
    if (isSpoken) {
      const wordsAt = header?.wordsAt ?? line.wordsAt;
      builder.add(wordsAt, endOfWords(text, line), isDirect && header === undefined && !line.hasClock);
    }
    // A blank line within a turn parts nothing.
    isDirect = isSpoken || (isDirect && line.kind === 'blank');
  }
  return builder;
}

const maxTitleChars = 120;
const endsAsSpeech = /[.!?…]["”»)]*\s*$/;

/** The first line that counts: titles and lists of participants before the first turn were not said. */
function findBegin(text: string, lines: readonly Line[], { headers, isStrict }: ChosenHeaders): number {
  let first = lines.length;
  for (const index of headers.keys()) first = Math.min(first, index);
  const isHead = lines.slice(0, first).every(({ kind, from, to }) => {
    return kind !== 'words' || (to - from <= maxTitleChars && !endsAsSpeech.test(text.slice(from, to)));
  });
  return isStrict || isHead ? first : 0;
}

/** A line with a clock and without a speaker, where turns have both: a notice of the messenger. */
function isNotice(line: Line, chosen: ChosenHeaders | null): boolean {
  return chosen?.hasLeadingClocks === true && line.hasClock;
}

function makeTurn(speaker: string, hint: string, startMs: number | undefined): LayoutTurn {
  return startMs === undefined ? { speaker, hint } : { speaker, hint, startMs };
}

/** Without the closing tag of a voice. */
function endOfWords(text: string, { to }: Line): number {
  return text.endsWith('</v>', to) ? to - 4 : to;
}
