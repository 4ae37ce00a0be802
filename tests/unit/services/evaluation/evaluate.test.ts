import { describe, expect, it } from 'vitest';
import type { Taxonomy } from '../../../../src/models/taxonomy.ts';
import { compareReports, evaluateClassifier, findUnknownLabels } from '../../../../src/services/evaluation/evaluate.ts';
import type { LabelledMeeting } from '../../../../src/services/evaluation/labelled-meetings.ts';
import { createStubClassifier, fieldOf } from '../../../helpers/stub-classifier.ts';

const values = [{ id: 'retail' }, { id: 'mining' }];
const taxonomy = {
  fields: [
    { id: 'urgency', type: 'boolean', values: [] },
    { id: 'business_sector', type: 'enum', values },
  ],
  version: 'v1',
  fileName: 'small.yaml',
} as unknown as Taxonomy;
const meetingOf = (id: string, labels: LabelledMeeting['labels']): LabelledMeeting => ({
  id,
  transcript: id,
  labels,
  acceptable: {},
});
const meetings = [meetingOf('1', { urgency: true }), meetingOf('2', { urgency: false }), meetingOf('3', null)];
const signal = new AbortController().signal;
const subjectOf = (name: string, urgency: boolean) => ({
  name,
  taxonomy,
  classifier: createStubClassifier({ answer: () => ({ fields: { urgency: fieldOf(urgency) } }) }),
});

describe('An evaluation', () => {
  it('scores labelled meetings, answers all, and reports how far it is', async () => {
    const steps: number[] = [];
    const request = { file: 'a.jsonl', meetings, signal, onProgress: (count: number) => steps.push(count) };
    const report = await evaluateClassifier(subjectOf('stub', true), request);
    expect(report).toMatchObject({ file: 'a.jsonl', name: 'stub', model: 'stub-1', taxonomyVersion: 'v1', cost: null });
    expect(report.evaluation).toMatchObject({ rows: 3, scored: 2, fields: [{ field: 'urgency', lenient: 0.5 }] });
    expect([...report.answers.keys()]).toEqual(['1', '2', '3']);
    expect(steps).toEqual([0, 3]);
  });

  it('compares two reports on the same meetings', async () => {
    const request = { file: 'a.jsonl', meetings, signal };
    const reports = [
      await evaluateClassifier(subjectOf('yes', true), request),
      await evaluateClassifier(subjectOf('no', false), request),
    ] as const;
    const { fields } = compareReports([taxonomy, taxonomy], meetings, reports);
    expect(fields).toMatchObject([{ field: 'urgency', first: 0.5, second: 0.5, onlyFirst: 1, onlySecond: 1 }]);
  });

  it('stops when it is aborted', async () => {
    const request = { file: 'a.jsonl', meetings, signal: AbortSignal.abort() };
    await expect(evaluateClassifier(subjectOf('stub', true), request)).rejects.toThrow('aborted');
  });
});

describe('Labels that no answer can match', () => {
  it('are fields and values that the taxonomy does not have', () => {
    const labelled = [
      meetingOf('1', { urgent: true, business_sector: 'retial' }),
      meetingOf('2', { business_sector: null }),
    ];
    expect(findUnknownLabels(taxonomy, labelled)).toEqual({ fields: ['urgent'], values: ['business_sector "retial"'] });
    expect(findUnknownLabels(taxonomy, meetings)).toEqual({ fields: [], values: [] });
  });
});
