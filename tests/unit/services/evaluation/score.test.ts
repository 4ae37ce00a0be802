import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaxonomyField } from '../../../../src/models/taxonomy.ts';
import { bootstrap, createRandom } from '../../../../src/services/evaluation/bootstrap.ts';
import { answerKey } from '../../../../src/services/evaluation/compare.ts';
import type { LabelledMeeting } from '../../../../src/services/evaluation/labelled-meetings.ts';
import { scoreMeetings } from '../../../../src/services/evaluation/score.ts';

function makeField(id: string, type: TaxonomyField['type']): TaxonomyField {
  const labels = { es: id, en: id };
  return {
    id,
    type,
    labels,
    definition: id,
    examples: [],
    values: [],
    quoteOptional: false,
    storedDefault: undefined,
    isExtension: false,
    periods: [],
  };
}

function makeMeeting(
  id: string,
  labels: LabelledMeeting['labels'],
  acceptable: LabelledMeeting['acceptable'] = {},
): LabelledMeeting {
  return { id, transcript: id, labels, acceptable };
}

const colour = makeField('colour', 'enum');
const tags = makeField('tags', 'list');
const options = { seed: 7, resamples: 200, level: 0.9 };

describe('scoreMeetings', () => {
  const meetings = [
    makeMeeting('a', { colour: 'red' }),
    makeMeeting('b', { colour: 'red' }),
    makeMeeting('c', { colour: 'blue' }, { colour: ['green'] }),
    makeMeeting('d', { colour: null }),
    makeMeeting('e', null),
  ];
  const predictions = new Map([
    ['a', { colour: 'red' }],
    ['b', { colour: 'blue' }],
    ['c', { colour: 'green' }],
    ['d', { colour: null }],
    ['e', { colour: 'red' }],
  ]);
  const evaluation = scoreMeetings([colour], meetings, predictions, options);
  const [score] = evaluation.fields;

  it('counts the label alone as strict, an acceptable answer too as lenient', () => {
    expect(score).toMatchObject({ rows: 4, strict: 0.5, lenient: 0.75 });
  });

  it('leaves rows without labels out of every score', () => {
    expect(evaluation).toMatchObject({ rows: 5, scored: 4 });
  });

  it('says what the commonest answer alone would score', () => {
    expect(score).toMatchObject({ baselineAnswer: 'red', baselineStrict: 0.5, baselineLenient: 0.5 });
  });

  it('counts nulls kept and abstentions', () => {
    expect(score).toMatchObject({ abstained: 1, goldNulls: 1, nullsKept: 1 });
  });

  it('lists what was confused, and the rows that are wrong either way', () => {
    expect(score?.confusion).toContainEqual({ gold: 'red', predicted: 'blue', count: 1 });
    expect(score?.disagreements).toEqual([{ id: 'b', gold: 'red', predicted: 'blue' }]);
  });

  it('takes the mean of F1 over all answers, null among them', () => {
    // red 2/3, blue 0, green 0, null 1
    expect(score?.macroF1).toBeCloseTo((2 / 3 + 0 + 0 + 1) / 4, 10);
  });

  it('counts a missing prediction as null', () => {
    expect(scoreMeetings([colour], meetings, new Map(), options).fields[0]).toMatchObject({
      strict: 0.25,
      abstained: 4,
    });
  });

  it('takes the mean over single-valued fields that the labels hold, and no others', () => {
    const rows = [makeMeeting('a', { colour: 'red', tags: ['x'] }), makeMeeting('b', { colour: 'red', tags: [] })];
    const { mean, fields } = scoreMeetings(
      [colour, tags, makeField('unused', 'enum')],
      rows,
      new Map([['a', { colour: 'red', tags: ['y'] }]]),
      options,
    );
    expect(mean.fields).toEqual(['colour']);
    expect(mean.lenient).toBe(0.5);
    expect(fields.map((field) => field.field)).toEqual(['colour', 'tags']);
    expect(fields[1]?.lenient).toBe(0.5);
  });

  it('gives shares between 0 and 1 whose interval holds the score, for any answers', () => {
    const answer = fc.constantFrom('red', 'blue', null);
    fc.assert(
      fc.property(fc.array(fc.tuple(answer, answer), { minLength: 1, maxLength: 30 }), (pairs) => {
        const rows = pairs.map(([gold], index) => makeMeeting(String(index), { colour: gold }));
        const given = new Map(pairs.map(([, predicted], index) => [String(index), { colour: predicted }]));
        const result = scoreMeetings([colour], rows, given, { ...options, resamples: 40, level: 1 }).fields[0];
        for (const share of [result?.strict, result?.lenient, result?.baselineLenient, result?.macroF1]) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1);
        }
        expect(result?.strict).toBeLessThanOrEqual(result?.lenient ?? 0);
      }),
      { numRuns: 50 },
    );
  });
});

describe('answerKey', () => {
  it('holds lists for the same in any order, an empty one for null, and a quantity by its parts', () => {
    expect(answerKey(['b', 'a'])).toBe(answerKey(['a', 'b']));
    expect(answerKey([])).toBe(answerKey(null));
    expect(answerKey({ count: 1, period: 'day' })).toBe(answerKey({ period: 'day', count: 1 }));
    expect(answerKey({ count: 1 })).not.toBe(answerKey({ count: 2 }));
    expect(answerKey('true')).not.toBe(answerKey(true));
  });
});

describe('bootstrap', () => {
  it('gives the same interval for the same seed and another for another', () => {
    const hits = Array.from({ length: 40 }, (_, index) => index % 3);
    const mean = (rows: readonly number[]): number =>
      rows.reduce((total, row) => total + (hits[row] ?? 0), 0) / rows.length;
    const run = (seed: number): unknown => bootstrap(40, mean, { seed, resamples: 100, level: 0.95 });
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
    expect(bootstrap(0, mean, options)).toBeNull();
  });

  it('draws numbers from 0 up to 1', () => {
    const random = createRandom(3);
    for (let draw = 0; draw < 1000; draw += 1) expect(random()).toSatisfy((value: number) => value >= 0 && value < 1);
  });
});
