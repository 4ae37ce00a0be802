import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { type PatternSequence, parsePattern } from '../../../../../src/models/cue-pattern.ts';
import { loadTaxonomy } from '../../../../../src/models/taxonomy.ts';
import { createMatcher, type Matcher } from '../../../../../src/services/classification/matching/matcher.ts';
import { buildTrie } from '../../../../../src/services/classification/matching/trie.ts';
import type { Word } from '../../../../../src/services/classification/matching/word.ts';
import { createLexicon } from '../../../../../src/services/classification/text/lexicon.ts';
import { type Token, tokenize } from '../../../../../src/services/classification/text/tokens.ts';
import { createReferenceMatcher } from './reference-matcher.ts';

const { file } = loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml');

interface Match {
  /** Index of the pattern. */
  readonly action: number;
  readonly first: number;
  readonly last: number;
}

/** A matcher of patterns, each an action of its own. */
function openMatcher(patterns: readonly string[]) {
  const sequences = patterns.map(readPattern);
  const trie = buildTrie(sequences.flatMap((all, action) => all.map((sequence) => ({ sequence, action }))));
  return { sequences, ...open(createMatcher(trie, patterns.length)), reference: open(createReferenceMatcher(trie)) };
}

/** Tokens have the transitions of one matcher, so each one needs its own. */
function open(matcher: Matcher) {
  const lexicon = createLexicon(file, (...word) => matcher.transitionsOf(...word));
  const read = (text: string): Token[] => {
    const tokens: Token[] = [];
    tokenize(text, { start: 0, end: text.length }, lexicon, tokens);
    return tokens;
  };
  const run = (tokens: readonly Token[]): Match[] => {
    const matches: Match[] = [];
    matcher.run(tokens, (action, first, last) => matches.push({ action, first, last }));
    return matches;
  };
  return { read, run };
}

function readPattern(source: string): readonly PatternSequence[] {
  const parsed = parsePattern(source, {});
  if (!parsed.ok) throw new Error(parsed.fault);
  return parsed.sequences;
}

test.each([
  { patterns: ['precio'], text: 'El precio, PRECIO y precios', found: ['precio', 'PRECIO'] },
  { patterns: ['preci*'], text: 'El precio y precios, pre', found: ['precio', 'precios'] },
  { patterns: ['muy caro'], text: 'muy caro, muy, caro. Muy. Caro', found: ['muy caro', 'muy, caro'] },
  {
    patterns: ['no ~2 caro'],
    text: 'no es caro; no es tan caro; no es tan tan caro',
    found: ['no es caro', 'no es tan caro'],
  },
  { patterns: ['no ~2 caro'], text: 'no no caro caro', found: ['no caro'] },
  { patterns: ['no ~1 es ~1 caro'], text: 'no, ya es muy caro', found: ['no, ya es muy caro'] },
  {
    patterns: ['# citas'],
    text: 'dos mil quinientas citas, 40 citas, unas citas',
    found: ['quinientas citas', '40 citas'],
  },
  {
    patterns: ['# citas'],
    text: 'treinta y dos citas, dos mil y pico citas, y dos citas',
    found: ['dos citas', 'dos citas'],
  },
  { patterns: ['# ~2 citas'], text: 'dos mil buenas citas; dos citas', found: ['mil buenas citas', 'dos citas'] },
  {
    patterns: ['client* nuevo', 'clientes ~2 caro'],
    text: 'clientes nuevo, cliente nuevo, clientes muy caro, cliente caro',
    found: ['clientes nuevo', 'cliente nuevo', 'clientes muy caro'],
  },
  { patterns: ['(muy|tan) caro'], text: 'muy caro y tan caro', found: ['muy caro', 'tan caro'] },
  { patterns: ['muy', 'muy caro', 'caro'], text: 'muy caro', found: ['muy', 'muy caro', 'caro'] },
  { patterns: ['a b', 'b c', 'a b c'], text: 'a b c', found: ['a b', 'a b c', 'b c'] },
  { patterns: ['b c', 'a b c'], text: 'a b c', found: ['a b c', 'b c'] },
  { patterns: ['de', 'de la', 'de ~1 la'], text: 'de la la', found: ['de', 'de la', 'de la'] },
])('$patterns in "$text"', ({ patterns, text, found }) => {
  const { read, run } = openMatcher(patterns);
  const tokens = read(text);
  expect(run(tokens).map(({ first, last }) => text.slice(tokens[first]?.start, tokens[last]?.end))).toEqual(found);
});

it('keeps no state of one run in the next, even at the same positions', () => {
  const { read, run } = openMatcher(['muy ~1 caro']);
  expect(run(read('muy caro'))).toEqual(run(read('muy caro')));
  expect(run(read('muy'))).toEqual([]);
  expect(run(read('caro'))).toEqual([]);
});

