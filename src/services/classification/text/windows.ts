/** Cuts a text that is too long down to its beginning, its end, and the passages between that hold most evidence. */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Program } from '../rules/program.ts';
import { type Segment, type Token, tokenize } from './tokens.ts';

/** Characters that are classified at most; design.md section 10 gives a model the same. */
export const mostChars = 60_000;
const windowChars = 2_000;
/** Scanned before other work gets its turn: a few milliseconds. */
const sliceChars = 10_000;

/** The whole text, or the segments of it that are read, `maxChars` at most in all; gives way to other work between slices and ends when aborted. */
export async function chooseSegments(
  program: Program,
  text: string,
  signal: AbortSignal,
  maxChars: number = mostChars,
): Promise<readonly Segment[]> {
  const edgeChars = Math.floor(maxChars / 3);
  if (text.length <= maxChars) return [{ start: 0, end: text.length }];
  const windows: { segment: Segment; score: number }[] = [];
  const head = wordBoundary(text, edgeChars, 0);
  const stop = wordBoundary(text, text.length - edgeChars, head);
  let start = head;
  let scanned = 0;
  while (start < stop) {
    const end = wordBoundary(text, Math.min(start + windowChars, stop), start);
    windows.push({ segment: { start, end }, score: countEvidence(program, text, { start, end }) });
    scanned += end - start;
    start = end;
    if (scanned >= sliceChars) {
      scanned = 0;
      await nextTick();
      signal.throwIfAborted();
    }
  }
  const room = Math.floor((maxChars - 2 * edgeChars) / windowChars) - 1;
  const best = windows
    .filter((each) => each.score > 0)
    .sort((a, b) => b.score - a.score || a.segment.start - b.segment.start)
    .slice(0, room)
    .map((each) => each.segment)
    .sort((a, b) => a.start - b.start);
  return [{ start: 0, end: head }, ...best, { start: stop, end: text.length }];
}

/** Steps back to a space, so that no word is cut; a text without spaces is cut where it must be. Always beyond `floor`. */
function wordBoundary(text: string, at: number, floor: number): number {
  for (let back = at; back > Math.max(floor, at - 100); back -= 1) if (text.charCodeAt(back) <= 0x20) return back;
  return at;
}

/** Distinct cues in a window, so that a word repeated without end is no evidence. */
function countEvidence(program: Program, text: string, segment: Segment): number {
  const tokens: Token[] = [];
  tokenize(text, segment, program.lexicon, tokens);
  const seen = new Set<number>();
  program.matcher.run(tokens, (index) => {
    const action = program.actions[index];
    if (action?.of === 'field' && action.role !== 'frame') seen.add(index);
  });
  return seen.size;
}
