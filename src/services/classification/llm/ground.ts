/** Finds quotes in a transcript. What is not found proves nothing. */
import type { Evidence } from '../classifier.ts';
import type { Segment } from '../offline/tokens.ts';
import { type FoldedText, foldText } from './fold.ts';

/** A whole paragraph proves nothing in particular. */
const maxQuoteChars = 500;
const letterOrDigit = /[\p{L}\p{N}]/u;
const edges = /^[\s.,;:!?…¿¡()[\]–—-]+|[\s.,;:!?…¿¡()[\]–—-]+$/gu;

/** Where a quote stands in the transcript, word for word; undefined: it does not. */
export type QuoteFinder = (quote: string) => Evidence | undefined;

export interface QuoteScope {
  /** Stretches that the model was shown. */
  readonly segments: readonly Segment[];
  /** Stretches whose words are no evidence, such as orders to a machine. */
  readonly untrusted: readonly Segment[];
}

/** Folds what was shown once, for all quotes of a reply. */
export function createQuoteFinder(transcript: string, { segments, untrusted }: QuoteScope): QuoteFinder {
  const shown = segments.map(({ start, end }) => ({ from: start, folded: foldText(transcript.slice(start, end)) }));
  const known = new Map<string, Evidence | undefined>();
  return (quote) => {
    if (quote.length > maxQuoteChars) return undefined;
    const wanted = foldText(quote).text.replace(edges, '');
    if (!known.has(wanted)) known.set(wanted, search(transcript, shown, wanted, untrusted));
    return known.get(wanted);
  };
}

interface Shown {
  readonly from: number;
  readonly folded: FoldedText;
}

function search(
  transcript: string,
  shown: readonly Shown[],
  wanted: string,
  untrusted: readonly Segment[],
): Evidence | undefined {
  if (wanted.length < 2 || !letterOrDigit.test(wanted)) return undefined;
  for (const { from, folded } of shown) {
    const place = findPlace(folded, wanted, (start, end) =>
      untrusted.every((each) => from + start >= each.end || from + end <= each.start),
    );
    if (!place) continue;
    const [start, end] = [from + place.start, from + place.end];
    return { quote: transcript.slice(start, end), start, end };
  }
  return undefined;
}

function findPlace(
  { text, starts, ends }: FoldedText,
  wanted: string,
  isTrusted: (start: number, end: number) => boolean,
): Segment | undefined {
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + 1)) {
    const stop = at + wanted.length;
    if (isInsideWord(text, at) || isInsideWord(text, stop)) continue;
    const start = starts[at] ?? 0;
    const end = ends[stop - 1] ?? start;
    if (isTrusted(start, end)) return { start, end };
  }
  return undefined;
}

/** Whether a cut here would part letters or digits: "no" is not said in "nosotros", nor 30 in 300. */
function isInsideWord(text: string, at: number): boolean {
  if (at <= 0 || at >= text.length) return false;
  return letterOrDigit.test(charBefore(text, at)) && letterOrDigit.test(charAt(text, at));
}

function charAt(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at) ?? 0x20);
}

function charBefore(text: string, at: number): string {
  const code = text.charCodeAt(at - 1);
  return code >= 0xdc00 && code <= 0xdfff && at > 1 ? charAt(text, at - 2) : text.charAt(at - 1);
}
