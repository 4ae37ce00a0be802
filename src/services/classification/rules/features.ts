/**
 * What fitted weights are multiplied by: numbers that describe a proposal, and the words of the text. The same code serves
 * classification and fitting, so that both see the same numbers. No strings and no objects: this runs for each proposal.
 */
import type { FileField } from '../../../models/taxonomy-file.ts';
import { isAsked, type Proposal } from './proposals.ts';
import { type Reading, trustPercentAt } from './reading.ts';
import { noFrame } from './weigh.ts';

/** Places of the numbers that every field has. */
const shared = {
  bias: 0,
  score: 1,
  noScore: 2,
  best: 3,
  cueWeight: 4,
  count: 5,
  against: 6,
  confirmed: 7,
  hedged: 8,
  position: 9,
  asked: 10,
  isTop: 11,
  lead: 12,
  quoteWords: 13,
  rivals: 14,
  opening: 15,
  alone: 16,
  unframed: 17,
  band: 18,
  lastBand: 19,
  length: 20,
  hasSeller: 21,
  evidence: 22,
  denied: 23,
  noHit: 24,
  early: 25,
  capital: 26,
  sentenceWords: 27,
} as const;
const sharedCount = 28;

/** Where the groups of weights of one field begin. */
export interface Layout {
  readonly frames: number;
  readonly values: number;
  readonly slopes: number;
  readonly cueWords: number;
  readonly signals: number;
  readonly words: number;
  readonly size: number;
  readonly valueCount: number;
  readonly signalCount: number;
  readonly vocabulary: number;
}

/** `signals`: values of list fields that may be present. */
export function layOut(field: FileField, vocabulary: number, signalCount: number, readsText: boolean): Layout {
  const valueCount = field.values.length;
  const values = sharedCount + field.frames.length;
  const slopes = values + valueCount;
  const cueWords = slopes + valueCount;
  const signals = cueWords + vocabulary;
  const words = signals + (readsText ? valueCount * signalCount : 0);
  const size = words + (readsText ? valueCount * vocabulary : 0);
  return { frames: sharedCount, values, slopes, cueWords, signals, words, size, valueCount, signalCount, vocabulary };
}

/** What is the same for all fields of a text. */
export interface Surroundings {
  /** Indexes in the vocabulary of the words that count, each once. */
  readonly words: Int32Array;
  readonly wordCount: number;
  /** Indexes of the list values that are present. */
  readonly signals: readonly number[];
  readonly hasSeller: boolean;
  readonly evidence: number;
  readonly logTokens: number;
}

/** Receives the numbers of one proposal. */
export class Features {
  readonly indexes: Int32Array;
  readonly values: Float64Array;
  count = 0;

  constructor(capacity: number) {
    this.indexes = new Int32Array(capacity);
    this.values = new Float64Array(capacity);
  }

  put(index: number, value: number): void {
    if (value === 0 || this.count >= this.indexes.length) return;
    this.indexes[this.count] = index;
    this.values[this.count] = value;
    this.count += 1;
  }

  /** The sum of weight times number. */
  times(weights: Float32Array): number {
    let sum = 0;
    for (let at = 0; at < this.count; at += 1) sum += (weights[this.indexes[at] ?? 0] ?? 0) * (this.values[at] ?? 0);
    return sum;
  }
}

/** Most numbers that one proposal can have. */
export function maxFeatures(vocabulary: number): number {
  return sharedCount + 40 + 64 + vocabulary;
}

const maxWeight = 4;
const maxCueWords = 4;

export interface Rivals {
  readonly bestScore: number;
  readonly secondScore: number;
  readonly count: number;
}

/** Scores of the proposals of one field. */
export function compareProposals(proposals: readonly Proposal[]): Rivals {
  let bestScore = 0;
  let secondScore = 0;
  let count = 0;
  for (const { score } of proposals) {
    if (score > 0) count += 1;
    if (score > bestScore) [bestScore, secondScore] = [score, bestScore];
    else if (score > secondScore) secondScore = score;
  }
  return { bestScore, secondScore, count };
}

