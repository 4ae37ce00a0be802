import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldText, foldWords } from '../../../../../src/services/classification/model/fold.ts';

test('case, accents, white space and quotation marks are forgiven', () => {
  expect(foldWords('  ¿“Qué”\n\tTAL,  Añó? ')).toBe('¿que tal, ano?');
  expect(foldWords("don't “do” it")).toBe('dont do it');
});

test('combining accents belong to the letter before', () => {
  const { text, starts, ends } = foldText('e\u0301x');
  expect(text).toBe('ex');
  expect([starts[0], ends[0], starts[1], ends[1]]).toEqual([0, 2, 2, 3]);
});

test('every folded character has its offsets in the original, for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (original) => {
      const { text, starts, ends } = foldText(original);
      for (let at = 0; at < text.length; at += 1) {
        const [start, end] = [starts[at] ?? -1, ends[at] ?? -1];
        expect(start).toBeGreaterThanOrEqual(at === 0 ? 0 : (starts[at - 1] ?? 0));
        expect(end).toBeGreaterThan(start);
        expect(end).toBeLessThanOrEqual(original.length);
      }
    }),
    { numRuns: 2_000 },
  );
});