it('still matches words that were read before its tables grew', () => {
  const words = Array.from({ length: 2_000 }, (_each, index) => `n${index}`);
  const { read, run } = openMatcher(words.map((word) => `muy ~1 ${word}`));
  const early = read('muy n7. muy n1999');
  for (const word of words) read(word);
  expect(run(early)).toEqual([
    { action: 7, first: 0, last: 1 },
    { action: 1_999, first: 2, last: 3 },
  ]);
});

/** The last tokens of all matches of a sequence from a first word, by exhaustive search. */
function endsFrom(sequence: PatternSequence, words: readonly Word[], first: number): number[] {
  let nexts = [first];
  for (const element of sequence) {
    if (element.kind === 'gap') {
      nexts = nexts.flatMap((next) => Array.from({ length: element.maxWords + 1 }, (_each, skipped) => next + skipped));
      continue;
    }
    if (element.kind === 'number') throw new Error('The table of examples above covers numbers.');
    nexts = nexts.flatMap((next) => (element.members.includes(words[next]?.folded ?? '') ? [next + 1] : []));
  }
  return nexts.map((next) => next - 1);
}

function findAll(sequences: readonly (readonly PatternSequence[])[], tokens: readonly Token[]): Match[] {
  const matches: Match[] = [];
  let begin = 0;
  while (begin < tokens.length) {
    let end = begin + 1;
    while (end < tokens.length && tokens[end]?.brk !== 'sentence') end += 1;
    const words = tokens.slice(begin, end).map(({ word }) => word);
    for (const [action, all] of sequences.entries()) {
      for (const first of words.keys()) {
        const ends = all.flatMap((sequence) => endsFrom(sequence, words, first));
        for (const last of ends) matches.push({ action, first: begin + first, last: begin + last });
      }
    }
    begin = end;
  }
  return matches;
}

const letter = fc.constantFrom('a', 'b', 'c');
const pattern = fc
  .tuple(letter, fc.array(fc.tuple(fc.constantFrom('', '~1 ', '~2 ', '~4 '), letter), { maxLength: 3 }))
  .map(([first, rest]) => [first, ...rest.map(([gap, word]) => `${gap}${word}`)].join(' '));
const text = fc
  .array(fc.constantFrom('a', 'b', 'c', 'x', '. A', ', b'), { maxLength: 24 })
  .map((words) => words.join(' '));

it('reports only real matches, and for every real match a match within it', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(pattern, { minLength: 1, maxLength: 6 }),
      fc.array(text, { maxLength: 3 }),
      (patterns, texts) => {
        const { sequences, read, run } = openMatcher(patterns);
        for (const each of texts) {
          const tokens = read(each);
          const real = findAll(sequences, tokens);
          const reported = run(tokens);
          expect(real).toEqual(expect.arrayContaining(reported));
          for (const { action, first, last } of real) {
            const parts = reported.filter(
              (match) => match.action === action && match.first >= first && match.last <= last,
            );
            expect(parts, `"${patterns[action]}" from ${first} to ${last} of "${each}"`).not.toEqual([]);
          }
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

const meetingPatterns = [
  ...['no ~2 (caro|barato)', '(muy|tan) caro', 'client*', 'client* nuevo', '# citas', '# ~2 citas', '# ~1 # citas'],
  ...['de', 'de la', 'de ~1 la', 'la ~3 de', 'de de', 'client* ~2 client*', '# # de'],
];
const meetingText = fc
  .array(
    fc.constantFrom(
      'de',
      'la',
      'no',
      'muy',
      'tan',
      'caro',
      'cliente',
      'clientes',
      'nuevo',
      '40',
      'dos',
      'y',
      'mil',
      'citas',
      '. De',
      ', la',
    ),
    { maxLength: 40 },
  )
  .map((words) => words.join(' '));

it.each([
  { what: 'words and gaps', anyPattern: pattern, anyText: text },
  { what: 'stems, numbers and alternatives', anyPattern: fc.constantFrom(...meetingPatterns), anyText: meetingText },
])('reports the same matches in the same order as the plain reference implementation: $what', (given) => {
  fc.assert(
    fc.property(
      fc.uniqueArray(given.anyPattern, { minLength: 1, maxLength: 8 }),
      fc.array(given.anyText, { minLength: 1, maxLength: 3 }),
      (patterns, texts) => {
        const { read, run, reference } = openMatcher(patterns);
        for (const each of texts) expect(run(read(each))).toEqual(reference.run(reference.read(each)));
      },
    ),
    { numRuns: 1_000 },
  );
});
