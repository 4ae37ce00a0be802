/** Gathers what the text proposes for a field: each value with its quotes and with what its weights are multiplied by. */
import type { FileField } from '../../../models/taxonomy-file.ts';
import type { FieldHits, Reading } from './reading.ts';
import { framedWeight, isNegated, type Scope, type WeighedHit, weighAll } from './weigh.ts';

/** One value of a field, and the hits for and against it. */
export interface Proposal {
  /** Index of the value. */
  readonly part: number;
  /** The strongest first where `best` is its first; in text order otherwise. */
  readonly hits: WeighedHit[];
  /** The hit with the highest weight, of equals the first; null: only the whole text speaks for the value. */
  best: WeighedHit | null;
  /** As the rules alone score it: the best hit, a share of the others, less what speaks against. */
  score: number;
  /** Sum of what speaks against it, not negative. */
  against: number;
  /** Hits that speak for it. */
  count: number;
  /** Whether it is the range of a stated number; the last one of the text is 2. */
  band: 0 | 1 | 2;
}

const repeatShare = 0.25;

/** The proposals for an enum or boolean, one for each value that a hit names; the order is that of the text. */
export function propose(scope: Scope, hits: FieldHits): Proposal[] {
  const proposals: Proposal[] = [];
  if (hits.cues.length > 0) for (const each of weighAll(scope, hits)) addHit(proposals, each.hit.action.part, each);
  if (scope.field.bands !== undefined) proposeBands(scope, hits, proposals);
  for (const each of proposals) finish(each, scope.field);
  return proposals;
}

/** A proposal that no hit makes. */
export function proposeFromText(part: number): Proposal {
  return { part, hits: [], best: null, score: 0, against: 0, count: 0, band: 0 };
}

function addHit(proposals: Proposal[], part: number, hit: WeighedHit): Proposal {
  let proposal: Proposal | undefined;
  for (const each of proposals) if (each.part === part) proposal = each;
  if (proposal === undefined) {
    proposal = { part, hits: [hit], best: hit, score: 0, against: 0, count: 0, band: 0 };
    proposals.push(proposal);
  } else {
    proposal.hits.push(hit);
    if (proposal.best === null || hit.weight > proposal.best.weight) proposal.best = hit;
  }
  return proposal;
}

function finish(proposal: Proposal, field: FileField): void {
  let sum = 0;
  for (const { weight } of proposal.hits) {
    if (weight < 0) proposal.against -= weight;
    else if (weight > 0) {
      sum += weight;
      proposal.count += 1;
    }
  }
  const best = Math.max(0, proposal.best?.weight ?? 0);
  const repeated = field.decide.by === 'strongest' ? 0 : (sum - best) * repeatShare;
  proposal.score = best + repeated - proposal.against;
}

/** "Somos 40 personas" proposes the value whose range has 40 in it. */
function proposeBands(scope: Scope, { frames, others }: FieldHits, proposals: Proposal[]): void {
  const { field, reading } = scope;
  let last: Proposal | null = null;
  for (const hit of others) {
    if (hit.action.role !== 'band') continue;
    const number = reading.numbers.find((each) => each.last >= hit.first && each.first <= hit.last);
    const sentence = reading.sentences[reading.tokens[hit.first]?.sentence ?? 0];
    const trust = sentence?.trustPercent ?? 100;
    if (number === undefined || trust <= 0 || (!hit.action.isFirm && isNegated(reading, hit))) continue;
    const part = partOf(field, number.value);
    if (part < 0) continue;
    const { weight, frame } = framedWeight(scope, hit, frames);
    const from = Math.min(hit.first, number.first);
    const to = Math.max(hit.last, number.last);
    const proposal = addHit(proposals, part, { hit, weight: weight * (trust / 100), frame, from, to });
    proposal.band = 1;
    if (weight >= field.decide.threshold) last = proposal;
  }
  if (last !== null) last.band = 2;
}

/** Index of the value whose range a number is in, or -1. */
function partOf({ bands, values }: FileField, number: number): number {
  let id: string | undefined;
  let from = -1;
  for (const step of bands?.steps ?? []) {
    if (step.from > number || step.from < from) continue;
    id = step.value;
    from = step.from;
  }
  return values.findIndex((value) => value.id === id);
}

/** Whether a hit is in a question. */
export function isAsked({ tokens, sentences }: Reading, hit: WeighedHit): boolean {
  return sentences[tokens[hit.hit.first]?.sentence ?? 0]?.isQuestion === true;
}
