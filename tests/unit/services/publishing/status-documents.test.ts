import { expect, test } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import type { TakenJob } from '../../../../src/core/job-ledger.ts';
import type { Transition } from '../../../../src/core/lifecycle.ts';
import type { DocumentWrite } from '../../../../src/core/redis-documents.ts';
import { createStatusPublisher } from '../../../../src/services/publishing/status-documents.ts';

const job = { taskId: 'task-1', parameters: {}, subjectId: 7 } as unknown as TakenJob;
const error = new AppError('TASK_FAILED', 'broken "here"');
const cache = [
  { key: 'classification_result:7', json: '{"a":1}', lifeSeconds: 60 },
  { key: 'old', json: null, lifeSeconds: 0 },
];

/** What one transition writes: key, and the document without its time. */
async function writesOf(transition: Transition): Promise<unknown[]> {
  const written: DocumentWrite[] = [];
  const writer = { write: async (writes: readonly DocumentWrite[]) => void written.push(...writes), stop: () => {} };
  const publisher = createStatusPublisher({ writer, clock: { wallMs: () => 0, monotonicMs: () => 0 } });
  await publisher.on(transition);
  return written.map((write) => {
    if (write.mode === 'delete') return [write.key, null];
    const { json } = write;
    const { timestamp, ...document } = JSON.parse(
      typeof json === 'string' ? json : `${json.before}${json.shared}${json.after}`,
    );
    if (timestamp !== undefined) expect(timestamp).toBe('1970-01-01T00:00:00.000000+00:00');
    return [write.key, document];
  });
}

const processing = (message: string) => [['task_status:task-1', { status: 'processing', meeting_id: 7, message }]];
const step = { current: 1, total: 4, stage: 'classifying', message: 'asks the model' };

test.each([
  [{ kind: 'started', job }, processing('started')],
  [{ kind: 'progress', job, step }, processing('asks the model')],
  [{ kind: 'retrying', job, error }, processing('waiting for another attempt (TASK_FAILED)')],
  [{ kind: 'waiting', job, error }, processing('waiting (TASK_FAILED)')],
  [
    { kind: 'succeeded', job, result: { a: 1 }, resultJson: '{"a":1}', cache, durationMs: 5 },
    [
      ['classification_result:7', { a: 1 }],
      ['old', null],
      ['task_status:task-1', { status: 'completed', meeting_id: 7, result: { a: 1 } }],
    ],
  ],
  [
    { kind: 'failed', job, error, cache: [] },
    [['task_status:task-1', { status: 'failed', meeting_id: 7, error: 'broken "here"' }]],
  ],
  [
    { kind: 'cancelled', job, reason: 'revoked' },
    [['task_status:task-1', { status: 'failed', meeting_id: 7, error: 'cancelled' }]],
  ],
] as [Transition, unknown][])('$0.kind is written as the API reads it', async (transition, documents) => {
  expect(await writesOf(transition)).toEqual(documents);
});

test('the document is under the id that the API gave', async () => {
  const ofApi = { ...job, parameters: { api_task_id: 'api-1' } };
  expect(await writesOf({ kind: 'started', job: ofApi })).toMatchObject([['task_status:api-1', {}]]);
});
