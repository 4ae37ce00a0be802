/** What one pass over a transcript finds: words, sentences, speakers, matches, and how much each sentence counts as evidence. */
import { findNumbers, type NumberSpan } from '../text/numbers.ts';
import { separateOrders } from '../text/orders.ts';
import { assignRoles, isUnlabelledDialogue, type RoleMeasure, type TurnClues } from '../text/roles.ts';
import { findSentences, type Sentence } from '../text/sentences.ts';
import { acceptAssistant, findTurns, type Turn } from '../text/speakers.ts';
import type { Segment, Token } from '../text/tokens.ts';
import { tokenize } from '../text/tokens.ts';
import { readWords, type Words } from '../text/words.ts';
import type { FieldAction, FieldRole, Program, TextAction, TextRole } from './program.ts';

export interface Hit {
  readonly first: number;
  readonly last: number;
  readonly action: FieldAction;
}

/** The matches for one field. */
export interface FieldHits {
  readonly cues: readonly Hit[];
  readonly frames: readonly Hit[];
  /** Of all other roles. */
  readonly others: readonly Hit[];
}

export interface Mark {
  readonly first: number;
  readonly last: number;
  readonly action: TextAction;
}

export interface Speech {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly sentences: readonly Sentence[];
  readonly turns: readonly Turn[];
  /** By field index; undefined: no matches. */
  readonly hits: readonly (FieldHits | undefined)[];
  readonly marks: ReadonlyMap<TextRole, readonly Mark[]>;
  /** Whether the layout has turns, but names no speaker. */
  readonly isNameless: boolean;
}

export interface Reading extends Speech {
  readonly numbers: readonly NumberSpan[];
  /** Index of the first token that counts as the client's. */
  readonly openingAt: number;
  readonly roles: RoleMeasure;
}

/** What a seller says and the client confirms counts a little less than the client's own words. */
const confirmedPercent = 80;
/** A question of up to this many words after the first can be a tag on the sentence before: "¿Correcto?". */
const maxTagWords = 3;

/** Sentences, turns and matches of the words of a text. Labels such as "AI:" have their role; sellers and clients do not yet. */
export function readSpeech(program: Program, text: string, words: Words): Speech {
  const { tokens, turns } = findTurns(words.tokens, program.roleOf, words.shown);
  let sentences = findSentences(text, tokens);
  let { hits, marks } = findMatches(program, tokens);
  const orders = marks.get('order');
  if (orders !== undefined && separateOrders({ text, tokens, orders, isSelf: program.isSelf }, sentences)) {
    sentences = findSentences(text, tokens);
    ({ hits, marks } = findMatches(program, tokens));
  }
  acceptAssistant(turns, { tokens, orders: marks.get('order') ?? [], isSelf: program.isSelf });
  markTurns(sentences, turns);
  return { text, tokens, sentences, turns, hits, marks, isNameless: words.isNameless };
}

/** Reads some segments of a transcript, in time linear in their length. */
export function readTranscript(program: Program, text: string, segments: readonly Segment[]): Reading {
  const { grammar } = program.taxonomy.file;
  const speech = readSpeech(program, text, readWords(text, segments, program.lexicon));
  const { tokens, sentences, turns, hits, marks, isNameless } = speech;
  markClauses(tokens);
  const clues: TurnClues = {
    sellerSays: (marks.get('sellerSays') ?? []).map((mark) => mark.first),
    clientClaims: (marks.get('clientClaims') ?? []).map((mark) => mark.first),
    sentences,
  };
  const told = assignRoles(turns, clues);
  const roles = isUnlabelledDialogue(isNameless, clues) ? 'untold' : told;
  weighSentences(tokens, sentences, turns, marks);
  markReach(tokens, withoutExceptions(marks), grammar.negation.reach, 'negator');
  markReach(tokens, marks.get('hedge') ?? [], grammar.hedges.reach, 'hedge');
  const opening = sentences.find((sentence) => sentence.trustPercent === 100 && sentence.last > sentence.first);
  // Not by spreading `speech`: V8 would give readings several hidden classes.
  const [numbers, openingAt] = [findNumbers(tokens), opening?.first ?? 0];
  return { text, tokens, sentences, turns, hits, marks, isNameless, numbers, openingAt, roles };
}

/** The number of distinct cues in a segment, so that a repeated word is not more evidence. */
export function countEvidence(program: Program, text: string, segment: Segment): number {
  const tokens: Token[] = [];
  tokenize(text, segment, program.lexicon, tokens);
  const seen = new Set<number>();
  program.matcher.run(tokens, (index) => {
    const action = program.actions[index];
    if (action?.of === 'field' && action.role !== 'frame') seen.add(index);
  });
  return seen.size;
}

