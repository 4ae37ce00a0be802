import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldWord, parsePattern } from '../../../src/models/cue-pattern.ts';

const classes = { pet: ['perro', 'gato', 'pez dorado'] };

function readings(source: string): string[] {
  const parsed = parsePattern(source, classes);
  if (!parsed.ok) throw new Error(parsed.fault);
  return parsed.sequences.map((sequence) =>
    sequence
      .map((each) => (each.kind === 'words' ? each.members.join('/') : each.kind === 'gap' ? `~${each.maxWords}` : '#'))
      .join(' '),
  );
}

describe('parsePattern', () => {
  it.each([
    ['Tienda Ónline', ['tienda online']],
    ['consult*', ['consult*']],
    ['follow-up', ['follow up']],
    ['# personas', ['# personas']],
    ['a ~3 b', ['a ~3 b']],
    ['(a|b) c', ['a/b c']],
    ['(a|b c|) d', ['d', 'a d', 'b c d']],
    ['mi @pet', ['mi gato/perro', 'mi pez dorado']],
    ['precio ~3 (alto|)', ['precio ~3 alto', 'precio']],
  ])('reads %s', (source, expected) => {
    expect(readings(source).sort()).toEqual([...expected].sort());
  });

  it.each(['(a', 'a)', '()', '~3 a', 'a ~0 b', '@nothing', 'a.b', 'x*'])('refuses %s and says why', (source) => {
    const parsed = parsePattern(source, classes);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.fault).toContain(`pattern "${source}"`);
  });

  it('answers for any text', () => {
    fc.assert(
      fc.property(fc.string(), (source) => {
        expect(parsePattern(source, classes)).toHaveProperty('ok', expect.any(Boolean));
      }),
    );
  });

  it('refuses a pattern of endless readings in good time', () => {
    const parsed = parsePattern(Array(12).fill('(a b|c d|e f)').join(' '), classes);
    expect(parsed.ok).toBe(false);
  });
});

describe('foldWord', () => {
  it('is the same for a word with and without accents, in any case', () => {
    expect(foldWord('ÁRBOL')).toBe('arbol');
    expect(foldWord('ñandú'.normalize('NFD'))).toBe('nandu');
    expect(foldWord('don’t')).toBe("don't");
  });
});

it('groups inside groups end at fifty, in a sentence of bounded length (R9)', () => {
  const nested = (depth: number) => parsePattern(`${'('.repeat(depth)}a${')'.repeat(depth)}`, {});
  expect(nested(50)).toMatchObject({ ok: true });
  const refused = nested(50_000);
  expect(refused).toMatchObject({
    ok: false,
    fault: expect.stringContaining('has more than 50 "(" inside each other'),
  });
  expect(JSON.stringify(refused).length).toBeLessThan(250);
});
