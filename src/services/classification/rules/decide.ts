/** Turns weighed hits into the answer of an enum, boolean or list field. */
import type { FileField } from '../../../models/taxonomy-file.ts';
import { emptyResult, isExcluded } from '../answer-rules.ts';
import type { Evidence, FieldResult, FieldValue } from '../classifier.ts';
import { type Hit, type Reading, trustPercentAt } from './reading.ts';
import { confidenceOf, isNegated, quote, type WeighedHit } from './weigh.ts';

interface Candidate {
  /** Index of the value. */
  readonly part: number;
  readonly score: number;
  readonly hits: readonly WeighedHit[];
}

/** Share of further mentions: one clear statement outweighs many weak ones. */
const repeatShare = 0.25;
const maxQuotes = 2;

/** One value of an enum or boolean, or null. `refineHits` replace the winner by a narrower value. */
export function decideOne(
  field: FileField,
  weighed: readonly WeighedHit[],
  reading: Reading,
  refineHits: readonly Hit[],
): FieldResult {
  const [best, second] = rank(field, weighed);
  const { threshold, margin } = field.decide;
  if (best === undefined || best.score < threshold || best.score - Math.max(0, second?.score ?? 0) < margin)
    return emptyResult;
  const refined = refine(field, best.part, reading, refineHits);
  const evidence = [...refined.evidence, ...quoteBest(reading, best.hits)].slice(0, maxQuotes);
  return {
    value: typedValue(field, refined.part),
    confidence: confidenceOf(best.score, threshold, second?.score ?? 0),
    evidence,
  };
}

/** Every value of a list that reaches the threshold; null instead of an empty list. */
export function decideMany(field: FileField, weighed: readonly WeighedHit[], reading: Reading): FieldResult {
  const enough = rank(field, weighed).filter((each) => each.score >= field.decide.threshold);
  const ids = new Set(enough.map((each) => valueId(field, each.part)));
  const kept = sorted(
    enough.filter((each) => !isExcluded(field.values[each.part], ids)),
    (a, b) => a.part - b.part,
  );
  if (kept.length === 0) return emptyResult;
  return {
    value: kept.map((each) => valueId(field, each.part)),
    confidence: Math.min(...kept.map((each) => confidenceOf(each.score, field.decide.threshold, 0))),
    evidence: kept.flatMap((each) => quoteBest(reading, each.hits).slice(0, 1)),
  };
}

function rank(field: FileField, weighed: readonly WeighedHit[]): Candidate[] {
  const byPart = new Map<number, WeighedHit[]>();
  for (const each of weighed) {
    const list = byPart.get(each.hit.action.part);
    if (list === undefined) byPart.set(each.hit.action.part, [each]);
    else list.push(each);
  }
  const candidates: Candidate[] = [];
  for (const [part, hits] of byPart) {
    const score = scoreOf(field, hits);
    if (score > 0) candidates.push({ part, hits, score });
  }
  return sorted(candidates, (a, b) => b.score - a.score || firstOf(a) - firstOf(b));
}

/** Sorts in place. Most lists have one element, for which Array.sort would still allocate. */
function sorted<T>(list: T[], compare: (a: T, b: T) => number): T[] {
  return list.length < 2 ? list : list.sort(compare);
}

function firstOf({ hits }: Candidate): number {
  return Math.min(...hits.map((each) => each.hit.first));
}

function scoreOf(field: FileField, hits: readonly WeighedHit[]): number {
  let best = 0;
  let sum = 0;
  let against = 0;
  for (const { weight } of hits) {
    if (weight < 0) against += weight;
    else sum += weight;
    best = Math.max(best, weight);
  }
  const repeated = field.decide.by === 'strongest' ? 0 : (sum - best) * repeatShare;
  return best + repeated + against;
}

/** Quotes of the strongest mentions that do not overlap, the strongest first. */
export function quoteBest(reading: Reading, hits: readonly WeighedHit[]): Evidence[] {
  const positive = hits.filter((each) => each.weight > 0);
  const best = sorted(positive, (a, b) => b.weight - a.weight || a.hit.first - b.hit.first);
  const chosen: WeighedHit[] = [];
  for (const each of best) {
    const overlaps = chosen.some((other) => other.from <= each.to && each.from <= other.to);
    if (!overlaps && chosen.length < maxQuotes) chosen.push(each);
  }
  return chosen.map((each) => quote(reading, each.from, each.to));
}

/** Replaces a value by a narrower one where the text says so; `hits` of other roles than `refine` are passed over. */
export function refine(
  field: FileField,
  part: number,
  reading: Reading,
  hits: readonly Hit[],
): { part: number; evidence: Evidence[] } {
  const id = valueId(field, part);
  for (const hit of hits) {
    if (hit.action.role !== 'refine') continue;
    const rule = field.refine[hit.action.part];
    const trust = trustPercentAt(reading, hit.first);
    const isDenied = !hit.action.isFirm && isNegated(reading, hit);
    if (rule === undefined || rule.from !== id || trust <= 0 || isDenied) continue;
    const to = field.values.findIndex((value) => value.id === rule.to);
    return { part: to, evidence: [quote(reading, hit.first, hit.last)] };
  }
  return { part, evidence: [] };
}

function valueId(field: FileField, part: number): string {
  return field.values[part]?.id ?? '';
}

export function typedValue(field: FileField, part: number): FieldValue {
  const id = valueId(field, part);
  return field.type === 'boolean' ? id === 'true' : id;
}
