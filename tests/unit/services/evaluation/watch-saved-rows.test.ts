import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/core/clock.ts';
import { AppError } from '../../../../src/core/errors.ts';
import type { Taxonomy } from '../../../../src/models/taxonomy.ts';
import { watchSavedRows } from '../../../../src/services/evaluation/watch-saved-rows.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';
import { createStubClassifier, fieldOf } from '../../../helpers/stub-classifier.ts';

const taxonomy = { fields: [{ id: 'urgency' }], version: 'v1' } as unknown as Taxonomy;
const idsOf = (values: readonly unknown[]) => values[0] as readonly number[];

/** Finds these meetings at the first look. */
function makeDeps(ids: readonly number[], classifier = createStubClassifier({ answer })) {
  const database = createFakeDatabase({
    saved_place: [{ classifications: true, worker: true }],
    saved_versions: [{ floor: '1', versions: ids.map((meeting_id) => ({ meeting_id, version: '7', is_since: true })) }],
    saved_rows: (values) => idsOf(values).map(rowOf),
    saved_rows_of_others: (values) => idsOf(values).map(rowOf),
  });
  return { database, taxonomy, classifier, clock: systemClock };
}

function answer() {
  return { fields: { urgency: fieldOf(true) } };
}

function rowOf(meeting_id: number) {
  return { meeting_id, transcript: String(meeting_id), seller_prompt: '', saved: { urgency: meeting_id % 2 === 0 } };
}

const request = { since: '2026-01-01T00:00:00Z', maxExamples: 1, signal: new AbortController().signal };

describe('A shadow', () => {
  it('compares rows saved since a moment, once', async () => {
    const report = await watchSavedRows(makeDeps([1, 2, 3]), request);
    expect(report).toMatchObject({ rows: 3, same: 1, different: 2, failed: [] });
  });

  it('ends after so many rows', async () => {
    const classifier = createStubClassifier({ answer });
    const report = await watchSavedRows(makeDeps([1, 2, 3], classifier), { ...request, limit: 2 });
    expect(report.rows).toBe(2);
    expect(classifier.calls).toHaveLength(2);
  });

  it('keeps rows without an answer apart', async () => {
    const classifier = createStubClassifier({
      answer,
      before({ transcript }) {
        if (transcript === '2') throw new AppError('MODEL_UNREACHABLE', 'The model cannot be reached.');
      },
    });
    const report = await watchSavedRows(makeDeps([1, 2], classifier), request);
    expect(report).toMatchObject({ rows: 1, failed: [{ meetingId: 2, code: 'MODEL_UNREACHABLE' }] });
  });

  it('reports what it compared when it is ended early', async () => {
    const controller = new AbortController();
    const onLook = () => controller.abort();
    const report = await watchSavedRows(makeDeps([2]), {
      maxExamples: 1,
      until: '2100-01-01T00:00:00Z',
      signal: controller.signal,
      onLook,
    });
    expect(report.rows).toBe(1);
  });
});
