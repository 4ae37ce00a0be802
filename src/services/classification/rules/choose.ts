/** Decides by fitted weights whether a proposal becomes the value of its field, and how sure that is. */
import type { DecisionWeights, FieldWeights } from '../../../models/decision-weights.ts';
import type { FileField, TaxonomyFile } from '../../../models/taxonomy-file.ts';
import { emptyResult, roundConfidence } from '../answer-rules.ts';
import type { Evidence, FieldResult } from '../classifier.ts';
import { quoteBest, refine, typedValue } from './decide.ts';
import {
  compareProposals,
  describe,
  Features,
  type Layout,
  layOut,
  maxFeatures,
  type Surroundings,
} from './features.ts';
import { type Proposal, propose, proposeFromText } from './proposals.ts';
import type { FieldHits, Reading } from './reading.ts';
import { quote, type Scope } from './weigh.ts';

/** A field that is decided by weights. */
export interface Decision {
  readonly layout: Layout;
  readonly weights: Float32Array;
  readonly readsText: boolean;
  readonly floor: number;
  readonly confidence: FieldWeights['confidence'];
}

/** Sees each proposal with its numbers, for fitting. `part`: index of the value that it would give. */
export type OnProposal = (field: FileField, part: number, features: Features) => void;

/** By field index; null: the rules decide. A field whose values or frames changed since the fit is decided by the rules. */
export function compileDecisions(
  { fields }: TaxonomyFile,
  weights: DecisionWeights | undefined,
  signalCount: number,
): readonly (Decision | null)[] {
  return fields.map((field) => {
    const fitted = weights?.fields[field.id];
    if (weights === undefined || fitted === undefined || !isOf(field, fitted)) return null;
    const layout = layOut(field, weights.vocabulary.length, signalCount, fitted.readsText);
    const table = new Float32Array(layout.size);
    for (const [index, weight] of fitted.weights) table[index] = weight * fitted.unit;
    const { readsText, floor, confidence } = fitted;
    return { layout, weights: table, readsText, floor, confidence };
  });
}

function isOf(field: FileField, { values, frames }: FieldWeights): boolean {
  return field.frames.length === frames && field.values.map(({ id }) => id).join() === values.join();
}

export interface Choice {
  readonly scope: Scope;
  readonly hits: FieldHits;
  readonly decision: Decision;
  readonly around: Surroundings;
  /** Whether a value may be given that only the whole text speaks for. */
  readonly mayGoUnquoted: boolean;
  /** Value of `otherwise`, and the answer that it rests on; null: none. */
  readonly otherwise: { readonly part: number; readonly evidence: readonly Evidence[] } | null;
  readonly onProposal: OnProposal | undefined;
}

export type Choose = (choice: Choice) => FieldResult;

/** `vocabulary`: words that have weights. */
export function createChoose(vocabulary: number): Choose {
  const features = new Features(maxFeatures(vocabulary));
  return (choice) => {
    const { scope, decision, around, onProposal } = choice;
    const proposals = gather(choice);
    if (proposals.length === 0) return emptyResult;
    const { layout, readsText, weights } = decision;
    const describing = { layout, reading: scope.reading, rivals: compareProposals(proposals), around, readsText };
    let best: Proposal | null = null;
    let bestUtility = Number.NEGATIVE_INFINITY;
    // Null has the utility 0.
    let total = 1;
    for (const each of proposals) {
      describe(features, each, describing);
      if (onProposal !== undefined) onProposal(scope.field, refinedPart(choice, each), features);
      const utility = features.times(weights);
      total += Math.exp(utility);
      if (utility <= bestUtility) continue;
      best = each;
      bestUtility = utility;
    }
    const probability = Math.exp(bestUtility) / total;
    return best === null || probability < decision.floor ? emptyResult : answer(choice, best, probability);
  };
}

/** What the hits propose, and for a field that the whole text decides, each other value too. */
function gather({ scope, hits, decision, mayGoUnquoted, otherwise }: Choice): Proposal[] {
  const proposals = propose(scope, hits).filter(({ best }) => best !== null && best.weight >= 0);
  if (!decision.readsText) return proposals;
  const count = mayGoUnquoted ? scope.field.values.length : 0;
  for (let part = 0; part < count; part += 1)
    if (!proposals.some((each) => each.part === part)) proposals.push(proposeFromText(part));
  if (otherwise !== null && !proposals.some(({ part }) => part === otherwise.part))
    proposals.push(proposeFromText(otherwise.part));
  return proposals;
}

function refinedPart({ scope, hits }: Choice, proposal: Proposal): number {
  return scope.field.refine.length === 0
    ? proposal.part
    : refine(scope.field, proposal.part, scope.reading, hits.others).part;
}

const maxQuotes = 2;
const minConfidence = 0.02;
const maxConfidence = 0.99;

function answer(
  { scope, hits, decision, otherwise }: Choice,
  { part, best, hits: own }: Proposal,
  p: number,
): FieldResult {
  const { field, reading } = scope;
  const refined = refine(field, part, reading, hits.others);
  const quotes = best === null ? quotesOf(otherwise, part) : quotesFor(reading, own, best);
  const { scale, shift } = decision.confidence;
  const logit = Math.log(p / Math.max(1e-9, 1 - p));
  const confidence = 1 / (1 + Math.exp(-(scale * logit + shift)));
  return {
    value: typedValue(field, refined.part),
    confidence: roundConfidence(Math.min(maxConfidence, Math.max(minConfidence, confidence))),
    evidence: [...refined.evidence, ...quotes].slice(0, maxQuotes),
  };
}

function quotesOf(otherwise: Choice['otherwise'], part: number): readonly Evidence[] {
  return otherwise?.part === part ? otherwise.evidence : [];
}

function quotesFor(reading: Reading, hits: Proposal['hits'], best: NonNullable<Proposal['best']>): Evidence[] {
  const quotes = quoteBest(reading, hits);
  return quotes.length > 0 ? quotes : [quote(reading, best.from, best.to)];
}
