import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadTaxonomy } from '../../../../../src/models/taxonomy.ts';
import { createCalibration } from '../../../../../src/services/classification/rules/calibrate.ts';
import { fitCurve } from '../../../../../src/services/evaluation/fit-curve.ts';

const { file } = loadTaxonomy(readFileSync('tests/fixtures/small-taxonomy.yaml', 'utf8'), 'small-taxonomy.yaml');
const product = file.fields.findIndex(({ type }) => type === 'enum');
const other = file.fields.findIndex(({ type }) => type === 'boolean');
const result = (confidence: number) => ({ value: 'oven', confidence, evidence: [] });

function through(points: [number, number][], confidence: number): number {
  const calibrate = createCalibration({ fields: file.fields, calibration: { enum: points } });
  return calibrate(product, result(confidence)).confidence;
}

describe('createCalibration', () => {
  it('joins the points by straight lines and stays flat beyond them', () => {
    const points: [number, number][] = [
      [0.4, 0.5],
      [0.6, 0.9],
    ];
    expect([0, 0.4, 0.5, 0.6, 1].map((each) => through(points, each))).toEqual([0.5, 0.5, 0.7, 0.9, 0.9]);
    expect(through([[0.5, 0.8]], 0.1)).toBe(0.8);
  });

  it('leaves fields without a curve, and nulls, as they are', () => {
    const calibrate = createCalibration({ fields: file.fields, calibration: { enum: [[0.5, 0.9]] } });
    expect(calibrate(other, result(0.3))).toEqual(result(0.3));
    const nothing = { value: null, confidence: 0, evidence: [] };
    expect(calibrate(product, nothing)).toBe(nothing);
    expect(createCalibration({ fields: file.fields })(product, result(0.3))).toEqual(result(0.3));
  });
});

const answers = fc.array(
  fc.record({ confidence: fc.integer({ min: 0, max: 100 }).map((each) => each / 100), isRight: fc.boolean() }),
  { maxLength: 60 },
);

describe('fitCurve', () => {
  it('fits curves that never fall, for any data, so that the order of answers stays', () => {
    fc.assert(
      fc.property(answers, (seen) => {
        const points = fitCurve(seen).map(([from, share]): [number, number] => [from, share]);
        expect(points.length === 0).toBe(seen.length === 0);
        if (points.length === 0) return;
        const all = Array.from({ length: 101 }, (_each, step) => through(points, step / 100));
        expect(all.filter((share) => share <= 0 || share >= 1)).toEqual([]);
        expect(all).toEqual(all.toSorted((a, b) => a - b));
      }),
      { numRuns: 200 },
    );
  });

  it('pools neighbours that fall, and draws few answers towards a half', () => {
    const many = (confidence: number, right: number, wrong: number) =>
      Array.from({ length: right + wrong }, (_each, index) => ({ confidence, isRight: index < right }));
    expect(fitCurve([...many(0.4, 9, 1), ...many(0.6, 7, 3)])).toEqual([[0.5, 0.77]]);
    expect(fitCurve(many(0.9, 1, 0))).toEqual([[0.9, 0.67]]);
    expect(fitCurve(many(0.9, 5000, 0))).toEqual([[0.9, 0.99]]);
    expect(fitCurve([])).toEqual([]);
  });
});
