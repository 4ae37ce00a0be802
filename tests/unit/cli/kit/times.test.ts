import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeAge, describeDuration, describeEnd, describeMoment } from '../../../../src/cli/kit/times.ts';

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
    [-59_400, '59 s ago'],
    [-59_999, '1 min ago'],
    [7_199_000, 'in 2 h'],
    [86_399_000, 'in 1 d'],
    [-60_000, '1 min ago'],
    [-7_200_000, '2 h ago'],
    [-86_400_000 * 40, '40 d ago'],
    [5_000, 'in 5 s'],
    [600_000, 'in 10 min'],
  ])('%i ms from now is %s', (ms, words) => expect(describeMoment(now + ms, now)).toBe(words));
});

describe('a pause', () => {
  const now = Date.UTC(2026, 2, 1, 12);

  it('has lasted some time, to the nearest unit (N9)', () => {
    expect(describeAge(now - 6_000, now)).toBe('6 s');
    expect(describeAge(now - 7_100_000, now)).toBe('2 h');
    expect(describeAge(now + 5_000, now)).toBe('0 s');
  });

  it('ends at a local time for a person, and in ISO 8601 without milliseconds elsewhere (N9)', () => {
    const end = new Date(now + 7_199_000).toISOString();
    expect(describeEnd({ isTerminal: true }, end, now)).toMatch(/^(\d+ \w+ 2026, )?\d\d:\d\d \(in 2 h\)$/);
    expect(describeEnd({ isTerminal: false }, end, now)).toBe('2026-03-01T13:59:59Z');
  });
});
