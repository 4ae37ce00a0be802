import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMoment } from '../../../src/core/moment.ts';

const nowMs = Date.parse('2026-11-24T12:00:00Z');

describe('a moment', () => {
  it.each([
    ['past', '2d', '2026-11-22T12:00:00.000Z'],
    ['future', '2d', '2026-11-26T12:00:00.000Z'],
    ['future', '90s', '2026-11-24T12:01:30.000Z'],
    ['past', '2026-11-01', '2026-11-01T00:00:00.000Z'],
    ['future', '2026-11-01T09:30', '2026-11-01T09:30:00.000Z'],
    ['past', '2024-02-29T23:59:59.999-05:00', '2024-03-01T04:59:59.999Z'],
  ] as const)('in the %s: %s is %s', (direction, given, at) => {
    expect(parseMoment(given, { nowMs, direction })).toBe(at);
  });

  it.each(['', 'now', '2 d', '-2d', '1.5h', '2y', '2026-02-30', '2026-1-1', '2026-11-01T25:00', '0001-01-01', '12'])(
    '"%s" is none',
    (given) => {
      expect(parseMoment(given, { nowMs, direction: 'past' })).toBeUndefined();
    },
  );

  it('as far back as ahead lies on both sides of now', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), fc.constantFrom('s', 'm', 'h', 'd', 'w'), (amount, unit) => {
        const [past, future] = (['past', 'future'] as const).map((direction) =>
          Date.parse(parseMoment(`${amount}${unit}`, { nowMs, direction }) ?? ''),
        );
        expect((past ?? 0) + (future ?? 0)).toBe(2 * nowMs);
      }),
    );
  });
});
