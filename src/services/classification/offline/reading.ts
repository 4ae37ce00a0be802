/** What one pass over a transcript finds: words, sentences, speakers, matches, and which of them count as evidence. */

import { findNumbers, type NumberSpan } from './numbers.ts';
import type { FieldAction, Program, TextAction, TextRole } from './program.ts';
import { findSentences, type Segment, type Sentence, type Token, tokenize } from './tokens.ts';
import { assignRoles, findTurns, type Turn } from './turns.ts';

export interface Hit {
  readonly first: number;
  readonly last: number;
  readonly action: FieldAction;
}

export interface Mark {
  readonly first: number;
  readonly last: number;
  readonly action: TextAction;
}

export interface Reading {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly sentences: readonly Sentence[];
  readonly turns: readonly Turn[];
  readonly numbers: readonly NumberSpan[];
  /** By field index. */
  readonly hits: readonly (readonly Hit[])[];
  readonly marks: ReadonlyMap<TextRole, readonly Mark[]>;
  /** Index of the first token of the clause that a token is in. */
  readonly clauseStart: Int32Array;
  /** Index of the last word of the nearest negation before a token, or -1. */
  readonly negatorBefore: Int32Array;
  readonly hedgeBefore: Int32Array;
  /** By sentence: 1 counts, between 0 and 1 counts less, 0 is no evidence, -1 was denied. */
  readonly trust: Float32Array;
  /** By sentence: index of its turn, or -1. */
  readonly turnOf: Int32Array;
  /** Index of the first token that counts as the client's. */
  readonly openingAt: number;
}

/** What a seller says and the client confirms counts a little less than the client's own words. */
const confirmedTrust = 0.8;

/** Reads the given stretches of a transcript; time grows with their length alone. */
export function readTranscript(program: Program, text: string, segments: readonly Segment[]): Reading {
  const { grammar } = program.taxonomy.file;
  const all: Token[] = [];
  for (const segment of segments) tokenize(text, segment, program.lexicon, all);
  const { tokens, turns } = findTurns(all, program.roleOf);
  const sentences = findSentences(text, tokens);
  const { hits, marks } = findMatches(program, tokens);
  const clauseStart = findClauses(tokens);
  assignRoles(turns, {
    sellerSays: (marks.get('sellerSays') ?? []).map((mark) => mark.first),
    clientClaims: (marks.get('clientClaims') ?? []).map((mark) => mark.first),
    sentences,
  });
  const turnOf = findTurnOf(sentences, turns);
  const trust = weighSentences(tokens, sentences, turns, turnOf, marks);
  const opening = sentences.findIndex((sentence, index) => (trust[index] ?? 1) === 1 && sentence.last > sentence.first);
  return {
    text,
    tokens,
    sentences,
    turns,
    numbers: findNumbers(tokens),
    hits,
    marks,
    clauseStart,
    negatorBefore: spread(tokens, withoutExceptions(marks), grammar.negation.reach, clauseStart),
    hedgeBefore: spread(tokens, marks.get('hedge') ?? [], grammar.hedges.reach, clauseStart),
    trust,
    turnOf,
    openingAt: sentences[opening]?.first ?? 0,
  };
}

function findMatches(program: Program, tokens: readonly Token[]): Pick<Reading, 'hits' | 'marks'> {
  const hits: Hit[][] = program.taxonomy.fields.map(() => []);
  const marks = new Map<TextRole, Mark[]>();
  program.matcher.run(tokens, (index, first, last) => {
    const action = program.actions[index];
    if (action === undefined) return;
    if (action.of === 'field') {
      hits[action.field]?.push({ first, last, action });
    } else {
      const list = marks.get(action.role);
      if (list === undefined) marks.set(action.role, [{ first, last, action }]);
      else list.push({ first, last, action });
    }
  });
  return { hits, marks };
}

function findClauses(tokens: readonly Token[]): Int32Array {
  const starts = new Int32Array(tokens.length);
  let start = 0;
  tokens.forEach((token, index) => {
    if (token.brk !== 'none') start = index;
    starts[index] = start;
  });
  return starts;
}

function withoutExceptions(marks: Reading['marks']): readonly Mark[] {
  const negators = marks.get('negator') ?? [];
  const exceptions = marks.get('notNegator') ?? [];
  if (exceptions.length === 0) return negators;
  return negators.filter((each) => !exceptions.some((other) => other.first <= each.last && each.first <= other.last));
}

/** For each token the nearest mark whose reach, within its clause, covers it. */
function spread(tokens: readonly Token[], marks: readonly Mark[], reach: number, clauseStart: Int32Array): Int32Array {
  const nearest = new Int32Array(tokens.length).fill(-1);
  for (const { last } of marks) {
    for (let at = last + 1; at <= last + reach && at < tokens.length; at += 1) {
      if ((clauseStart[at] ?? 0) > last) break;
      nearest[at] = Math.max(nearest[at] ?? -1, last);
    }
  }
  return nearest;
}

function findTurnOf(sentences: readonly Sentence[], turns: readonly Turn[]): Int32Array {
  const turnOf = new Int32Array(sentences.length).fill(-1);
  let turn = 0;
  sentences.forEach((sentence, index) => {
    while (turn < turns.length && (turns[turn]?.last ?? 0) < sentence.first) turn += 1;
    const candidate = turns[turn];
    if (candidate !== undefined && sentence.first >= candidate.first) turnOf[index] = turn;
  });
  return turnOf;
}

function weighSentences(
  tokens: readonly Token[],
  sentences: readonly Sentence[],
  turns: readonly Turn[],
  turnOf: Int32Array,
  marks: Reading['marks'],
): Float32Array {
  const trust = new Float32Array(sentences.length).fill(1);
  sentences.forEach((sentence, index) => {
    const role = turns[turnOf[index] ?? -1]?.role;
    if (role === 'ignored' || tokens[sentence.first]?.isQuotedData === true) trust[index] = 0;
    if (role === 'seller') trust[index] = 0;
  });
  const opensWith = (index: number, role: TextRole): boolean => {
    const sentence = sentences[index];
    if (sentence === undefined) return false;
    return (marks.get(role) ?? []).some((mark) => mark.first >= sentence.first && mark.first - sentence.first <= 1);
  };
  sentences.forEach((_, index) => {
    const turn = turns[turnOf[index] ?? -1];
    const next = turns[turnOf[index + 1] ?? -1];
    if (turn?.role !== 'seller' || next === undefined || next === turn || next.role === 'seller') return;
    const verdict = opensWith(index + 1, 'refusal') ? -1 : opensWith(index + 1, 'confirmation') ? confirmedTrust : 0;
    if (verdict === 0) return;
    trust[index] = verdict;
    // "Entonces son una clínica. ¿Correcto?": the question is a tag on the sentence before.
    const own = sentences[index];
    if (own !== undefined && own.last - own.first < 3 && turnOf[index - 1] === turnOf[index])
      trust[index - 1] = verdict;
  });
  for (const mark of marks.get('order') ?? []) trust[tokens[mark.first]?.sentence ?? 0] = 0;
  return trust;
}
