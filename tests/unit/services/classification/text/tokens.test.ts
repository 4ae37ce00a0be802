import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { loadTaxonomy } from '../../../../../src/models/taxonomy.ts';
import { createProgram } from '../../../../../src/services/classification/rules/program.ts';
import { type Token, tokenize } from '../../../../../src/services/classification/text/tokens.ts';

const program = createProgram(
  loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml'),
);

function read(text: string, start = 0, end = text.length): Token[] {
  const tokens: Token[] = [];
  tokenize(text, { start, end }, program.lexicon, tokens);
  return tokens;
}

const marks = {
  colonAfter: ':',
  percentAfter: '%',
  currencyBefore: '$',
  isCapitalised: 'A',
  beginsLine: 'l',
  dashBefore: '-',
  isQuotedData: '{',
} as const satisfies Partial<Record<keyof Token, string>>;

/** A word as written, the break before it (`.` sentence, `,` clause) and the marks around it. */
function show(text: string, token: Token): string {
  const parted = { none: '', clause: ',', sentence: '.' }[token.brk];
  const around = Object.entries(marks).map(([name, mark]) => (token[name as keyof typeof marks] ? mark : ''));
  return `${parted}${text.slice(token.start, token.end)} ${around.join('')}`.trim();
}

test.each([
  ['', []],
  ['hola', ['.hola l']],
  ['Ana: sí', ['.Ana :Al', ',sí']],
  ['Ana (Vambe): sí', ['.Ana Al', ',Vambe :A', ',sí']],
  ['fin:', ['.fin :l']],
  ['$5', ['.5 $l']],
  ['-Hola', ['.Hola Al']],
  ['\n-Hola', ['.Hola Al-']],
  ['uno\n- Dos', ['.uno l', '.Dos Al-']],
  ['10 %, 1.200,5 y 3.', ['.10 %l', ',1.200,5', 'y', '3']],
  ["don't l’or", [".don't l", 'l’or']],
  ["rock' n", ['.rock l', 'n']],
  ['a. b.. c', ['.a l', '.b', ',c']],
  ['uno {dos} tres', ['.uno l', '.dos {', '.tres']],
  ['uno {dos tres', ['.uno l', 'dos', 'tres']],
  ['a\u0000b \ud800 \u{1f44b}', ['.a l', 'b', '\ud800', '\u{1f44b}']],
  ['ПРИВЕТ мир', ['.ПРИВЕТ Al', 'мир']],
])('%j is read as %j', (text, expected) => {
  expect(read(text).map((token) => show(text, token))).toEqual(expected);
});

describe('a segment', () => {
  const text = 'xx $5: y%';

  it('is read with its surroundings in the text', () => {
    expect(read(text, 4, 5).map((token) => show(text, token))).toEqual(['.5 :$l']);
    expect(read(text, 7, 8).map((token) => show(text, token))).toEqual(['.y %l']);
  });

  it('of any beginning and end holds whole offsets of the text', () => {
    for (let start = 0; start <= text.length; start += 1) {
      for (let end = start; end <= text.length; end += 1) {
        const tokens = read(text, start, end);
        for (const token of tokens) expect(token.start).toBeGreaterThanOrEqual(start);
        for (const token of tokens) expect(token.end).toBeLessThanOrEqual(end);
        expect(tokens.map((token) => text.slice(token.start, token.end))).toEqual(
          text.slice(start, end).match(/\w+/g) ?? [],
        );
      }
    }
  });
});

describe('the word table', () => {
  it('recognises a word at any position, lone surrogates too', () => {
    const [one, , other] = read('clínica \ud800x clínica');
    expect(one?.word).toBe(other?.word);
    expect(read('a \ud800x b')[1]?.word).toBe(read('\ud800x')[0]?.word);
    expect(read('\ud801x')[0]?.word).not.toBe(read('\ud800x')[0]?.word);
  });

  it('keeps nothing that is too long for a word', () => {
    const long = 'x'.repeat(65);
    expect(read(long)[0]?.word).not.toBe(read(long)[0]?.word);
    expect(read(long)[0]?.word.folded).toBe(long);
    expect(read(long.slice(1))[0]?.word).toBe(read(long.slice(1))[0]?.word);
  });
});
