/** Weighs each hit of a field by its frames, negation, hedges and speaker. */
import type { FileField } from '../../../models/taxonomy-file.ts';
import { roundConfidence } from '../answer-rules.ts';
import type { Evidence } from '../classifier.ts';
import { type FieldHits, type Hit, type Reading, sentenceAt } from './reading.ts';

export interface WeighedHit {
  readonly hit: Hit;
  /** Negative: evidence against the value. */
  readonly weight: number;
  /** Index of the frame that applies, or what takes its place. */
  readonly frame: number;
  /** First and last token of the quote. */
  readonly from: number;
  readonly to: number;
}

export interface Scope {
  readonly reading: Reading;
  readonly field: FileField;
  readonly hedgeFactor: number;
}

/** In place of a frame's index. */
export const noFrame = { none: -1, opening: -2, alone: -3 } as const;

/** A denial counts as this share of the mention, negative. */
const denialShare = 0.6;
const noHits: readonly WeighedHit[] = [];

/** The hits of one field with a weight; of overlapping hits only the longest counts. */
export function weighHits(scope: Scope, hits: FieldHits): readonly WeighedHit[] {
  if (hits.cues.length === 0) return noHits;
  return weighAll(scope, hits).filter(({ weight }) => weight !== 0);
}

/** As `weighHits`, with hits of weight 0: fitted weights judge a hit by its frame, not by the frame's factor alone. */
export function weighAll(scope: Scope, { cues, frames }: FieldHits): readonly WeighedHit[] {
  const weighed: WeighedHit[] = [];
  for (const hit of dropOverlapped(cues, scope.field.type === 'list')) {
    const each = weighHit(scope, hit, frames);
    if (each !== null) weighed.push(each);
  }
  return weighed;
}

function weighHit(scope: Scope, hit: Hit, frames: readonly Hit[]): WeighedHit | null {
  const { reading, field } = scope;
  const sentence = reading.tokens[hit.first]?.sentence ?? 0;
  const trust = reading.sentences[sentence]?.trustPercent ?? 100;
  if (trust === 0) return null;
  const { frame, factor, place } = findFactor(scope, hit, frames);
  const isQuoted = frame !== null && factor > 0 && field.frames[frame.action.part]?.quoted === true;
  let weight = hit.action.weight * factor * (Math.abs(trust) / 100);
  const isDenied = trust < 0 || (!hit.action.isFirm && isNegated(reading, hit));
  if (isDenied) weight = weight > 0 ? -weight * denialShare : 0;
  else if (!hit.action.isFirm && (reading.tokens[hit.first]?.hedge ?? -1) >= 0 && weight > 0)
    weight *= scope.hedgeFactor;
  const sameSentence = frame !== null && reading.tokens[frame.first]?.sentence === sentence;
  const from = isQuoted && sameSentence ? Math.min(frame.first, hit.first) : hit.first;
  const to = isQuoted && sameSentence ? Math.max(frame.last, hit.last) : hit.last;
  return { hit, weight, frame: frame?.action.part ?? place, from, to };
}

interface Framing {
  readonly frame: Hit | null;
  readonly factor: number;
  /** Without a frame: what gave the factor, of `noFrame`. */
  readonly place: number;
}

/** The factor of the nearest frame, reduced by its distance; without a frame, the factor of the hit's position. */
function findFactor(scope: Scope, hit: Hit, frames: readonly Hit[]): Framing {
  const reached = nearestFrame(scope, hit, frames);
  if (reached === null) return factorByPosition(scope, hit);
  const full = scope.field.frames[reached.frame.action.part]?.factor ?? 1;
  return { frame: reached.frame, factor: full * nearness(reached.distance), place: noFrame.none };
}

/** Enough to prefer the nearer of two equal cues, too little to discard the other. */
const distanceShare = 0.04;
const minNearness = 0.7;

function nearness(words: number): number {
  return Math.max(minNearness, 1 - distanceShare * Math.max(0, words));
}

/** The weight of a hit of any role by its frames and position only, and the frame. */
export function framedWeight(scope: Scope, hit: Hit, frames: readonly Hit[]): { weight: number; frame: number } {
  const { frame, factor, place } = findFactor(scope, hit, frames);
  return { weight: hit.action.weight * factor, frame: frame?.action.part ?? place };
}

/** Extra words of a sentence that still counts as only the hit: "Una feria del rubro." like "Instagram." */
const maxExtraWords = 2;

/** Without a frame the position counts: clients introduce their firm first, and a sentence that is only the hit is an answer. */
function factorByPosition({ reading, field }: Scope, hit: Hit): Framing {
  const own = sentenceAt(reading, hit.first);
  let factor = hit.action.unframed;
  let place: number = noFrame.none;
  const wordsIn = hit.first - reading.openingAt;
  if (field.opening !== undefined && wordsIn <= field.opening.reach) {
    const opening = field.opening.factor * nearness(wordsIn);
    if (opening > factor) [factor, place] = [opening, noFrame.opening];
  }
  if (field.alone !== undefined && own !== undefined && own.last - own.first <= hit.last - hit.first + maxExtraWords)
    if (field.alone > factor) [factor, place] = [field.alone, noFrame.alone];
  return { frame: null, factor, place };
}

export function isNegated(reading: Reading, hit: { readonly first: number }): boolean {
  return (reading.tokens[hit.first]?.negator ?? -1) >= 0;
}

interface Reached {
  readonly frame: Hit;
  readonly distance: number;
}

/**
 * The nearest frame among those that apply to a hit; of two at the same distance the longer one. A preceding frame with factor 0
 * takes precedence over a following frame: "a colleague from a hospital chain".
 */
