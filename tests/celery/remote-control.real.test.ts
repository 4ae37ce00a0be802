/** Rows of the conformance checklist on remote control: real `celery inspect` and `celery control` against a worker of ours. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { createRedis, type Redis } from '../../src/core/connections/redis.ts';
import { type RunningWorker, startWorker } from '../../src/worker.ts';
import { readVector } from '../helpers/celery-vectors.ts';
import { createMemoryLog, type MemoryLog } from '../helpers/memory-log.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { type PythonClient, startPython, whyNoCelery } from './python.ts';

const node = 'worker@host';
const lists = ['classification', 'default', 'celery', 'vambe_tasks'];
const taskFolder = fileURLToPath(new URL('./tasks', import.meta.url));

describe.skipIf(whyNoCelery)('remote control by Celery 5.2', () => {
  let namespace: Namespace;
  let worker: RunningWorker;
  let python: PythonClient;
  let redis: Redis;
  let database: string;
  const log: MemoryLog = createMemoryLog();

  beforeAll(async () => {
    namespace = await createNamespace();
    database = new URL(namespace.redisUrl).pathname.slice(1);
    redis = createRedis({ url: namespace.redisUrl, name: 'tests', use: 'commands' });
    python = startPython(namespace.redisUrl);
    worker = await startWorker({
      config: loadConfig({}, '').config,
      postgresUrl: namespace.postgresUrl,
      redisUrl: namespace.redisUrl,
      log,
      concurrency: 2,
      queues: lists,
      workerName: node,
      taskFolders: [taskFolder],
    });
    await waitFor('the control channel', async () => (await subscribers()) === 1);
  });
  afterAll(async () => {
    python?.stop();
    await worker?.stop();
    redis?.disconnect();
    await namespace?.close();
  });

  const channel = () => `/${database}.celery.pidbox`;
  const subscribers = async () => Number((await redis.pubsub('NUMSUB', channel()))[1]);
  interface Ran {
    readonly code: number;
    readonly out: string;
    readonly err: string;
  }
  const celery = async (...args: readonly string[]): Promise<Ran> => {
    const [code, out, err] = await python.run<[number, string, string]>(`answer = cli(*${JSON.stringify(args)})`);
    return { code, out, err };
  };
  /** With a destination the client waits for that one answer alone, and not for its whole second. */
  const inspect = async <T = unknown>(...args: readonly string[]): Promise<T> => {
    const { out, err, code } = await celery('inspect', '-j', '-t', '5', '-d', node, ...args);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return (JSON.parse(out) as Record<string, T>)[node] as T;
  };
  const control = (...args: readonly string[]) => celery('control', '-t', '5', '-d', node, ...args);
  const send = (args: string) => python.run<string>(`answer = classify_meeting.apply_async(${args}).id`);
  const meta = async (id: string) => {
    const text = await redis.get(`celery-task-meta-${id}`);
    return text === null ? undefined : (JSON.parse(text) as { status: string; result: Record<string, unknown> });
  };
  const metaIn = (id: string, status: string) =>
    waitFor(`${id} to be ${status}`, async () => {
      const found = await meta(id);
      return found?.status === status ? found : undefined;
    });
  const isAlive = async () => expect(await inspect('ping')).toEqual({ ok: 'pong' });

  test('inspect ping names the node and counts it (1)', async () => {
    const { code, out } = await celery('inspect', 'ping');
    expect(out).toContain(`->  ${node}: OK`);
    expect(out).toContain('pong');
    expect(out).toContain('1 node online.');
    expect(code).toBe(0);
  });

  test('inspect -j ping is one JSON document (2)', async () => {
    const { out } = await celery('inspect', '-j', 'ping');
    expect(JSON.parse(out)).toEqual({ [node]: { ok: 'pong' } });
  });

  test('status lists the node (3)', async () => {
    const { code, out } = await celery('status');
    expect(out).toContain(`->  ${node}: OK`);
    expect(out).toContain('1 node online.');
    expect(code).toBe(0);
  });

  test('a destination is obeyed; nobody there ends with 69 (4)', async () => {
    expect(await celery('inspect', '-d', node, 'ping')).toMatchObject({ code: 0, out: expect.stringContaining('OK') });
    const { code, err } = await celery('inspect', '-d', 'nobody@x', 'ping');
    expect(err).toContain('No nodes replied within time constraint');
    expect(code).toBe(69);
  });

  test('glob and pcre patterns are obeyed (5)', async () => {
    const ask = (pattern: string, matcher: string) =>
      python.run(
        `answer = app.control.broadcast('ping', pattern=${JSON.stringify(pattern)}, matcher='${matcher}', reply=True)`,
      );
    expect(await ask('worker@*', 'glob')).toEqual([{ [node]: { ok: 'pong' } }]);
    expect(await ask('^worker.*', 'pcre')).toEqual([{ [node]: { ok: 'pong' } }]);
    expect(await ask('zzz*', 'glob')).toEqual([]);
  });

  test('active is empty when idle (6)', async () => {
    expect((await celery('inspect', '-d', node, 'active')).out).toContain('- empty -');
  });

  test('active and query_task show a running task as it was sent (7 13)', async () => {
    const id = await send(`args=['sleep:20', False], kwargs={'api_task_id': 'api'}`);
    await metaIn(id, 'STARTED');
    const [task] = await inspect<[Record<string, unknown>]>('active');
    expect(Object.keys(task).sort()).toEqual(Object.keys(activeVector()).sort());
    expect(task).toMatchObject({
      id,
      name: 'classify_meeting',
      type: 'classify_meeting',
      args: ['sleep:20', false],
      kwargs: { api_task_id: 'api' },
      hostname: node,
      acknowledged: false,
      delivery_info: { exchange: '', routing_key: 'classification', priority: 0, redelivered: null },
      worker_pid: process.pid,
    });
    expect(Math.abs(Number(task.time_start) - Date.now() / 1_000)).toBeLessThan(15);
    expect(await inspect('query_task', id)).toEqual({ [id]: ['active', task] });
    expect(await inspect('query_task', randomUUID())).toEqual({});
    await control('terminate', 'SIGTERM', id);
  });

  test('stats parse and hold no password (8)', async () => {
    const stats = await inspect<{ pool: Record<string, unknown>; clock: unknown; total: unknown }>('stats');
    expect(stats.pool['max-concurrency']).toBe(2);
    expect(stats.clock).toEqual(expect.any(String));
    expect(stats.total).toMatchObject({ classify_meeting: expect.any(Number) });
    expect(JSON.stringify(stats)).not.toContain(new URL(namespace.redisUrl).password);
  });

  test('active_queues names the four lists with all 24 keys (9)', async () => {
    const queues = await inspect<Record<string, unknown>[]>('active_queues');
    expect(queues.map(({ name }) => name)).toEqual(lists);
    const [theirs] = Object.values(replyVector('pidbox-active_queues-reply'))[0] as Record<string, unknown>[];
    for (const queue of queues) {
      expect(Object.keys(queue).sort()).toEqual(Object.keys(theirs ?? {}).sort());
      expect(Object.keys(queue.exchange as object)).toEqual(Object.keys(theirs?.exchange as object));
    }
  });

  test('registered contains the four names of the app, sorted (10)', async () => {
    const names = await inspect<string[]>('registered');
    const ours = [
      'classify_meeting',
      'core.tasks.classify_meeting_task',
      'core.tasks.health_check_task',
      'health_check',
    ];
    expect(names.filter((name) => ours.includes(name))).toEqual(ours);
    expect(names).toEqual([...names].sort());
  });

  test('registered shows the attributes that are asked for (11)', async () => {
    const { out } = await celery('inspect', '-d', node, 'registered', 'rate_limit', 'max_retries');
    expect(out).toContain('classify_meeting [max_retries=3]');
  });

  test.each(['report', 'conf', 'clock', 'memsample', 'memdump', 'revoked', 'reserved', 'scheduled'])(
    'inspect %s succeeds (12)',
    async (command) => {
      const { code, out } = await celery('inspect', '-d', node, command);
      expect(out).not.toContain('ERROR');
      expect(out).toContain(`->  ${node}: OK`);
      expect(out).not.toContain(new URL(namespace.redisUrl).password);
      expect(code).toBe(0);
    },
  );

  test('a revoked id is flagged and listed (14)', async () => {
    const id = randomUUID();
    expect((await control('revoke', id)).out).toContain(`tasks ${id} flagged as revoked`);
    expect(await inspect('revoked')).toContain(id);
  });

  test('a task that waits behind others is reserved; revoked or terminated, it never starts (13 15 16)', async () => {
    const busy = [await send(`args=['sleep:20']`), await send(`args=['sleep:20']`)];
    for (const id of busy) await metaIn(id, 'STARTED');
    const waiting = [await send(`args=['m1']`), await send(`args=['m2']`)] as const;
    const reserved = await waitFor('both to be taken', async () => {
      const found = await inspect<Record<string, unknown>[]>('reserved');
      return found.length === 2 && found;
    });
    expect(reserved.map(({ id }) => id)).toEqual(waiting);
    expect(reserved[0]).toMatchObject({ args: ['m1'], time_start: null, acknowledged: false, worker_pid: null });
    expect(await inspect('query_task', waiting[0])).toEqual({ [waiting[0]]: ['reserved', reserved[0]] });
    expect((await control('revoke', waiting[0])).out).toContain(`tasks ${waiting[0]} flagged as revoked`);
    expect((await control('terminate', 'SIGTERM', waiting[1])).out).toContain(`terminate: ${waiting[1]}`);
    await control('terminate', 'SIGTERM', ...busy);
    for (const id of waiting) {
      expect((await metaIn(id, 'REVOKED')).result).toMatchObject({ exc_message: ['revoked'] });
      expect(log.events.some(({ event, fields }) => event === 'job.finished' && fields.task_id === id)).toBe(false);
    }
  });

  test('a running task is terminated; the worker lives on (16)', async () => {
    const id = await send(`args=['sleep:20']`);
    await metaIn(id, 'STARTED');
    expect((await control('terminate', 'SIGTERM', id)).out).toContain(`terminate: ${id}`);
    expect((await metaIn(id, 'REVOKED')).result).toMatchObject({ exc_message: ['terminated'] });
    expect((await control('terminate', 'SIGTERM', randomUUID())).out).toContain('terminate: tasks unknown');
    await isAlive();
  });

  test('rate limits are set and refused in the words of Celery, and BullMQ keeps them (17)', async () => {
    expect((await control('rate_limit', 'classify_meeting', '10/m')).out).toContain('new rate limit set successfully');
    expect(await worker.app.queues.get('classification').getGlobalRateLimit()).toEqual({ max: 10, duration: 60_000 });
    expect((await celery('inspect', '-d', node, 'registered')).out).toContain('classify_meeting [rate_limit=10/m]');
    const unknown = await control('rate_limit', 'nosuch', '10/m');
    expect(unknown.out).toContain('ERROR');
    expect(unknown.out).toContain('unknown task');
    expect((await control('rate_limit', 'classify_meeting', 'zz')).out).toContain('Invalid rate limit string');
    await control('rate_limit', 'classify_meeting', '0');
    expect(await worker.app.queues.get('classification').getGlobalRateLimit()).toBeNull();
  });

  test('time limits hold for tasks that start later (18)', async () => {
    expect((await control('time_limit', 'classify_meeting', '0.5', '2')).out).toContain('time limits set successfully');
    const id = await send(`args=['sleep:5']`);
    expect((await metaIn(id, 'FAILURE')).result).toMatchObject({ exc_type: 'SoftTimeLimitExceeded' });
    await control('time_limit', 'classify_meeting', '200', '300');
  });

  test('a list is consumed from when it is added until it is cancelled (19)', async () => {
    expect((await control('add_consumer', 'q2')).out).toContain('add consumer q2');
    const id = await send(`args=['m1'], queue='q2'`);
    await metaIn(id, 'SUCCESS');
    expect((await inspect<{ name: string }[]>('active_queues')).map(({ name }) => name)).toContain('q2');
    expect((await control('cancel_consumer', 'q2')).out).toContain('no longer consuming from q2');
    await send(`args=['m2'], queue='q2'`);
    const after = await send(`args=['m3']`);
    await metaIn(after, 'SUCCESS');
    expect(await redis.llen('q2')).toBe(1);
    await redis.del('q2');
  });

  test('the pool grows and shrinks (20)', async () => {
    const size = async () => (await inspect<{ pool: Record<string, unknown> }>('stats')).pool['max-concurrency'];
    expect((await control('pool_grow', '1')).out).toContain('pool will grow');
    expect(await size()).toBe(3);
    const ids = await Promise.all([1, 2, 3].map(() => send(`args=['sleep:20']`)));
    for (const id of ids) await metaIn(id, 'STARTED');
    await control('terminate', 'SIGTERM', ...ids);
    expect((await control('pool_shrink', '1')).out).toContain('pool will shrink');
    expect(await size()).toBe(2);
  });

  test.each([[['autoscale', '4', '1']], [['pool_restart']], [['election']]])(
    '%j is answered and harms nobody (21)',
    async (args) => {
      const { code, out } = await control(...args);
      expect(out).toMatch(/ERROR|OK/);
      expect(code).toBe(0);
      await isAlive();
    },
  );

  test('an unknown command is answered with its KeyError (22) (F7)', async () => {
    const answer = await python.run(`answer = app.control.broadcast('nosuchcmd', reply=True)`);
    expect(answer).toEqual([{ [node]: { error: "KeyError('nosuchcmd')" } }]);
    await isAlive();
  });

  test('garbage on the control channel is survived (23) (F7)', async () => {
    const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
    const envelope = (body: string) =>
      JSON.stringify({
        body,
        'content-type': 'application/json',
        headers: {},
        properties: { body_encoding: 'base64' },
      });
    for (const text of [
      'garbage',
      '',
      '{}',
      'null',
      deep,
      envelope('%%%'),
      envelope(Buffer.from('not json').toString('base64')),
      envelope(Buffer.from('[1]').toString('base64')),
      envelope(Buffer.from('{"method": 1}').toString('base64')),
      envelope(Buffer.from('{"method": "revoke", "arguments": []}').toString('base64')),
      envelope(Buffer.from('{"method": "pool_grow", "arguments": {"n": "x"}}').toString('base64')),
    ]) {
      await redis.publish(channel(), text);
    }
    await isAlive();
    expect(log.named('celery.control_unreadable').length).toBeGreaterThan(5);
  });

  test('a request without reply_to is acted on and answered nowhere (24)', async () => {
    const id = await send(`args=['sleep:20']`);
    await metaIn(id, 'STARTED');
    await python.run(`AsyncResult(${JSON.stringify(id)}).revoke(terminate=True, signal='SIGKILL')\nanswer = None`);
    expect((await metaIn(id, 'REVOKED')).result).toMatchObject({ exc_message: ['terminated'] });
    await redis.publish(channel(), readVector('pidbox-revoke-terminate-request').raw);
    await waitFor('the id of the captured request', async () =>
      (await inspect<string[]>('revoked')).includes('e616238d-a40d-4ab0-973f-d3765ba8a770'),
    );
  });

  test('no reply lists stay behind (25)', async () => {
    expect(await redis.keys('*reply.celery.pidbox')).toEqual([]);
  });

  test('with one free slot the lists are served by priority (42)', async () => {
    const busy = [await send(`args=['sleep:30']`), await send(`args=['sleep:30']`)];
    for (const id of busy) await metaIn(id, 'STARTED');
    await control('cancel_consumer', 'classification');
    const ids: string[] = [];
    for (const priority of [9, 3, 0]) ids.unshift(await send(`args=['m1'], priority=${priority}`));
    await control('add_consumer', 'classification');
    await control('terminate', 'SIGTERM', busy[0] ?? '');
    for (const id of ids) await metaIn(id, 'SUCCESS');
    const finished = log.named('job.finished').map(({ fields }) => fields.task_id);
    expect(finished.filter((id) => ids.some((each) => each === id))).toEqual(ids);
    await control('terminate', 'SIGTERM', busy[1] ?? '');
  });

  test('the binding is there while the worker is, and comes back when Redis was emptied and cut the connection (26 63)', async () => {
    const members = () => redis.smembers('_kombu.binding.celery.pidbox');
    expect(await members()).toContain(`\x06\x16\x06\x16${node}.celery.pidbox`);
    await redis.flushdb();
    for (const [, id = ''] of String(await redis.client('LIST')).matchAll(
      new RegExp(`^id=(\\d+) .* name=vambe .* db=${database} `, 'gm'),
    )) {
      if (Number(id) !== (await redis.client('ID'))) await redis.client('KILL', 'ID', id);
    }
    await waitFor('the binding', async () => (await members()).length === 1, 10_000);
    await waitFor('the control channel', async () => (await subscribers()) === 1, 10_000);
    await isAlive();
    python.stop();
    await worker.stop();
    expect(await members()).toEqual([]);
  });
});

function replyVector(name: string): Record<string, unknown> {
  return readVector(name).body_decoded as Record<string, unknown>;
}

function activeVector(): Record<string, unknown> {
  const [task] = Object.values(replyVector('pidbox-active-reply'))[0] as Record<string, unknown>[];
  return task ?? {};
}
