/** Turns a model's claims into a classification: a value is kept only with a quote that is in the transcript. */
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { FileField } from '../../../models/taxonomy-file.ts';
import { type AnswerRules, createAnswerRules, emptyResult, roundConfidence } from '../answer-rules.ts';
import type { Classification, Evidence, FieldResult, FieldValue } from '../classifier.ts';
import type { QuoteFinder } from './quotes.ts';
import type { Claim, FieldClaims, ReadReply } from './read-reply.ts';

/** Of a value without a quote, in a field whose quotes are optional. */
const maxConfidenceWithoutQuote = 0.5;

export interface ReplyScope {
  readonly findQuote: QuoteFinder;
  /** The model has not seen the whole transcript. */
  readonly truncated: boolean;
}

/** Pure. */
export type ReplyWeigher = (reply: ReadReply, scope: ReplyScope) => Classification;

export function createReplyWeigher({ file }: Taxonomy): ReplyWeigher {
  const answerRules = createAnswerRules(file);
  return (reply, scope) => weighReply(reply, scope, { fields: file.fields, answerRules });
}

function weighReply(
  reply: ReadReply,
  { findQuote, truncated }: ReplyScope,
  { fields, answerRules }: { fields: readonly FileField[]; answerRules: AnswerRules },
): Classification {
  const weighed = fields.map((field) => weighField(field, reply.fields[field.id], findQuote));
  const results = weighed.map(({ result }) => result);
  answerRules.apply(results);
  for (const [index, result] of results.entries()) results[index] = withDistinctQuotes(result);
  const hasEvidence = results.some(({ evidence }) => evidence.length > 0);
  // Without any evidence, defaults such as "neutral" and the summary are wrong too.
  if (!hasEvidence) results.fill(emptyResult);
  const unproven = weighed.reduce((sum, each) => sum + each.unproven, 0);
  return {
    fields: Object.fromEntries(
      fields.map(({ id }, index) => [id, withRaw(results[index] ?? emptyResult, reply.fields[id]?.raw)]),
    ),
    keyTopics: hasEvidence ? reply.keyTopics : [],
    actionItems: hasEvidence ? reply.actionItems : [],
    nextSteps: hasEvidence ? reply.nextSteps : null,
    summary: hasEvidence ? reply.summary : null,
    ...answerRules.judge(results, { truncated, unproven }),
  };
}

/** `raw` is shown beside the result and never stored as a value. */
function withRaw(result: FieldResult, raw: string | undefined): FieldResult {
  return raw === undefined ? result : { ...result, raw };
}

interface WeighedField {
  readonly result: FieldResult;
  /** Claims without a quote in the transcript; they are dropped. */
  readonly unproven: number;
}

function weighField(field: FileField, given: FieldClaims | undefined, findQuote: QuoteFinder): WeighedField {
  if (given === undefined || given.claims.length === 0) return { result: emptyResult, unproven: 0 };
  const checked = given.claims.map((claim) => ({ claim, evidence: findEvidence(field, claim, findQuote) }));
  const kept = checked.filter(
    ({ claim, evidence }) => evidence.length > 0 || (field.quote === 'optional' && claim.value !== true),
  );
  const unproven = checked.length - kept.length;
  if (kept.length === 0) return { result: emptyResult, unproven };
  const evidence = kept.flatMap((each) => each.evidence);
  const confidence = roundConfidence(given.confidence * (kept.length / checked.length));
  const claims = kept.map(({ claim }) => claim);
  return {
    result: {
      value: valueFrom(field, claims),
      confidence: evidence.length > 0 ? confidence : Math.min(confidence, maxConfidenceWithoutQuote),
      evidence,
    },
    unproven,
  };
}

/** A phrase must itself be in the transcript; its quotes are not enough. */
function findEvidence(field: FileField, { value, quotes }: Claim, findQuote: QuoteFinder): Evidence[] {
  if (field.type === 'phrases') {
    const phrase = findQuote(String(value));
    return phrase === undefined ? [] : [phrase];
  }
  return quotes.flatMap((quote) => findQuote(quote) ?? []);
}

function valueFrom(field: FileField, claims: readonly Claim[]): FieldValue {
  const texts = claims.flatMap(({ value }) => (typeof value === 'string' ? [value] : []));
  if (field.type === 'phrases') return [...new Set(texts)];
  if (field.type === 'list') return field.values.map(({ id }) => id).filter((id) => texts.includes(id));
  return claims[0]?.value ?? null;
}

function withDistinctQuotes(result: FieldResult): FieldResult {
  if (result.evidence.length < 2) return result;
  const bySpan = new Map(result.evidence.map((each) => [`${each.start}:${each.end}`, each]));
  return { ...result, evidence: [...bySpan.values()] };
}
