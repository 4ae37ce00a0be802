import { describe, expect, it } from 'vitest';
import type { Taxonomy } from '../../../../src/models/taxonomy.ts';
import { dryRun } from '../../../../src/services/meetings/dry-run.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';
import { createStubClassifier, fieldOf } from '../../../helpers/stub-classifier.ts';

const taxonomy = { fields: [{ id: 'urgency' }], version: 'v1', fileName: 'small.yaml' } as unknown as Taxonomy;
const standing = (id: number, urgency: boolean | null) => ({
  meeting_id: id,
  transcript: 'Es urgente.',
  seller_prompt: '',
  columns: urgency === null ? null : { urgency },
  run_fields: null,
  corrected: {},
});
const database = createFakeDatabase({
  meeting_known: [{ id: 1 }, { id: 2 }, { id: 3 }],
  meeting_standing: [standing(1, true), standing(2, false), standing(3, null)],
});
const answer = () => ({ fields: { urgency: fieldOf(true) } });
const request = { choice: [1, 2, 3, 9], mayPay: false, signal: new AbortController().signal };

describe('A dry run', () => {
  it('counts what would change, meetings without a classification apart, and writes nothing', async () => {
    const run = await dryRun({ database, taxonomy, classifier: createStubClassifier({ answer }) }, request);
    expect(run).toMatchObject({ unknown: [9], cost: null, taxonomyVersion: 'v1', model: 'stub-1' });
    expect(run.report).toMatchObject({ meetings: 3, unclassified: 1, changed: 1 });
    expect(run.report.fields).toMatchObject([{ field: 'urgency', unchanged: 1, replaced: 1 }]);
    expect(database.asked).toEqual(['meeting_known', 'meeting_standing']);
  });

  it('asks no model that costs money without leave', async () => {
    const classifier = createStubClassifier({ isPaid: true, answer });
    await expect(dryRun({ database, taxonomy, classifier }, request)).rejects.toMatchObject({ code: 'USAGE' });
    expect(classifier.calls).toEqual([]);
    const usage = { inputTokens: 10, outputTokens: 2, costUsd: 0.01, latencyMs: 5 };
    const paid = createStubClassifier({ isPaid: true, answer: () => ({ ...answer(), usage }) });
    const run = await dryRun({ database, taxonomy, classifier: paid }, { ...request, mayPay: true });
    expect(run.cost).toMatchObject({ inputTokens: 30, outputTokens: 6 });
  });

  it('stops when it is aborted', async () => {
    const classifier = createStubClassifier({ answer });
    const aborted = dryRun({ database, taxonomy, classifier }, { ...request, signal: AbortSignal.abort() });
    await expect(aborted).rejects.toThrow('aborted');
  });
});
