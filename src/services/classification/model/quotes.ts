/** Finds quotes in a transcript. What is not found proves nothing. */
import type { Evidence } from '../classifier.ts';
import type { Segment } from '../text/tokens.ts';
import { type FoldedText, foldText } from './fold.ts';

/** A whole paragraph proves nothing in particular. */
const maxQuoteChars = 500;
const letterOrDigit = /[\p{L}\p{N}]/u;
/** An accent of its own belongs to the letter before it. */
const ofWord = /[\p{L}\p{N}\p{M}]/u;
const edges = /^[\s.,;:!?…¿¡()[\]–—-]+|[\s.,;:!?…¿¡()[\]–—-]+$/gu;

/** Where a quote stands in the transcript, word for word; undefined: it does not. */
export type QuoteFinder = (quote: string) => Evidence | undefined;

export interface QuoteScope {
  /** Stretches that the model was shown. */
  readonly segments: readonly Segment[];
  /** Stretches whose words are no evidence, such as orders to a machine. */
  readonly untrusted: readonly Segment[];
}

/** As it is written, as models quote for the most part; else folded, and what was shown is folded once for all quotes of a reply. */
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

/** A stretch that was shown; `starts` and `ends` as of a FoldedText, absent where the text is as it was written. */
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

/** Whether a cut here would part letters or digits: "no" is not said in "nosotros", nor 30 in 300. */
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