/** Writes the numbers of one proposal. */
export function describe(
  out: Features,
  proposal: Proposal,
  { layout, reading, rivals, around, readsText }: Describing,
): void {
  out.count = 0;
  const { part, score, best } = proposal;
  const positive = Math.max(0, Math.min(maxWeight, score));
  const logScore = Math.log1p(positive);
  const rival = score >= rivals.bestScore ? rivals.secondScore : rivals.bestScore;
  out.put(shared.bias, 1);
  out.put(shared.score, logScore);
  out.put(shared.noScore, score > 0 ? 0 : 1);
  out.put(shared.count, Math.log1p(proposal.count));
  out.put(shared.against, Math.min(2, proposal.against));
  out.put(shared.isTop, score > 0 && score >= rivals.bestScore ? 1 : 0);
  out.put(shared.lead, positive <= 0 ? 0 : positive / (positive + Math.max(0, rival)));
  out.put(shared.rivals, Math.min(3, rivals.count - (score > 0 ? 1 : 0)));
  out.put(shared.band, proposal.band > 0 ? 1 : 0);
  out.put(shared.lastBand, proposal.band === 2 ? 1 : 0);
  out.put(shared.length, around.logTokens - 5);
  out.put(shared.hasSeller, around.hasSeller ? 1 : 0);
  out.put(shared.evidence, around.evidence / 4);
  out.put(layout.values + part, 1);
  out.put(layout.slopes + part, logScore);
  if (best === null) out.put(shared.noHit, 1);
  else describeHit(out, best, layout, reading);
  if (readsText) describeText(out, part, layout, around);
}

export interface Describing {
  readonly layout: Layout;
  readonly reading: Reading;
  readonly rivals: Rivals;
  readonly around: Surroundings;
  readonly readsText: boolean;
}

function describeHit(out: Features, best: NonNullable<Proposal['best']>, layout: Layout, reading: Reading): void {
  const { hit, weight, frame } = best;
  const { tokens } = reading;
  const token = tokens[hit.first];
  const sentence = reading.sentences[token?.sentence ?? 0];
  out.put(shared.best, Math.max(-1, Math.min(maxWeight, weight)));
  out.put(shared.cueWeight, Math.min(2, hit.action.weight));
  out.put(shared.confirmed, trustPercentAt(reading, hit.first) < 100 ? 1 : 0);
  out.put(shared.hedged, (token?.hedge ?? -1) >= 0 ? 1 : 0);
  out.put(shared.denied, weight < 0 ? 1 : 0);
  out.put(shared.position, hit.first / Math.max(1, tokens.length));
  out.put(shared.early, hit.first - reading.openingAt < 25 ? 1 : 0);
  out.put(shared.asked, isAsked(reading, best) ? 1 : 0);
  out.put(shared.capital, token?.isCapitalised === true ? 1 : 0);
  out.put(shared.quoteWords, Math.min(4, hit.last - hit.first));
  if (sentence !== undefined) out.put(shared.sentenceWords, Math.log1p(sentence.last - sentence.first) / 3);
  if (frame >= 0) out.put(layout.frames + frame, 1);
  else if (frame === noFrame.opening) out.put(shared.opening, 1);
  else if (frame === noFrame.alone) out.put(shared.alone, 1);
  else out.put(shared.unframed, 1);
  const last = Math.min(hit.last, hit.first + maxCueWords - 1);
  for (let at = hit.first; at <= last; at += 1) {
    const word = tokens[at]?.word.vocabulary ?? -1;
    if (word >= 0) out.put(layout.cueWords + word, 1);
  }
}

function describeText(out: Features, part: number, layout: Layout, around: Surroundings): void {
  for (const signal of around.signals) out.put(layout.signals + part * layout.signalCount + signal, 1);
  const base = layout.words + part * layout.vocabulary;
  for (let at = 0; at < around.wordCount; at += 1) out.put(base + (around.words[at] ?? 0), 1);
}
