import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { storableText, whyNotStorable } from '../../../src/core/storable.ts';

const anyText = fc.string({
  unit: fc.oneof(fc.constantFrom('\0', '\ud83d', '\ude00', '\\', 'u0000', '"'), fc.string({ maxLength: 2 })),
});
const isBad = (text: string) =>
  text.includes('\0') || /[\ud800-\udfff]/.test([...text].filter((each) => each.length === 1).join(''));

describe('text for PostgreSQL', () => {
  test('has no NUL and no half of a surrogate pair, and is no longer than asked', () => {
    fc.assert(
      fc.property(anyText, fc.nat(40), (text, maxChars) => {
        const stored = storableText(text, maxChars);
        expect(isBad(stored)).toBe(false);
        expect(stored.length).toBe(Math.min(text.length, maxChars));
      }),
    );
  });

  test('is untouched where it is fine', () => {
    expect(storableText('Señal 😀 \\u0000', 100)).toBe('Señal 😀 \\u0000');
  });

  test('loses half an emoji where it is cut', () => {
    expect(storableText('ab😀', 3)).toBe('ab\ufffd');
  });
});

describe('a value for PostgreSQL', () => {
  test('is refused exactly where one of its texts is bad', () => {
    fc.assert(
      fc.property(fc.array(anyText), (texts) => {
        expect(whyNotStorable({ texts }) !== undefined).toBe(texts.some(isBad));
      }),
    );
  });

  test('is refused where it is no JSON', () => {
    expect(whyNotStorable({ id: 1n })).toMatch(/BigInt/);
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(whyNotStorable(circle)).toMatch(/circular/i);
  });

  test('may be nothing', () => {
    expect([whyNotStorable(undefined), whyNotStorable(null)]).toEqual([undefined, undefined]);
  });
});
