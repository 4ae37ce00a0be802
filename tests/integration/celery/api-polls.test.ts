/** Messages as the API sends them, valid or not: task_status says how each ended. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeTaskMessage, type TaskToSend } from '../../../src/celery/protocol/encode-task-message.ts';
import { allLists } from '../../celery/fixture.ts';
import { insertMeetings, spanishTranscript } from '../../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';
import { query, readDocument, startApp, type TestApp } from '../../helpers/start-app.ts';
import { waitFor } from '../../helpers/wait-for.ts';

let namespace: Namespace;
let app: TestApp;
let worker: Awaited<ReturnType<TestApp['work']>>;

beforeAll(async () => {
  namespace = await createNamespace();
  app = await startApp(namespace);
  worker = await app.work({ lists: allLists });
});
afterAll(async () => {
  await worker?.stop();
  await app?.close();
  await namespace?.close();
});

const send = async (task: Partial<TaskToSend>, change = (raw: string) => raw): Promise<string> => {
  const whole = {
    id: randomUUID(),
    task: 'classify_meeting',
    args: [],
    kwargs: {},
    queue: 'celery',
    origin: '1@tests',
  };
  const { key, raw } = encodeTaskMessage({ ...whole, ...task });
  await app.broker.lpush(key, change(raw));
  return task.id ?? whole.id;
};
const statusOf = (apiTaskId: string, status: string) =>
  waitFor(`task_status:${apiTaskId} to be ${status}`, async () => {
    const document = await readDocument(app, `task_status:${apiTaskId}`);
    return document?.status === status && document;
  });

describe('task_status of a message of the API', () => {
  it.each([[''], ['not a url'], [123], [{}], [true], ['x'.repeat(3_000)], [['a']], ['a\0b']])(
    'is completed where callback_url is %j, and the job warns that it is ignored (S3)',
    async (url) => {
      const [meeting] = await insertMeetings(app.database, [spanishTranscript]);
      const apiTaskId = randomUUID();
      const id = await send({ args: [meeting, false, url, apiTaskId] });
      expect(await statusOf(apiTaskId, 'completed')).toMatchObject({ meeting_id: meeting });
      const warned = app.log.named('callback.ignored').filter(({ fields }) => fields.task_id === id);
      expect(warned).toMatchObject([{ level: 'warn', fields: { meeting_id: meeting } }]);
      const [row] = await query(app, 'select parameters from vambe_worker.jobs where task_id = $1', [id]);
      expect(row).toMatchObject({ parameters: { callback_url: { ignored: expect.stringMatching(/^an? /) } } });
    },
  );

  const api = 'API';
  it.each<[string, Partial<TaskToSend>, unknown, RegExp]>([
    ['meeting 0', { args: [0, false, null, api] }, 0, /meeting_id/],
    ['meeting -5', { args: [-5, false, null, api] }, -5, /meeting_id/],
    ['meeting 99999999999', { args: [99999999999, false, null, api] }, 99999999999, /meeting_id/],
    ['a meeting that is a text', { args: ['seven', false, null, api] }, null, /meeting_id/],
    ['no meeting', { kwargs: { api_task_id: api } }, null, /missing 1 required/],
    ['force_reprocess of a wrong type', { args: [5, 'yes', null, api] }, 5, /force_reprocess/],
    ['an unknown keyword', { args: [5], kwargs: { api_task_id: api, extra: 1 } }, 5, /unexpected keyword/],
    ['an argument too many', { args: [5, false, null, api, 1] }, 5, /takes from 1 to 4/],
    ['an unknown task', { task: 'classify', kwargs: { api_task_id: api } }, null, /no task "classify"/],
    ['a message that has expired', { args: [5, false, null, api], expiresAtMs: 1_000 }, 5, /expired/],
    ['a meeting that is not there', { args: [2_000_000_000, false, null, api] }, 2_000_000_000, /2000000000/],
  ])('is failed with the reason for %s (S3)', async (_what, task, meetingId, reason) => {
    const apiTaskId = randomUUID();
    const put = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll(`"${api}"`, `"${apiTaskId}"`));
    await send({ ...task, args: put(task.args ?? []), kwargs: put(task.kwargs ?? {}) });
    const document = await statusOf(apiTaskId, 'failed');
    expect(document).toEqual({
      status: 'failed',
      meeting_id: meetingId,
      error: expect.stringMatching(reason),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    expect(await app.redis.ttl(`task_status:${apiTaskId}`)).toBeGreaterThan(3_000);
  });

  it('is failed for a message that was revoked before it came, and for one whose eta is no date (S3)', async () => {
    const [revoked, undated] = [randomUUID(), randomUUID()];
    const id = randomUUID();
    worker.overrides.revoke([id]);
    await send({ id, args: [5, false, null, revoked] });
    await send({ args: [5, false, null, undated] }, (raw) => raw.replace('"eta":null', '"eta":"tomorrow"'));
    expect(await statusOf(revoked, 'failed')).toMatchObject({ meeting_id: 5, error: 'cancelled' });
    expect(await statusOf(undated, 'failed')).toMatchObject({ meeting_id: 5, error: expect.stringMatching(/eta/) });
  });

  it('is under the id of the message where the API gave none (S3)', async () => {
    const id = await send({ args: [0] });
    expect(await statusOf(id, 'failed')).toMatchObject({ meeting_id: 0 });
  });
});