function nearestFrame(scope: Scope, hit: Hit, frames: readonly Hit[]): Reached | null {
  let best: Reached | null = null;
  let before: Reached | null = null;
  for (let at = firstInReach(frames, hit.first - maxFrameSpan); at < frames.length; at += 1) {
    const frame = frames[at];
    // Frames are sorted by their last token: the rest are farther away.
    if (frame === undefined || frame.last > hit.first + maxFrameSpan) break;
    const distance = frameDistance(scope, hit, frame);
    if (distance === null) continue;
    if (isNearer(frame, distance, best)) best = { frame, distance };
    if (frame.first <= hit.first && isNearer(frame, distance, before)) before = { frame, distance };
  }
  const isMuted = before !== null && scope.field.frames[before.frame.action.part]?.factor === 0;
  return isMuted ? before : best;
}

/** Binary search: index of the first frame that ends at or after a token. */
function firstInReach(frames: readonly Hit[], token: number): number {
  let low = 0;
  let high = frames.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((frames[middle]?.last ?? 0) < token) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isNearer(frame: Hit, distance: number, than: Reached | null): boolean {
  if (than === null || distance < than.distance) return true;
  return distance === than.distance && frame.last - frame.first > than.frame.last - than.frame.first;
}

/** Words between frame and hit, or null if the frame does not apply to it. */
function frameDistance({ reading, field }: Scope, hit: Hit, frame: Hit): number | null {
  const rule = field.frames[frame.action.part];
  if (rule === undefined) return null;
  const { tokens, sentences } = reading;
  const isBefore = frame.first <= hit.first;
  if (rule.side !== 'both' && (rule.side === 'before') !== isBefore) return null;
  const hitSentence = tokens[hit.first]?.sentence ?? 0;
  const frameSentence = tokens[frame.first]?.sentence ?? 0;
  if (frameSentence !== hitSentence) {
    if (rule.takes_back && frameSentence === hitSentence + 1) return takenBackDistance(reading, hit, frame);
    // A question frames its answer: "¿Cómo nos conoció? Por Instagram."
    if (frameSentence !== hitSentence - 1 || sentences[frameSentence]?.isQuestion !== true) return null;
    const distance = hit.first - (sentences[hitSentence]?.first ?? hit.first);
    return distance <= rule.reach && rule.factor > 0 ? distance + 1 : null;
  }
  const distance = Math.max(0, isBefore ? hit.first - frame.last - 1 : frame.first - hit.last - 1);
  if (distance > rule.reach) return null;
  if (rule.within === 'clause') {
    const [early, late] = isBefore ? [frame.last, hit.first] : [hit.last, frame.first];
    if ((tokens[late]?.clauseStart ?? 0) > early) return null;
  }
  return distance;
}

/** "Eso no es problema" is about the sentence before if it is among the first words of its own, within one turn. */
const takeBackWords = 3;

/** Words between a cue and a frame that starts the next sentence, or null if the frame is not about the cue. */
function takenBackDistance({ tokens, sentences }: Reading, hit: Hit, frame: Hit): number | null {
  const own = sentences[tokens[frame.first]?.sentence ?? 0];
  const before = sentences[tokens[hit.first]?.sentence ?? 0];
  if (own === undefined || own.turn !== before?.turn || frame.first - own.first > takeBackWords) return null;
  return frame.first - hit.last - 1;
}

/** "tienda online" replaces "tienda": of two hits of one field the inner one is dropped, unless the field's values are independent. */
function dropOverlapped(hits: readonly Hit[], areIndependent: boolean): readonly Hit[] {
  if (hits.length < 2) return hits;
  // Hits are sorted by their last token, so hits that overlap are near each other.
  return hits.filter((hit, index) => {
    for (let at = index + 1; at < hits.length; at += 1) {
      const other = hits[at];
      if (other === undefined || other.first > hit.last + maxPatternSpan) break;
      if (isReplaced(hit, other, areIndependent)) return false;
    }
    for (let at = index - 1; at >= 0; at -= 1) {
      const other = hits[at];
      if (other === undefined || other.last < hit.first) break;
      if (isReplaced(hit, other, areIndependent)) return false;
    }
    return true;
  });
}

/** No frame applies farther away: the longest reach, two long matches, and a question before an answer. */
const maxFrameSpan = 160;

/** Maximum length of a match in words: gaps and phrases are short. */
const maxPatternSpan = 40;

function isReplaced(hit: Hit, other: Hit, areIndependent: boolean): boolean {
  const contains = other.first <= hit.first && other.last >= hit.last;
  const isLonger = other.last - other.first > hit.last - hit.first;
  if (hit.action.part === other.action.part) {
    // Two hits for one value: the shorter quote is equally good evidence.
    const isContainer =
      hit.first <= other.first && hit.last >= other.last && hit.last - hit.first > other.last - other.first;
    return (
      hit.action.weight > 0 &&
      isContainer &&
      other.action.weight >= hit.action.weight &&
      !other.action.isFirm === !hit.action.isFirm
    );
  }
  return !areIndependent && contains && isLonger && other.action.weight >= hit.action.weight;
}

export function quote(reading: Reading, from: number, to: number): Evidence {
  const start = reading.tokens[from]?.start ?? 0;
  const end = reading.tokens[to]?.end ?? start;
  return { quote: reading.text.slice(start, end), start, end };
}

/** 0 to 1, two decimals: how far a score is above the threshold and above the second-best value. */
export function confidenceOf(score: number, threshold: number, rival: number): number {
  const strength = score / (score + threshold);
  const lead = rival <= 0 ? 1 : score / (score + rival);
  return roundConfidence(Math.min(0.98, 0.25 + 0.75 * strength * lead));
}
