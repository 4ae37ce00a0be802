/** The bridge on a broker, with messages as producers write them; rows of the conformance checklist that need no Celery. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createInflight } from '../../../src/celery/bridge/inflight.ts';
import { encodeTaskMessage, type TaskToSend } from '../../../src/celery/protocol/encode-task-message.ts';
import type { CommandModule } from '../../../src/cli/kit/cli.ts';
import { run } from '../../../src/cli/kit/program.ts';
import { createRedis } from '../../../src/core/connections/redis.ts';
import { allLists, countUndone, stubTasks } from '../../celery/fixture.ts';
import { readVectors } from '../../helpers/celery-vectors.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';
import { query, readDocument, startApp, type TestApp, type TestAppOptions } from '../../helpers/start-app.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { makeIo } from '../../unit/cli/fake-io.ts';

const commands = ['jobs', 'retry'].map((name) => ({
  name,
  load: (): Promise<CommandModule> => import(`../../../src/cli/commands/${name}.ts`),
}));

let namespace: Namespace;
let app: TestApp;
let stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  namespace = await createNamespace();
});
beforeEach(async () => {
  app = await startWith({});
});
afterEach(async () => {
  await query(app, 'truncate vambe_worker.jobs');
  for (const stop of stops.toReversed()) await stop();
  stops = [];
  await namespace.clear();
});
afterAll(() => namespace?.close());

const startWith = async (options: TestAppOptions): Promise<TestApp> => {
  const started = await startApp(namespace, { taskFolders: [stubTasks], ...options });
  stops.push(() => started.close());
  return started;
};
const work = async (options: { concurrency?: number } = {}, by = app) => {
  const worker = await by.work({ lists: allLists, ...options });
  stops.push(() => worker.stop());
  return worker;
};
const send = async (task: Partial<TaskToSend> = {}): Promise<string> => {
  const whole = {
    id: randomUUID(),
    task: 'classify_meeting',
    args: ['m1'],
    kwargs: {},
    queue: 'classification',
    origin: '1@tests',
    ...task,
  };
  const { key, raw } = encodeTaskMessage(whole);
  await app.broker.lpush(key, raw);
  return whole.id;
};
const metaIn = (id: string, status: string) =>
  waitFor(`${id} to be ${status}`, async () => {
    const document = await readDocument(app, `celery-task-meta-${id}`);
    return document?.status === status && document;
  });
const rejected = () =>
  query<{ task_id: string; error_code: string; message: Record<string, unknown> }>(
    app,
    `select task_id, error_code, message from vambe_worker.jobs where state = 'rejected' order by id`,
  );
const vambe = async (...args: string[]) => {
  const environment = { REDIS_URL: namespace.redisUrl, DATABASE_URL: namespace.postgresUrl };
  const { io, stdout } = makeIo({ environment });
  const code = await run([...args, '--json'], { commands, version: '1.2.3', io });
  return { code, document: JSON.parse(stdout.text()) };
};

describe('the bridge', () => {
  it('takes a message that comes while it waits, at once, and leaves nothing behind', async () => {
    await work();
    await metaIn(await send(), 'SUCCESS');
    // The second one finds it waiting for a push.
    const startedMs = performance.now();
    await metaIn(await send({ queue: 'celery' }), 'SUCCESS');
    expect(performance.now() - startedMs).toBeLessThan(4_000);
    await waitFor('nothing in flight', async () => (await countUndone(app.broker)) === 0);
  });

  it('takes from the plain list before the lists of lower priority (42)', async () => {
    const ids = [
      await send({ priority: 9, args: [9] }),
      await send({ priority: 3, args: [3] }),
      await send({ args: [0] }),
    ];
    await work({ concurrency: 1 });
    for (const id of ids) await metaIn(id, 'SUCCESS');
    const rows = await query<{ args: number }>(
      app,
      `select (parameters->>'meeting_id')::int as args from vambe_worker.jobs order by started_at, run_id`,
    );
    expect(rows.map(({ args }) => args)).toEqual([0, 3, 9]);
  });

  it('takes no more than it can soon run', async () => {
    for (let n = 0; n < 12; n++) await send({ args: ['sleep:2'] });
    await work({ concurrency: 2 });
    const countRows = async () =>
      (await query<{ n: number }>(app, 'select count(*)::int as n from vambe_worker.jobs'))[0]?.n ?? 0;
    const rows = await waitFor('the first to be taken', countRows);
    // Two that run, two that wait; a job on its way from BullMQ to the worker is seen by neither when room is looked for.
    expect(rows).toBeLessThanOrEqual(6);
    expect(await app.broker.llen('classification')).toBeGreaterThanOrEqual(4);
  });

  it('when it stops, returns accepted messages without an attempt to their list unchanged, the oldest next', async () => {
    const running = await send({ args: ['sleep:1'] });
    const { stop } = await app.work({ lists: allLists, concurrency: 1, givesBack: true });
    await app.rowIn(running, 'queued');
    const first = await send({ args: [1] });
    await app.rowIn(first, 'queued');
    const later = await send({ args: [3], etaMs: Date.now() + 3_600_000 });
    const second = await send({ args: [2] });
    await stop();
    expect((await metaIn(running, 'SUCCESS')).result).toMatchObject({ meeting_id: 'sleep:1' });
    const left = (await app.broker.lrange('classification', 0, -1))
      .toReversed()
      .map((raw) => JSON.parse(raw).headers.id);
    expect([...left].sort()).toEqual([first, later, second].sort());
    expect(left[0]).toBe(first);
    expect(await query(app, 'select 1 from vambe_worker.jobs where task_id = any($1)', [left])).toEqual([]);
    await work();
    await metaIn(second, 'SUCCESS');
    await app.rowIn(later, 'queued');
  });

  it('when it stops, leaves accepted messages to other workers of the same queue', async () => {
    const id = await send({ etaMs: Date.now() + 3_600_000 });
    const other = await app.work({ withHousekeeping: true });
    stops.push(() => other.stop());
    const { stop } = await app.work({ lists: allLists, givesBack: true });
    await app.rowIn(id, 'queued');
    await waitFor('the other to say that it is there', () => app.redis.zcard('vambe:workers'));
    await stop();
    await app.rowIn(id, 'queued');
    expect(await app.broker.llen('classification')).toBe(0);
  });

  it('a revoked task is REVOKED on its arrival, and one with an eta when it is due', async () => {
    const { overrides } = await work();
    const later = await send({ etaMs: Date.now() + 1_500 });
    await app.rowIn(later, 'queued');
    const id = randomUUID();
    overrides.revoke([id, later]);
    await send({ id });
    for (const each of [id, later]) {
      expect((await metaIn(each, 'REVOKED')).result).toEqual({
        exc_type: 'TaskRevokedError',
        exc_message: ['revoked'],
        exc_module: 'celery.exceptions',
      });
    }
    expect(await app.rowIn(later, 'cancelled')).toMatchObject({ error_code: 'TASK_REVOKED' });
  });

  it('a message that cannot be run is rejected: its sender is told, it is listed, and a good message with the same id is done (F2 F3)', async () => {
    await work();
    const unknown = await send({ task: 'no.such.task' });
    const wrong = await send({ args: [1, 2, 3, 4, 5] });
    await app.broker.lpush('celery', 'garbage{{', Buffer.from([0, 255, 1]));
    expect(await metaIn(unknown, 'FAILURE')).toMatchObject({ result: { exc_type: 'NotRegistered' } });
    expect(await metaIn(wrong, 'FAILURE')).toMatchObject({ result: { exc_type: 'TypeError' } });
    await waitFor('four rows', async () => (await rejected()).length === 4);
    const { document } = await vambe('jobs', '--filter', 'state=rejected');
    expect(document.jobs).toHaveLength(4);
    const rows = await rejected();
    expect(rows.map(({ error_code }) => error_code).sort()).toEqual([
      'MESSAGE_MALFORMED',
      'MESSAGE_MALFORMED',
      'TASK_ARGUMENTS',
      'TASK_UNKNOWN',
    ]);
    expect(rows.find(({ message }) => message.encoding === 'base64')?.message.raw).toBe('AP8B');
    await send({ id: wrong });
    await metaIn(wrong, 'SUCCESS');
  });

  it('vambe retry sends a rejected message to its list again, where a worker that knows the task runs it', async () => {
    const poor = await startWith({ taskFolders: [] });
    const first = await poor.work({ lists: allLists });
    const id = await send({ task: 'health_check', args: ['one too many'] });
    await waitFor('one row', async () => (await rejected()).length === 1);
    await first.stop();
    const [{ task_id: taskId } = { task_id: '' }] = await rejected();
    expect(taskId).toContain(id);
    const { code, document } = await vambe('retry', taskId, '--reason', 'try');
    expect({ code, answer: document.jobs[0].answer }).toEqual({ code: 0, answer: 'sent-again' });
    expect(await rejected()).toEqual([]);
    expect(await app.broker.llen('classification')).toBe(1);
    // The message is still wrong, and gets the same row.
    await work();
    await waitFor('the row again', async () => (await rejected()).length === 1);
    expect((await rejected())[0]?.task_id).toBe(taskId);
  });

  it('the sweep of unclassified meetings accepts nothing while a message waits in any list', async () => {
    await send({ queue: 'vambe_tasks', priority: 9 });
    expect(await app.services.sweepUnclassified()).toEqual({ accepted: 0, waiting_messages: 1 });
    await work();
    await waitFor('it to be done', async () => (await countUndone(app.broker)) === 0);
    expect(await app.services.sweepUnclassified()).toEqual({ accepted: 0 });
  });

  it('the same id twice, in one batch and later, is done once', async () => {
    const id = await send({ args: ['first'] });
    await send({ id, args: ['second'] });
    await work();
    await metaIn(id, 'SUCCESS');
    await send({ id, args: ['third'] });
    await metaIn(await send(), 'SUCCESS');
    const rows = await query(app, `select parameters->>'meeting_id' as arg from vambe_worker.jobs where task_id = $1`, [
      id,
    ]);
    expect(rows).toEqual([{ arg: 'first' }]);
  });

  it('a message with text that PostgreSQL cannot store is rejected, and others of its batch are done (E5)', async () => {
    const bad = await send({ args: ['a\0b'] });
    const good = await send();
    await work();
    await metaIn(good, 'SUCCESS');
    expect(await metaIn(bad, 'FAILURE')).toMatchObject({ result: { exc_type: 'TypeError' } });
  });

  it('a bridge takes over the messages that a dead bridge had in flight (F4)', async () => {
    const { raw } = encodeTaskMessage({
      id: randomUUID(),
      task: 'classify_meeting',
      args: ['m1'],
      kwargs: {},
      queue: 'celery',
      origin: '1@tests',
    });
    const id = /"id":"([^"]+)"/.exec(raw)?.[1] ?? '';
    await app.broker.hset('vambe:inflight:dead', '7', `celery\n${raw}`);
    await app.broker.zadd('vambe:bridges', 1, 'dead');
    await work();
    await metaIn(id, 'SUCCESS');
    expect(await app.broker.exists('vambe:inflight:dead')).toBe(0);
    expect(await app.broker.zscore('vambe:bridges', 'dead')).toBeNull();
  });

  it('a bridge that takes messages and takes over others at the same time has both in flight, and removes only the given ones (F4)', async () => {
    const inflight = createInflight(app.broker, 'tests');
    await app.broker.lpush('celery', 'taken');
    await app.broker.hset('vambe:inflight:dead', '7', 'celery\nadopted');
    await app.broker.zadd('vambe:bridges', 1, 'dead');
    const [taken, adopted] = await Promise.all([inflight.take([['celery']], 10), inflight.beat()]);
    expect([taken.map(({ raw }) => raw), adopted]).toEqual([['taken'], 1]);
    await inflight.remove(taken.map(({ tag }) => tag));
    expect((await inflight.list()).map(({ raw }) => raw)).toEqual(['adopted']);
  });

  it('results go to CELERY_RESULT_BACKEND where that is another database, and are not in the broker', async () => {
    const other = await createNamespace({ migrated: false });
    stops.unshift(() => other.close());
    const apart = await startWith({ settings: { celeryResultBackend: other.redisUrl } });
    await work({}, apart);
    const id = await send();
    const reader = createRedis({ url: other.redisUrl, name: 'tests', use: 'commands' });
    stops.push(async () => reader.disconnect());
    await waitFor('the document', () => reader.exists(`celery-task-meta-${id}`));
    expect(await app.redis.exists(`celery-task-meta-${id}`)).toBe(0);
    expect(await app.redis.exists(`task_status:${id}`)).toBe(1);
  });

  it('continues after the broker lost all its data (63)', async () => {
    await work();
    await metaIn(await send(), 'SUCCESS');
    await app.broker.flushdb();
    const id = await send();
    expect(await metaIn(id, 'SUCCESS')).toMatchObject({ task_id: id });
  });

  it('every captured poison message is rejected or done, and the next message is done (43)', async () => {
    await work();
    const poison = readVectors().filter(({ name }) => /^poison-|pickle|yaml/.test(name));
    for (const { redis_key, raw } of poison) await app.broker.lpush(redis_key, raw);
    await metaIn(await send(), 'SUCCESS');
    await waitFor('nothing left', async () => (await countUndone(app.broker)) === 0);
    const logged = app.log.named('celery.rejected').map(({ fields }) => fields.code);
    expect(logged).toHaveLength((await rejected()).length);
    expect(logged).toContain('MESSAGE_REFUSED');
  });
});
