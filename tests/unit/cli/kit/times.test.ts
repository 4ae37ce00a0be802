import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeDuration, describeMoment } from '../../../../src/cli/kit/times.ts';

describe('a duration', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1.0 s'],
    [9_999, '9.9 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [123_000, '2 min 3 s'],
    [3_600_000, '1 h'],
    [11_100_000, '3 h 5 min'],
    [86_400_000, '1 d'],
    [187_200_000, '2 d 4 h'],
  ])('of %i ms is %s', (ms, words) => expect(describeDuration(ms)).toBe(words));

  it('always has a number and a unit, a negative one too', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e12, noNaN: true }), (ms) => {
        expect(describeDuration(ms)).toMatch(/^\d+(\.\d)? (ms|s|min|h|d)( \d+ (s|min|h))?$/);
      }),
    );
  });
});

describe('a moment', () => {
  const now = Date.UTC(2026, 2, 1);
  it.each([
    [0, 'now'],
    [-999, 'now'],
    [-5_000, '5 s ago'],
    [-59_999, '59 s ago'],
    [-60_000, '1 min ago'],
    [-7_200_000, '2 h ago'],
    [-86_400_000 * 40, '40 d ago'],
    [5_000, 'in 5 s'],
    [600_000, 'in 10 min'],
  ])('%i ms from now is %s', (ms, words) => expect(describeMoment(now + ms, now)).toBe(words));
});
