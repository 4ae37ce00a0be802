/** Classifies transcripts by the cues of a taxonomy: no network, no chance, the same answer every time. */

import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { FileField } from '../../../models/taxonomy-file.ts';
import type { Classification, Classifier, FieldResult } from '../classifier.ts';
import { countLanguages, decideLanguage, type LanguageCount } from '../text/language.ts';
import type { Segment } from '../text/tokens.ts';
import { chooseSegments } from '../text/windows.ts';
import { decideBand } from './bands.ts';
import { type Calibrate, createCalibration } from './calibrate.ts';
import { decideMany, decideOne } from './decide.ts';
import { extract } from './extracts.ts';
import { decidePhrases, type PhraseWords, readPhraseWords } from './phrases.ts';
import { type CompiledCues, createProgram, type Program } from './program.ts';
import { decideQuantity } from './quantities.ts';
import { type FieldHits, type Reading, readTranscript } from './reading.ts';
import { emptyResult, type Scope, weighHits } from './weigh.ts';

/** Counts changes of this code that may change an answer; changes of the cues show in the taxonomy's version. */
const codeVersion = 1;
/** What is answered only because nothing speaks against it. */
const otherwiseConfidence = 0.5;

/**
 * A classifier that needs nothing but the taxonomy. 150 words take about 0.1 ms (bench/cases/classifier.ts); a text beyond 60,000
 * characters is cut by rule.
 */
export function createOfflineClassifier(taxonomy: Taxonomy, compiled?: CompiledCues): Classifier {
  const program = createProgram(taxonomy, compiled);
  const calibrate = createCalibration(taxonomy.file);
  const words = readPhraseWords(taxonomy.file.classes);
  const followers = findFollowers(program.taxonomy.file.fields);
  return {
    ...identify(taxonomy),
    async classify({ transcript, signal }) {
      signal.throwIfAborted();
      const segments = await chooseSegments(program, transcript, signal);
      return classifySegments({ program, words, calibrate, followers }, transcript, segments);
    },
  };
}

/** Who answers with this code and the cues of a taxonomy. */
export function identify({ version }: Taxonomy): Pick<Classifier, 'kind' | 'model' | 'version' | 'isPaid'> {
  const model = `offline-${codeVersion}`;
  return { kind: 'offline', model, version: `${model}/${version}`, isPaid: false };
}

interface Engine {
  readonly program: Program;
  readonly words: PhraseWords;
  readonly calibrate: Calibrate;
  readonly followers: readonly Follower[];
}

function classifySegments(engine: Engine, text: string, segments: readonly Segment[]): Classification {
  const { program, calibrate, followers } = engine;
  const reading = readTranscript(program, text, segments);
  const languages = countLanguages(reading, program.lexicon);
  const { file } = program.taxonomy;
  const results = file.fields.map((field, index) => decideField(engine, { reading, languages }, field, index));
  // A recorded announcement says nothing of anybody: without any evidence there is nothing to be neutral or unhurried about.
  const saysSomething = results.some((result) => result.evidence.length > 0);
  if (saysSomething && languages.known >= file.grammar.content_words) fillOtherwise(file.fields, results);
  followPhrases(followers, results);
  const truncated = segments.length > 1;
  const confidence = confidenceOfAll(file.fields, results);
  const fields: Record<string, FieldResult> = {};
  for (const [index, { id }] of file.fields.entries()) fields[id] = calibrate(index, results[index] ?? emptyResult);
  const { keyTopics, actionItems, nextSteps, summary } = extract(program, reading, results);
  return {
    fields,
    keyTopics,
    actionItems,
    nextSteps,
    summary,
    confidence,
    truncated,
    needsReview: truncated || confidence < file.review_below,
  };
}

const noHits: FieldHits = { cues: [], frames: [], others: [] };

interface Found {
  readonly reading: Reading;
  readonly languages: LanguageCount;
}