/** The sentence of a token. */
export function sentenceAt({ tokens, sentences }: Reading, token: number): Sentence | undefined {
  return sentences[tokens[token]?.sentence ?? 0];
}

export function trustPercentAt(reading: Reading, token: number): number {
  return sentenceAt(reading, token)?.trustPercent ?? 100;
}

function findMatches(program: Program, tokens: readonly Token[]): Pick<Reading, 'hits' | 'marks'> {
  const hits: (HitLists | undefined)[] = program.taxonomy.fields.map(() => undefined);
  const marks = new Map<TextRole, Mark[]>();
  program.matcher.run(tokens, (index, first, last) => {
    const action = program.actions[index];
    if (action === undefined) return;
    if (action.of === 'field') {
      const lists = hits[action.field] ?? { cues: [], frames: [], others: [] };
      hits[action.field] = lists;
      listFor(action.role, lists).push({ first, last, action });
    } else {
      const list = marks.get(action.role);
      if (list === undefined) marks.set(action.role, [{ first, last, action }]);
      else list.push({ first, last, action });
    }
  });
  return { hits, marks };
}

interface HitLists extends FieldHits {
  readonly cues: Hit[];
  readonly frames: Hit[];
  readonly others: Hit[];
}

function listFor(role: FieldRole, { cues, frames, others }: HitLists): Hit[] {
  if (role === 'frame') return frames;
  return role === 'cue' ? cues : others;
}

function markClauses(tokens: readonly Token[]): void {
  let start = 0;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === undefined) break;
    if (token.brk !== 'none') start = index;
    token.clauseStart = start;
  }
}

function withoutExceptions(marks: Reading['marks']): readonly Mark[] {
  const negators = marks.get('negator') ?? [];
  const exceptions = marks.get('notNegator') ?? [];
  if (exceptions.length === 0) return negators;
  return negators.filter((each) => !exceptions.some((other) => other.first <= each.last && each.first <= other.last));
}

/** Stores in each token the nearest mark that applies to it: marks apply to the next `reach` words of their clause. */
function markReach(tokens: readonly Token[], marks: readonly Mark[], reach: number, kind: 'negator' | 'hedge'): void {
  for (const { last } of marks) {
    for (let at = last + 1; at <= last + reach; at += 1) {
      const token = tokens[at];
      if (token === undefined || token.clauseStart > last) break;
      if (token[kind] < last) token[kind] = last;
    }
  }
}

function markTurns(sentences: readonly Sentence[], turns: readonly Turn[]): void {
  let turn = 0;
  for (const sentence of sentences) {
    while (turn < turns.length && (turns[turn]?.last ?? 0) < sentence.first) turn += 1;
    const candidate = turns[turn];
    if (candidate !== undefined && sentence.first >= candidate.first) sentence.turn = turn;
  }
}

function weighSentences(
  tokens: readonly Token[],
  sentences: readonly Sentence[],
  turns: readonly Turn[],
  marks: Reading['marks'],
): void {
  for (const sentence of sentences) {
    const role = turns[sentence.turn]?.role;
    if (role === 'ignored' || role === 'seller' || tokens[sentence.first]?.isQuotedData === true)
      sentence.trustPercent = 0;
  }
  weighAnsweredSentences(sentences, turns, marks);
  for (const mark of marks.get('order') ?? []) {
    const ordered = sentences[tokens[mark.first]?.sentence ?? 0];
    if (ordered) ordered.trustPercent = 0;
  }
}

/** What a seller says counts when the client confirms it, and counts against when the client denies it. */
function weighAnsweredSentences(sentences: readonly Sentence[], turns: readonly Turn[], marks: Reading['marks']): void {
  const opensWith = ({ first }: Sentence, role: TextRole): boolean =>
    (marks.get(role) ?? []).some((mark) => mark.first >= first && mark.first - first <= 1);
  sentences.forEach((sentence, index) => {
    const turn = turns[sentence.turn];
    const answer = sentences[index + 1];
    const next = turns[answer?.turn ?? -1];
    if (turn?.role !== 'seller' || next === undefined || next === turn || next.role === 'seller') return;
    const verdict =
      answer && (opensWith(answer, 'refusal') ? -100 : opensWith(answer, 'confirmation') && confirmedPercent);
    if (!verdict) return;
    sentence.trustPercent = verdict;
    // "Entonces son una clínica. ¿Correcto?": the answer is about the sentence before the tag.
    const before = sentences[index - 1];
    if (sentence.last - sentence.first < maxTagWords && before?.turn === sentence.turn) before.trustPercent = verdict;
  });
}
