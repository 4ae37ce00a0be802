import { describe, expect, it } from 'vitest';
import type { FieldResult, FieldValue } from '../../../../src/services/classification/classifier.ts';
import { createChangeCounter } from '../../../../src/services/evaluation/label-changes.ts';
import { labelsOf } from '../../../../src/services/reporting/meeting-labels.ts';

const fields = [{ id: 'sector' }, { id: 'topics' }];
const order = fields.map(({ id }) => id);

function standing(values: Record<string, FieldValue>, corrected: Record<string, unknown> = {}) {
  const runFields = Object.fromEntries(Object.entries(values).map(([id, value]) => [id, { value }]));
  return labelsOf({ runFields, columns: {}, corrected, order });
}

function answer(sector: FieldValue, topics: FieldValue): Record<string, FieldResult> {
  const evidence = [{ quote: 'mina', start: 3, end: 7 }];
  return { sector: { value: sector, confidence: 0.8, evidence }, topics: { value: topics, confidence: 0.8, evidence } };
}

describe('createChangeCounter', () => {
  it('counts what is filled, emptied and replaced, and lists without order are the same', () => {
    const counter = createChangeCounter(fields, { maxExamples: 2 });
    counter.add({
      meetingId: 1,
      before: standing({ sector: 'retail', topics: ['a', 'b'] }),
      after: answer('mining', ['b', 'a']),
    });
    counter.add({ meetingId: 2, before: standing({ sector: null, topics: [] }), after: answer('mining', null) });
    counter.add({ meetingId: 3, before: standing({ sector: 'retail', topics: ['a'] }), after: answer(null, ['a']) });
    counter.add({ meetingId: 4, before: null, after: answer('mining', ['a']) });
    const report = counter.report();
    expect(report).toMatchObject({ meetings: 4, unclassified: 1, changed: 3, gone: [] });
    expect(report.fields[0]).toMatchObject({
      field: 'sector',
      unchanged: 0,
      filled: 1,
      emptied: 1,
      replaced: 1,
      kept: 0,
    });
    expect(report.fields[1]).toMatchObject({ field: 'topics', unchanged: 3, filled: 0 });
    expect(report.fields[0]?.examples.map(({ meetingId, before, after }) => [meetingId, before, after])).toEqual([
      [1, 'retail', 'mining'],
      [2, null, 'mining'],
    ]);
  });

  it('keeps what a person corrected, and names fields that the taxonomy no longer has', () => {
    const counter = createChangeCounter(fields, { maxExamples: 2 });
    const before = standing({ sector: 'retail', topics: null, region: 'asia' }, { sector: 'mining' });
    counter.add({ meetingId: 1, before, after: answer('retail', null) });
    expect(counter.report()).toMatchObject({ changed: 0, gone: ['region'], fields: [{ kept: 1, examples: [] }, {}] });
  });
});
