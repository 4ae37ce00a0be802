import { describe, expect, it } from 'vitest';
import { summariseMeetings, waitUntilIdle } from '../../../../src/services/meetings/summarise-meetings.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

const counting = (...counts: number[]) =>
  createFakeDatabase({ job_count_open_classifications: () => [{ count: counts.shift() ?? 0 }] });

describe('A summary of all meetings', () => {
  it('is what the database counts', async () => {
    const summary = { meetings: 3, classified: 2, columns: {} };
    expect(await summariseMeetings(createFakeDatabase({ overview: [summary] }))).toEqual(summary);
  });
});

describe('Waiting until no classification is due', () => {
  it('reports how many of the first jobs are done, never less than none', async () => {
    const steps: [number, number][] = [];
    const signal = new AbortController().signal;
    await waitUntilIdle(counting(3, 5, 1, 0), { signal, onProgress: (...step) => steps.push(step) });
    expect(steps).toEqual([
      [0, 3],
      [0, 3],
      [2, 3],
      [3, 3],
    ]);
  });

  it('ends without a report where none is due, and when it is aborted', async () => {
    const steps: unknown[] = [];
    const onProgress = (...step: unknown[]) => steps.push(step);
    await waitUntilIdle(counting(0), { signal: new AbortController().signal, onProgress });
    expect(steps).toEqual([]);
    await waitUntilIdle(counting(3), { signal: AbortSignal.abort(), onProgress });
    expect(steps).toEqual([[0, 3]]);
  });
});
