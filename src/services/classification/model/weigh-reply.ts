/** Turns a model's claims into a classification: a value stands on quotes that are in the transcript, or it is null. */
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { FileField } from '../../../models/taxonomy-file.ts';
import type { Classification, Evidence, FieldResult, FieldValue } from '../classifier.ts';
import type { QuoteFinder } from './quotes.ts';
import type { Claim, FieldClaims, ReadReply } from './read-reply.ts';

const nothing: FieldResult = { value: null, confidence: 0, evidence: [] };
/** Of a value that rests on no quote, where the taxonomy lets it. */
const mostWithoutQuote = 0.5;

interface Weighed {
  readonly result: FieldResult;
  /** Claims that nothing in the transcript proves. */
  readonly dropped: number;
}

/** Pure. `truncated`: the model has not seen the whole transcript. */
export function weighReply(
  reply: ReadReply,
  { taxonomy, findQuote, truncated }: { taxonomy: Taxonomy; findQuote: QuoteFinder; truncated: boolean },
): Classification {
  const { file } = taxonomy;
  const weighed = file.fields.map((field) => weighField(field, reply.fields[field.id], findQuote));
  const results = weighed.map(({ result }) => result);
  keepRules(file.fields, results);
  const found = results.filter(({ evidence }) => evidence.length > 0);
  // Where nothing is proven, nothing is neutral, unhurried or worth a summary either.
  if (found.length === 0) results.fill(nothing);
  const dropped = weighed.reduce((sum, each) => sum + each.dropped, 0);
  const confidence = confidenceOfAll(found, dropped, file.fields.length);
  const saysSomething = found.length > 0;
  return {
    fields: Object.fromEntries(
      file.fields.map(({ id }, index) => [id, withRaw(results[index] ?? nothing, reply.fields[id]?.raw)]),
    ),
    keyTopics: saysSomething ? reply.keyTopics : [],
    actionItems: saysSomething ? reply.actionItems : [],
    nextSteps: saysSomething ? reply.nextSteps : null,
    summary: saysSomething ? reply.summary : null,
    confidence,
    truncated,
    needsReview: truncated || confidence < file.review_below,
  };
}

/** Kept beside what is stored, and never stored as a value. */
function withRaw(result: FieldResult, raw: string | undefined): FieldResult {
  return raw === undefined ? result : { ...result, raw };
}

function weighField(field: FileField, given: FieldClaims | undefined, findQuote: QuoteFinder): Weighed {
  if (given === undefined || given.claims.length === 0) return { result: nothing, dropped: 0 };
  const proven = given.claims.map((claim) => ({ claim, evidence: findEvidence(field, claim, findQuote) }));
  const standing = proven.filter(
    ({ claim, evidence }) => evidence.length > 0 || (field.quote === 'optional' && claim.value !== true),
  );
  const dropped = proven.length - standing.length;
  if (standing.length === 0) return { result: nothing, dropped };
  const evidence = distinct(standing.flatMap((each) => each.evidence));
  const sure = round(given.confidence * (standing.length / proven.length));
  const confidence = evidence.length > 0 ? sure : Math.min(sure, mostWithoutQuote);
  const value = valueFrom(
    field,
    standing.map(({ claim }) => claim),
  );
  return { result: { value, confidence, evidence }, dropped };
}

/** A phrase is a quote itself: it has to stand in the transcript, whatever is quoted beside it. */
function findEvidence(field: FileField, { value, quotes }: Claim, findQuote: QuoteFinder): Evidence[] {
  if (field.type === 'phrases') {
    const itself = findQuote(String(value));
    return itself === undefined ? [] : [itself];
  }
  return quotes.flatMap((quote) => findQuote(quote) ?? []);
}

function valueFrom(field: FileField, claims: readonly Claim[]): FieldValue {
  const texts = claims.flatMap(({ value }) => (typeof value === 'string' ? [value] : []));
  if (field.type === 'phrases') return [...new Set(texts)];
  if (field.type === 'list') return field.values.map(({ id }) => id).filter((id) => texts.includes(id));
  return claims[0]?.value ?? null;
}

/** What the taxonomy says of values together: `follows` (stands exactly where a phrases field is not empty) and `unless`. */
function keepRules(fields: readonly FileField[], results: FieldResult[]): void {
  fields.forEach((field, index) => {
    if (field.type !== 'list') return;
    for (const { id, follows } of field.values) {
      if (follows === undefined) continue;
      const source = results[fields.findIndex((each) => each.id === follows)] ?? nothing;
      const result = results[index] ?? nothing;
      const others = listOf(result).filter((each) => each !== id);
      if (source.value === null) results[index] = withList(field, result, others);
      else if (!listOf(result).includes(id)) {
        const confidence = result.value === null ? source.confidence : Math.min(result.confidence, source.confidence);
        const evidence = distinct([...result.evidence, ...source.evidence.slice(0, 1)]);
        results[index] = withList(field, { ...result, confidence, evidence }, [...others, id]);
      }
    }
    const result = results[index] ?? nothing;
    const held = listOf(result);
    const kept = held.filter(
      (id) => !field.values.find((each) => each.id === id)?.unless.some((o) => held.includes(o)),
    );
    if (kept.length < held.length) results[index] = withList(field, result, kept);
  });
}

function listOf({ value }: FieldResult): readonly string[] {
  return Array.isArray(value) ? value : [];
}

function withList(field: FileField, result: FieldResult, ids: readonly string[]): FieldResult {
  if (ids.length === 0) return nothing;
  return { ...result, value: field.values.map(({ id }) => id).filter((id) => ids.includes(id)) };
}

/** The mean over what is proven, less where little was, and less by the share of claims that nothing proves. */
function confidenceOfAll(found: readonly FieldResult[], dropped: number, fieldCount: number): number {
  if (found.length === 0) return 0;
  const mean = found.reduce((sum, { confidence }) => sum + confidence, 0) / found.length;
  const coverage = Math.min(1, found.length / Math.max(1, Math.min(4, fieldCount)));
  return round(mean * (0.5 + 0.5 * coverage) * (found.length / (found.length + dropped)));
}

function distinct(evidence: readonly Evidence[]): Evidence[] {
  return [...new Map(evidence.map((each) => [`${each.start}:${each.end}`, each])).values()];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
