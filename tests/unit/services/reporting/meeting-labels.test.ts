import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeValue, labelsOf } from '../../../../src/services/reporting/meeting-labels.ts';

const none = { runFields: null, columns: {}, corrected: {}, order: [] };
const evidence = [{ quote: 'retail', start: 0, end: 6 }];

describe('labelsOf', () => {
  it('takes the answers of the run, in the order of the taxonomy, unknown fields last', () => {
    const runFields = {
      old_field: { value: 'x', confidence: 0.5, evidence: [] },
      urgency: { value: true, confidence: 0.9, evidence: [] },
      business_sector: { value: 'retail', confidence: 0.7, evidence },
    };
    const labels = labelsOf({ ...none, runFields, columns: { urgency: false }, order: ['business_sector', 'urgency'] });
    expect(labels.map(({ field }) => field)).toEqual(['business_sector', 'urgency', 'old_field']);
    expect(labels[0]).toMatchObject({ value: 'retail', confidence: 0.7, evidence, isCorrected: false });
    expect(labels[1]?.value).toBe(true);
  });

  it('takes the columns where no run is known, without a confidence', () => {
    expect(labelsOf({ ...none, columns: { urgency: false } })).toEqual([
      { field: 'urgency', value: false, confidence: null, evidence: [], isCorrected: false, answered: false },
    ]);
  });

  it("puts a person's word, null among them, before the answer, which it keeps beside it", () => {
    const runFields = { business_sector: { value: 'retail', confidence: 0.7, evidence } };
    expect(labelsOf({ ...none, runFields, corrected: { business_sector: null } })).toEqual([
      { field: 'business_sector', value: null, confidence: null, evidence: [], isCorrected: true, answered: 'retail' },
    ]);
  });

  it('says nothing where what is stored has another shape', () => {
    const stored = fc.dictionary(fc.stringMatching(/^[a-z_]{1,12}$/), fc.jsonValue());
    fc.assert(
      fc.property(stored, stored, (runFields, corrected) => {
        for (const { value } of labelsOf({ ...none, runFields, corrected })) {
          expect(describeValue(value) ?? '').toEqual(expect.any(String));
        }
      }),
      {
        examples: [
          [{}, { a: [{ toString: null }] }],
          [{ a: { value: { count: {}, period: { toString: null } } } }, {}],
        ],
      },
    );
  });
});

describe('describeValue', () => {
  it('writes values as "vambe review" takes them', () => {
    expect(describeValue({ count: 80, period: 'day', approx: true })).toBe('~80/day');
    expect(describeValue(['a', 'b'])).toBe('a, b');
    expect(describeValue(false)).toBe('false');
  });

  it('has no word for null and for an empty list', () => {
    expect([describeValue(null), describeValue([])]).toEqual([null, null]);
  });
});
