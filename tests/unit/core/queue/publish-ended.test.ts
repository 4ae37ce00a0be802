import { describe, expect, it } from 'vitest';
import type { Transition } from '../../../../src/core/lifecycle.ts';
import { createPublishEnded } from '../../../../src/core/queue/publish-ended.ts';
import { takenJob } from '../../../helpers/deliveries.ts';

/** What is told of a job whose row ended so. */
async function publishedFor(
  state: 'queued' | 'completed' | 'failed' | 'cancelled' | 'rejected',
  { isPublished = false, code = 'TASK_FAILED', hasResult = true } = {},
): Promise<Transition[]> {
  const told: Transition[] = [];
  const publishEnded = createPublishEnded({
    ledger: {
      resultOf: async () => (hasResult ? { a: 1 } : undefined),
      failureOf: async () => ({ code, message: 'why' }),
    },
    lifecycle: { tell: async (transition) => void told.push(transition) },
    readPublished: async (jobs) => jobs.map(() => ({ isPublished, saysRunning: false })),
    cacheOf: async () => [{ key: 'k', json: '1', lifeSeconds: 5 }],
  });
  await publishEnded(takenJob({ state }));
  return told;
}

describe('what is published of a row', () => {
  it('that is completed is its result, with what clients cache of it', async () => {
    expect(await publishedFor('completed')).toMatchObject([
      { kind: 'succeeded', result: { a: 1 }, cache: [{ key: 'k' }] },
    ]);
    expect(await publishedFor('completed', { hasResult: false })).toEqual([]);
  });

  it.each([
    ['TASK_FAILED', { code: 'TASK_FAILED', message: 'why' }],
    ['CODE_OF_LATER', { code: 'TASK_FAILED', message: 'CODE_OF_LATER: why' }],
  ])('that failed with %s is an error that this version knows', async (code, error) => {
    expect(await publishedFor('failed', { code })).toMatchObject([{ kind: 'failed', error }]);
  });

  it('that was cancelled is a revocation', async () => {
    expect(await publishedFor('cancelled')).toMatchObject([{ kind: 'cancelled', reason: 'revoked' }]);
  });

  it.each(['queued', 'rejected'] as const)('that is %s is nothing', async (state) => {
    expect(await publishedFor(state)).toEqual([]);
  });

  it('whose documents say so already is nothing, as follow-ups must not be sent twice', async () => {
    expect(await publishedFor('completed', { isPublished: true })).toEqual([]);
  });
});
