import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareClassifiers } from '../../../../src/services/evaluation/comparison.ts';
import { mcnemar } from '../../../../src/services/evaluation/paired-test.ts';

describe('mcnemar', () => {
  it('is the two-sided binomial test', () => {
    expect(mcnemar({ onlyFirst: 0, onlySecond: 0 })).toBe(1);
    expect(mcnemar({ onlyFirst: 5, onlySecond: 5 })).toBe(1);
    expect(mcnemar({ onlyFirst: 0, onlySecond: 6 })).toBeCloseTo(2 / 64, 10);
    expect(mcnemar({ onlyFirst: 2, onlySecond: 10 })).toBeCloseTo((2 * (1 + 12 + 66)) / 4096, 10);
  });

  it('is a probability, whichever comes first, also for thousands of rows', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(5000), (onlyFirst, onlySecond) => {
        const p = mcnemar({ onlyFirst, onlySecond });
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
        expect(mcnemar({ onlyFirst: onlySecond, onlySecond: onlyFirst })).toBe(p);
      }),
      { numRuns: 100 },
    );
  });
});

describe('compareClassifiers', () => {
  const meetings = Array.from({ length: 8 }, (_each, row) => ({
    id: `m${row}`,
    transcript: '',
    labels: row === 7 ? null : { sector: 'retail', note: ['a'] },
    acceptable: {},
  }));
  const all = (sector: string | null) => new Map(meetings.map(({ id }) => [id, { sector, note: ['A'] }]));

  it('pairs rows, takes the single-valued fields for the mean, and gives the same interval each time', () => {
    const fields = [
      { id: 'sector', type: 'enum' as const },
      { id: 'note', type: 'phrases' as const },
    ];
    const compare = () => compareClassifiers(fields, meetings, [all(null), all('retail')]);
    expect(compare()).toEqual({
      fields: [
        {
          field: 'sector',
          rows: 7,
          first: 0,
          second: 1,
          onlyFirst: 0,
          onlySecond: 7,
          pValue: expect.closeTo(2 / 128, 10),
        },
        { field: 'note', rows: 7, first: 1, second: 1, onlyFirst: 0, onlySecond: 0, pValue: 1 },
      ],
      mean: { first: 0, second: 1, interval: { low: 1, high: 1 } },
    });
    expect(compare()).toEqual(compare());
  });
});
