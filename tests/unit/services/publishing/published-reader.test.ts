import { expect, test } from 'vitest';
import type { PublishedJob } from '../../../../src/core/queue/publish-ended.ts';
import { publishedOf } from '../../../../src/services/publishing/published-reader.ts';

type EndedState = Pick<PublishedJob, 'state' | 'ignoresResult'>;

const of = (result: string | null, status: string | null) => ({ result, status });
const ended = (more: Partial<EndedState> = {}): EndedState => ({ state: 'completed', ignoresResult: false, ...more });

test.each([
  ['a document that says PROGRESS', ended(), of('PROGRESS', 'processing'), true],
  ['a document that says STARTED, of a job that failed', ended({ state: 'failed' }), of('STARTED', 'processing'), true],
  ['a document that says RETRY, of a cancelled job', ended({ state: 'cancelled' }), of('RETRY', 'failed'), true],
  ['a task status that says processing, without a document', ended(), of(null, 'processing'), true],
  ['a result that was published', ended(), of('SUCCESS', 'completed'), false],
  ['a result that the client forgot', ended(), of(null, 'completed'), false],
  ['documents that expired', ended(), of(null, null), false],
  ['an ignored result that was never kept', ended({ ignoresResult: true }), of('PROGRESS', 'completed'), false],
  [
    'an ignored result whose task status still says processing',
    ended({ ignoresResult: true }),
    of('PROGRESS', 'processing'),
    true,
  ],
  [
    'a success beside a task status that a later job with its API id wrote',
    ended(),
    of('SUCCESS', 'processing'),
    false,
  ],
])('recovery judges %s (R2)', (_name, job, state, isOwed) => {
  expect(publishedOf(job, state).saysRunning).toBe(isOwed);
});

test.each([
  [ended(), of('SUCCESS', 'completed'), true],
  [ended(), of('SUCCESS', null), false],
  [ended(), of('FAILURE', 'failed'), false],
  [ended(), of(null, null), false],
  [ended({ ignoresResult: true }), of('STARTED', 'completed'), true],
  [ended({ state: 'failed' }), of('FAILURE', 'failed'), true],
  [ended({ state: 'cancelled' }), of('REVOKED', 'failed'), true],
])('a second delivery of %o with documents %o finds that published: %s', (job, state, is) => {
  expect(publishedOf(job, state).isPublished).toBe(is);
});
