/** Classifies transcripts by the cues of a taxonomy: no network, no randomness, always the same answer. */
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { FileField } from '../../../models/taxonomy-file.ts';
import { type AnswerRules, createAnswerRules, emptyResult, roundConfidence } from '../answer-rules.ts';
import type { Classification, Classifier, FieldResult } from '../classifier.ts';
import { countLanguages, findLanguage, type LanguageCount } from '../text/language.ts';
import type { Segment } from '../text/tokens.ts';
import { chooseSegments } from '../text/windows.ts';
import { decideBand } from './bands.ts';
import { type Calibrate, createCalibration } from './calibrate.ts';
import { type Choose, compileDecisions, createChoose, type Decision, type OnProposal } from './choose.ts';
import { decideMany, decideOne } from './decide.ts';
import { extract } from './extracts.ts';
import type { Surroundings } from './features.ts';
import { decidePhrases, type PhraseWords, readPhraseWords } from './phrases.ts';
import { type CompiledCues, createProgram, type Program } from './program.ts';
import { decideQuantity } from './quantities.ts';
import { countEvidence, type FieldHits, type Reading, readTranscript } from './reading.ts';
import { createSurroundingsReader, type SurroundingsReader } from './surroundings.ts';
import { type Scope, weighHits } from './weigh.ts';

/** Increase it when this code may give other answers; changes of the cues change the taxonomy's version. */
const codeVersion = 2;
/** Of an answer that is given because nothing speaks against it. */
const otherwiseConfidence = 0.5;
/** At most, where seller and client cannot be told apart. */
const untoldConfidence = 0.6;
/** No text is proof of its language. */
const maxLanguageConfidence = 0.99;

/**
 * A classifier that needs only a taxonomy. 150 words take about 0.15 ms (bench/cases/classifier.ts); text/windows.ts shortens texts of
 * more than 60,000 characters.
 */
export function createOfflineClassifier(
  taxonomy: Taxonomy,
  compiled?: CompiledCues,
  { onProposal }: { readonly onProposal?: OnProposal } = {},
): Classifier {
  const program = createProgram(taxonomy, compiled);
  const { file, weights } = taxonomy;
  const vocabulary = weights?.vocabulary.length ?? 0;
  const surroundings = createSurroundingsReader(file.fields, vocabulary);
  const engine: Engine = {
    program,
    answerRules: createAnswerRules(file),
    calibrate: createCalibration(file, weights),
    words: readPhraseWords(file.classes),
    decisions: compileDecisions(file, weights, surroundings.signalCount),
    surroundings,
    choose: createChoose(vocabulary),
    onProposal,
  };
  return {
    ...identify(taxonomy),
    async classify({ transcript, signal }) {
      signal.throwIfAborted();
      const segments = await chooseSegments(transcript, {
        countEvidence: (segment) => countEvidence(program, transcript, segment),
        signal,
      });
      return classifySegments(engine, transcript, segments);
    },
  };
}

/** Kind, model and version of answers by this code, a taxonomy and its weights. */
export function identify({ version, weights }: Taxonomy): Pick<Classifier, 'kind' | 'model' | 'version' | 'isPaid'> {
  const model = `offline-${codeVersion}`;
  const fitted = weights === undefined ? '' : `/${weights.digest}`;
  return { kind: 'offline', model, version: `${model}/${version}${fitted}`, isPaid: false };
}

interface Engine {
  readonly program: Program;
  readonly answerRules: AnswerRules;
  readonly calibrate: Calibrate;
  readonly words: PhraseWords;
  /** By field index; null: the rules decide. */
  readonly decisions: readonly (Decision | null)[];
  readonly surroundings: SurroundingsReader;
  readonly choose: Choose;
  readonly onProposal: OnProposal | undefined;
}

