import { describe, expect, it } from 'vitest';
import type { OpenJob } from '../../../../src/core/job-ledger.ts';
import type { RetryCandidate } from '../../../../src/models/queries/retry-jobs.ts';
import { judge, type RetryDeps, retryJobs, retrySelected } from '../../../../src/services/jobs/retry-jobs.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

const candidate = (task_id: string, more: Partial<RetryCandidate> = {}): RetryCandidate => ({
  row_id: task_id.replace(/\D/g, ''),
  task_id,
  task: 'adds',
  queue: 'default',
  state: 'failed',
  delivery: 0,
  is_message: false,
  has_unsent: false,
  ...more,
});

function makeDeps(candidates: readonly RetryCandidate[], { refuses = false, taken = [] as string[] } = {}) {
  const added: OpenJob[] = [];
  const database = createFakeDatabase({
    jobs_retry_candidates: candidates,
    'order by j.id limit': (values) => (values.includes('0') ? candidates : []),
    jobs_reopen: ([input]) =>
      (JSON.parse(String(input)) as { id: string }[])
        .filter(({ id }) => !taken.includes(id))
        .map(({ id }) => ({ id, task: 'adds', queue: 'default', delivery: 1, priority: 1 })),
  });
  const queues = {
    names: ['default'],
    async add(jobs: readonly OpenJob[]) {
      if (refuses) throw new Error('away');
      added.push(...jobs);
    },
  };
  const deps = { database, queues, broker: {} as RetryDeps['broker'], sendUnsent: async () => undefined };
  return { deps, database, added };
}

const change = { actor: 'cli:ana', reason: 'a test' };

describe('Retrying jobs', () => {
  it('gives one answer for each id, in order, and opens those that ended in trouble', async () => {
    const { deps, database, added } = makeDeps([
      candidate('j1'),
      candidate('j2', { state: 'queued' }),
      candidate('j3', { state: 'completed' }),
      candidate('j4', { queue: 'reports' }),
    ]);
    const { answers, isQueued } = await retryJobs(deps, { taskIds: ['j3', 'j1', 'none', 'j2', 'j4'], ...change });
    expect(answers.map(({ task_id, answer }) => `${task_id} ${answer}`)).toEqual([
      'j3 already-completed',
      'j1 reopened',
      'none unknown',
      'j2 already-open',
      'j4 no-queue',
    ]);
    expect(isQueued).toBe(true);
    expect(added.map(({ rowId }) => rowId)).toEqual(['1']);
    expect(database.calls('jobs_reopen')[0]?.slice(1)).toEqual(['cli:ana', 'a test']);
  });

  it('says where Redis did not take the jobs, and which another retry opened first', async () => {
    const { deps } = makeDeps([candidate('j1'), candidate('j2')], { refuses: true, taken: ['2'] });
    const { answers, isQueued } = await retryJobs(deps, { taskIds: ['j1', 'j2'], ...change });
    expect(answers.map(({ answer }) => answer)).toEqual(['reopened', 'taken']);
    expect(isQueued).toBe(false);
  });

  it('counts the answers of a selection', async () => {
    const { deps } = makeDeps([candidate('j1'), candidate('j2', { queue: 'reports' })]);
    const found = { count: 2, firstTaskIds: [], lastRowId: '9' };
    const selection = { terms: [], running: [], eligible: 'retriable' as const };
    const { signal } = new AbortController();
    expect(await retrySelected(deps, { selected: { selection, found, signal }, ...change })).toEqual({
      answers: { reopened: 1, 'no-queue': 1 },
      isQueued: true,
    });
  });
});

describe('The judgement of a job that is to be retried', () => {
  it.each([
    ['rejected', true, 'sent-again'],
    ['cancelled', true, 'sent-again'],
    ['cancelled', false, 'reopened'],
    ['retrying', false, 'already-open'],
  ] as const)('of a %s one (message: %s) is %s', (state, is_message, answer) => {
    expect(judge({ state, queue: 'default', is_message }, ['default'])).toBe(answer);
  });
});