function decideField(
  { program, words }: Engine,
  { reading, languages }: Found,
  field: FileField,
  index: number,
): FieldResult {
  const hits = reading.hits[index] ?? noHits;
  if (hits === noHits && field.decide.by !== 'language') return emptyResult;
  if (field.type === 'quantity') return decideQuantity(field, hits, reading);
  if (field.type === 'phrases') return decidePhrases(field, hits, reading, words);
  if (field.decide.by === 'language') return decideLanguage(field, languages, program.lexicon);
  const scope: Scope = { reading, field, hedgeFactor: program.taxonomy.file.grammar.hedges.factor };
  if (field.bands !== undefined) {
    const band = decideBand(scope, hits);
    if (band.value !== null) return band;
  }
  const weighed = weighHits(scope, hits);
  if (weighed.length === 0) return emptyResult;
  if (field.type === 'list') return decideMany(field, weighed, reading);
  const refineHits = hits.others.filter((hit) => hit.action.role === 'refine');
  return decideOne(field, weighed, reading, refineHits);
}

/** The answers of fields that declare one for texts in which nothing decides; one on given ground quotes that ground. */
function fillOtherwise(fields: readonly FileField[], results: FieldResult[]): void {
  fields.forEach((field, index) => {
    const { otherwise, given } = field.decide;
    if (otherwise === undefined || results[index]?.value !== null) return;
    const ground = given === undefined ? emptyResult : findGround(fields, results, given);
    if (ground === undefined) return;
    const value = field.type === 'boolean' ? otherwise === 'true' : otherwise;
    results[index] = { value, confidence: otherwiseConfidence, evidence: ground.evidence.slice(0, 1) };
  });
}

/** The first answer that is among those a field is given on. */
function findGround(
  fields: readonly FileField[],
  results: readonly FieldResult[],
  given: Readonly<Record<string, readonly string[]>>,
): FieldResult | undefined {
  return results.find(({ value, evidence }, index) => {
    const allowed = given[fields[index]?.id ?? ''];
    if (allowed === undefined || value === null || evidence.length === 0) return false;
    return allowed.length === 0 || allowed.includes(String(value));
  });
}

/** A value that stands exactly where a phrases field is not empty. */
interface Follower {
  readonly field: FileField;
  readonly index: number;
  readonly id: string;
  /** Index of the phrases field. */
  readonly source: number;
}

function findFollowers(fields: readonly FileField[]): Follower[] {
  return fields.flatMap((field, index) =>
    field.values.flatMap(({ id, follows }) =>
      follows === undefined ? [] : [{ field, index, id, source: fields.findIndex((each) => each.id === follows) }],
    ),
  );
}

function followPhrases(followers: readonly Follower[], results: FieldResult[]): void {
  for (const { field, index, id, source } of followers) {
    const result = results[index] ?? emptyResult;
    const leader = results[source] ?? emptyResult;
    results[index] = leader.value === null ? without(result, id) : withValue(field, result, id, leader);
  }
}

function without(result: FieldResult, id: string): FieldResult {
  if (!Array.isArray(result.value)) return result;
  const value = result.value.filter((each) => each !== id);
  return value.length === 0 ? emptyResult : { ...result, value };
}

function withValue(field: FileField, result: FieldResult, id: string, source: FieldResult): FieldResult {
  const held: readonly unknown[] = Array.isArray(result.value) ? result.value : [];
  if (held.includes(id)) return result;
  const value = field.values.map((each) => each.id).filter((each) => each === id || held.includes(each));
  const confidence = result.value === null ? source.confidence : Math.min(result.confidence, source.confidence);
  return { value, confidence, evidence: [...result.evidence, ...source.evidence.slice(0, 1)] };
}

/** The mean over what was found, less where little was: a few sure labels are not a sure whole. */
function confidenceOfAll(fields: readonly FileField[], results: readonly FieldResult[]): number {
  const found = results.filter((result) => result.value !== null && result.evidence.length > 0);
  if (found.length === 0) return 0;
  const mean = found.reduce((sum, result) => sum + result.confidence, 0) / found.length;
  const expected = Math.max(1, Math.min(4, fields.length));
  const coverage = Math.min(1, found.length / expected);
  return Math.round(mean * (0.5 + 0.5 * coverage) * 100) / 100;
}