function classifySegments(engine: Engine, text: string, segments: readonly Segment[]): Classification {
  const { program, answerRules, calibrate } = engine;
  const reading = readTranscript(program, text, segments);
  const languages = countLanguages(reading.tokens, program.lexicon);
  const { file } = program.taxonomy;
  const found: Found = { reading, languages };
  const results = file.fields.map((field, index) => decideField(engine, found, field, index));
  const around = engine.surroundings.read(reading, results);
  chooseFields(engine, { ...found, around }, results, 'phrase');
  // Without any evidence, as in a recorded announcement, the defaults "neutral" and "not urgent" would be wrong.
  const saysSomething =
    results.some((result) => result.evidence.length > 0) ||
    engine.decisions.some((decision, index) => decision?.readsText === true && reading.hits[index] !== undefined);
  const isTalk = saysSomething && languages.known >= file.grammar.content_words;
  chooseFields(engine, { ...found, around }, results, isTalk ? 'talk' : 'text');
  if (isTalk) fillOtherwise(engine, results);
  answerRules.apply(results);
  const fields: Record<string, FieldResult> = {};
  const isUntold = reading.roles === 'untold';
  for (const [index, { id }] of file.fields.entries()) {
    const result = calibrate(index, results[index] ?? emptyResult);
    fields[id] = isUntold ? doubt(result) : result;
  }
  const { keyTopics, actionItems, nextSteps, summary } = extract(program, reading, results);
  const judgement = answerRules.judge(results, { truncated: segments.length > 1, unproven: 0 });
  const answer = { fields, keyTopics, actionItems, nextSteps, summary, ...judgement };
  if (!isUntold) return answer;
  const confidence = Math.min(answer.confidence, untoldConfidence);
  return { ...answer, confidence, needsReview: true, reviewReason: 'speakers_unknown' };
}

/** A label that the seller's words may have given. */
function doubt(result: FieldResult): FieldResult {
  return result.confidence <= untoldConfidence ? result : { ...result, confidence: untoldConfidence };
}

const noHits: FieldHits = { cues: [], frames: [], others: [] };

interface Found {
  readonly reading: Reading;
  readonly languages: LanguageCount;
}

interface FoundAround extends Found {
  readonly around: Surroundings;
}

/**
 * The fields with weights: first those that a phrase decides; once these have answers, those that the whole text decides. In talk
 * these may have a value that no quote supports.
 */
function chooseFields(
  { program, decisions, choose, onProposal }: Engine,
  { reading, around }: FoundAround,
  results: FieldResult[],
  step: 'phrase' | 'text' | 'talk',
): void {
  const isTalk = step === 'talk';
  const { fields, grammar } = program.taxonomy.file;
  for (const [index, field] of fields.entries()) {
    const decision = decisions[index] ?? null;
    if (decision === null || decision.readsText === (step === 'phrase')) continue;
    results[index] = choose({
      scope: { reading, field, hedgeFactor: grammar.hedges.factor },
      hits: reading.hits[index] ?? noHits,
      decision,
      around,
      mayGoUnquoted: isTalk && field.quote === 'optional',
      otherwise: isTalk ? otherwiseOf(fields, results, field) : null,
      onProposal,
    });
  }
}

function otherwiseOf(
  fields: readonly FileField[],
  results: readonly FieldResult[],
  field: FileField,
): { part: number; evidence: FieldResult['evidence'] } | null {
  const { otherwise, given } = field.decide;
  if (otherwise === undefined) return null;
  const basis = given === undefined ? emptyResult : findBasis(fields, results, given);
  if (basis === undefined) return null;
  return { part: field.values.findIndex(({ id }) => id === otherwise), evidence: basis.evidence.slice(0, 1) };
}

function decideField(
  { program, words, decisions }: Engine,
  { reading, languages }: Found,
  field: FileField,
  index: number,
): FieldResult {
  const hits = reading.hits[index] ?? noHits;
  if ((decisions[index] ?? null) !== null) return emptyResult;
  if (hits === noHits && field.decide.by !== 'language') return emptyResult;
  if (field.type === 'quantity') return decideQuantity(field, hits, reading);
  if (field.type === 'phrases') return decidePhrases(field, hits, reading, words);
  if (field.decide.by === 'language') return decideLanguage(field, languages, program);
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

function decideLanguage(field: FileField, languages: LanguageCount, { lexicon }: Program): FieldResult {
  const found = findLanguage(languages, lexicon);
  if (found === undefined || !field.values.some(({ id }) => id === found.id)) return emptyResult;
  const confidence = roundConfidence(Math.min(maxLanguageConfidence, found.share));
  return { value: found.id, confidence, evidence: [] };
}

/** Gives undecided fields their `otherwise` value; one with `given` quotes the answer that it is based on. */
function fillOtherwise({ program, decisions }: Engine, results: FieldResult[]): void {
  const { fields } = program.taxonomy.file;
  fields.forEach((field, index) => {
    if ((decisions[index] ?? null) !== null) return;
    const { otherwise, given } = field.decide;
    if (otherwise === undefined || results[index]?.value !== null) return;
    const basis = given === undefined ? emptyResult : findBasis(fields, results, given);
    if (basis === undefined) return;
    const value = field.type === 'boolean' ? otherwise === 'true' : otherwise;
    results[index] = { value, confidence: otherwiseConfidence, evidence: basis.evidence.slice(0, 1) };
  });
}

/** The first answer among those that `given` allows as a basis; an empty list allows every value. */
function findBasis(
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
