/** Finds a model's quotes in the transcript. */
import type { Evidence } from '../classifier.ts';
import type { Segment } from '../text/tokens.ts';
import { type FoldedText, foldText } from './fold.ts';

/** A whole paragraph is no evidence for one value. */
const maxQuoteChars = 500;
const letterOrDigit = /[\p{L}\p{N}]/u;
/** A combining accent belongs to the letter before it. */
const ofWord = /[\p{L}\p{N}\p{M}]/u;
const edges = /^[\s.,;:!?…¿¡()[\]–—-]+|[\s.,;:!?…¿¡()[\]–—-]+$/gu;

/** The place of a quote in the transcript; undefined: it is not there word for word. */
export type QuoteFinder = (quote: string) => Evidence | undefined;

export interface QuoteScope {
  /** Segments that the model was shown. */
  readonly segments: readonly Segment[];
  /** Segments that are no evidence, such as instructions to the machine. */
  readonly untrusted: readonly Segment[];
}

/** Searches the exact text first, because most quotes are exact; then the folded text, which is computed once per reply. */
export function createQuoteFinder(transcript: string, { segments, untrusted }: QuoteScope): QuoteFinder {
  const known = new Map<string, Evidence | undefined>();
  const isTrusted = ({ start, end }: Segment) => untrusted.every((each) => start >= each.end || end <= each.start);
  const written = segments.map(({ start, end }) => ({ from: start, text: transcript.slice(start, end) }));
  let folded: readonly Shown[] | undefined;
  const find = (quote: string): Evidence | undefined => {
    let place = findPlace(written, quote.replace(edges, ''), isTrusted);
    if (place === undefined) {
      folded ??= written.map(({ from, text }) => ({ from, ...foldText(text) }));
      place = findPlace(folded, foldText(quote).text.replace(edges, ''), isTrusted);
    }
    return place && { quote: transcript.slice(place.start, place.end), ...place };
  };
  return (quote) => {
    if (quote.length > maxQuoteChars) return undefined;
    if (!known.has(quote)) known.set(quote, find(quote));
    return known.get(quote);
  };
}

/** A segment that was shown. `starts` and `ends` as in FoldedText; absent for exact text. */
interface Shown extends Partial<FoldedText> {
  readonly from: number;
  readonly text: string;
}

function findPlace(
  shown: readonly Shown[],
  wanted: string,
  isTrusted: (place: Segment) => boolean,
): Segment | undefined {
  if (wanted.length < 2 || !letterOrDigit.test(wanted)) return undefined;
  for (const { from, text, starts, ends } of shown) {
    for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + 1)) {
      const stop = at + wanted.length;
      if (isInsideWord(text, at) || isInsideWord(text, stop)) continue;
      const place = { start: from + (starts?.[at] ?? at), end: from + (ends?.[stop - 1] ?? stop) };
      if (isTrusted(place)) return place;
    }
  }
  return undefined;
}

/** Whether this is inside a word or number: "nosotros" does not contain the quote "no", nor 300 the quote 30. */
function isInsideWord(text: string, at: number): boolean {
  if (at <= 0 || at >= text.length) return false;
  return ofWord.test(charBefore(text, at)) && ofWord.test(charAt(text, at));
}

function charAt(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at) ?? 0x20);
}

function charBefore(text: string, at: number): string {
  const code = text.charCodeAt(at - 1);
  return code >= 0xdc00 && code <= 0xdfff && at > 1 ? charAt(text, at - 2) : text.charAt(at - 1);
}
