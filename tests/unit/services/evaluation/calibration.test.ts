import { describe, expect, it } from 'vitest';
import { judgeAnswers, measureCalibration } from '../../../../src/services/evaluation/calibration.ts';

const answers = (confidence: number, right: number, wrong: number) => [
  ...Array.from({ length: right }, () => ({ confidence, isRight: true })),
  ...Array.from({ length: wrong }, () => ({ confidence, isRight: false })),
];

describe('measureCalibration', () => {
  it('finds no gap where confidence is the share that is right, and the whole gap where it is not', () => {
    expect(measureCalibration([...answers(0.8, 8, 2), ...answers(0.5, 5, 5)]).ece).toBeCloseTo(0);
    expect(measureCalibration(answers(1, 0, 4)).ece).toBe(1);
    expect(measureCalibration([]).ece).toBe(0);
  });

  it('weights each bin by its answers', () => {
    const { ece, bins } = measureCalibration([...answers(0.9, 3, 0), ...answers(0.2, 0, 1)]);
    expect(ece).toBeCloseTo((3 * 0.1 + 0.2) / 4);
    expect(bins.map(({ from, answers: count }) => [from, count])).toEqual([
      [0.2, 1],
      [0.9, 3],
    ]);
  });
});

describe('judgeAnswers', () => {
  it('leaves out nulls and unlabelled fields, and counts acceptable answers as right', () => {
    const meetings = [{ id: 'a', transcript: '', labels: { x: 'one', y: 'one' }, acceptable: { y: ['two'] } }];
    const result = (value: string | null) => ({ value, confidence: 0.7, evidence: [] });
    const given = new Map([['a', { x: result(null), y: result('two'), z: result('one') }]]);
    expect(judgeAnswers([{ id: 'x' }, { id: 'y' }, { id: 'z' }], meetings, given)).toEqual([
      { field: 'y', confidence: 0.7, isRight: true },
    ]);
  });
});
