/** Shortens a text that is too long to its start, its end, and the passages in between with the most evidence. */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Segment } from './tokens.ts';

/** Characters that are classified at most, by the rules and by a model. */
export const maxReadChars = 60_000;
const windowChars = 2_000;
/** Scanned before the event loop continues: a few milliseconds of work. */
const sliceChars = 10_000;
/** How far back a cut looks for a space. */
const maxWordChars = 100;

export interface WindowOptions {
  /** The number of distinct cues in a segment. */
  readonly countEvidence: (segment: Segment) => number;
  readonly signal: AbortSignal;
  readonly maxChars?: number;
}

/** The segments to read: the whole text as one, or several with `maxChars` in total. Yields between slices. @throws the signal's reason */
export async function chooseSegments(
  text: string,
  { countEvidence, signal, maxChars = maxReadChars }: WindowOptions,
): Promise<readonly Segment[]> {
  if (text.length <= maxChars) return [{ start: 0, end: text.length }];
  const edgeChars = Math.floor(maxChars / 3);
  const windows: { segment: Segment; score: number }[] = [];
  const head = wordBoundary(text, edgeChars, 0);
  const stop = wordBoundary(text, text.length - edgeChars, head);
  let start = head;
  let scanned = 0;
  while (start < stop) {
    const end = wordBoundary(text, Math.min(start + windowChars, stop), start);
    windows.push({ segment: { start, end }, score: countEvidence({ start, end }) });
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

/** The last space before `at`, so that no word is cut; `at` itself in a text without spaces. Always greater than `floor`. */
function wordBoundary(text: string, at: number, floor: number): number {
  for (let back = at; back > Math.max(floor, at - maxWordChars); back -= 1)
    if (text.charCodeAt(back) <= 0x20) return back;
  return at;
}
