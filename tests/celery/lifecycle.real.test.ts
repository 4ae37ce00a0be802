/** Rows of the conformance checklist about kills, signals and what is held, with the worker in a process of its own. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createRedis } from '../../src/core/connections/redis.ts';
import { startRestartableRedis } from '../helpers/restartable.ts';
import { type SpawnedWorker, spawnWorker } from '../helpers/spawn-worker.ts';
import { query } from '../helpers/start-app.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { type CeleryBench, countUndone, startBench, stubTasks } from './fixture.ts';
import { startPython, whyNoCelery } from './python.ts';

/** Counts of the issue where an hour is no matter; a part of them where every change is tested. */
const full = process.env.CELERY_FULL === '1';

describe.skipIf(whyNoCelery)('a worker process on Celery lists', () => {
  let bench: CeleryBench;
  const run = <T = unknown>(code: string) => bench.python.run<T>(code);

  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  const start = async (environment: Record<string, string> = {}): Promise<SpawnedWorker> => {
    const worker = spawnWorker({
      postgresUrl: bench.namespace.postgresUrl,
      redisUrl: bench.namespace.redisUrl,
      environment,
      args: ['--tasks', stubTasks, '--hostname', 'worker@host'],
      fromSources: true,
    });
    await worker.logged('worker.ready');
    return worker;
  };

  it('SIGTERM: what runs is finished, what is due later or waits is run once after the next start (46 47 55 56)', async () => {
    const first = await start({ WORKER_CONCURRENCY: '1' });
    const [running = '', later = '', soon = '', queued = ''] = await run<string[]>(`
running = classify_meeting.delay('sleep:3')
answer = [running.id, classify_meeting.apply_async(('e1',), countdown=900).id, classify_meeting.apply_async(('e2',), countdown=8).id]`);
    await bench.metaIn(running, 'STARTED');
    const waiting = await run<string>(`answer = classify_meeting.delay('q1').id`);
    expect(queued).toBe('');
    for (const id of [later, soon]) await bench.app.rowIn(id, 'queued');
    first.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    expect((await bench.meta(running))?.status).toBe('SUCCESS');
    for (const id of [later, soon, waiting]) expect((await bench.meta(id))?.status).not.toBe('SUCCESS');
    const second = await start();
    for (const id of [soon, waiting]) await bench.metaIn(id, 'SUCCESS');
    expect(await bench.meta(later)).toBeUndefined();
    const [row] = await query(
      bench.app,
      `select due_at > now() + interval '13 minutes' as waits from vambe_worker.jobs where task_id = $1`,
      [later],
    );
    expect(row).toEqual({ waits: true });
    second.kill('SIGTERM');
    await second.exited;
  });

  it.each([{ isEmpty: false }, { isEmpty: true }])(
    'after a restart of Redis ($isEmpty: it lost everything) the worker answers ping within 10 s, is bound, and goes on (63)',
    async ({ isEmpty }) => {
      const folder = await mkdtemp(join(tmpdir(), 'vambe-restart-'));
      onTestFinished(() => rm(folder, { recursive: true, force: true }));
      const redis = await startRestartableRedis(folder);
      const python = startPython(redis.url);
      onTestFinished(python.stop);
      const worker = spawnWorker({
        postgresUrl: bench.namespace.postgresUrl,
        redisUrl: redis.url,
        args: ['--tasks', stubTasks, '--hostname', 'worker@host'],
        fromSources: true,
      });
      await worker.logged('worker.ready');
      const before = await python.run(`answer = health_check.delay().get(timeout=20)`);
      await redis.end('SIGKILL');
      await redis.start({ isEmpty });
      const pinged = await waitFor(
        'a pong',
        () => python.run(`answer = app.control.inspect(['worker@host'], timeout=1).ping()`).catch(() => undefined),
        10_000,
      );
      expect(pinged).toEqual({ 'worker@host': { ok: 'pong' } });
      const client = createRedis({ url: redis.url, name: 'tests', use: 'commands' });
      onTestFinished(() => client.disconnect());
      await waitFor('the binding', () =>
        client.sismember('_kombu.binding.celery.pidbox', '\x06\x16\x06\x16worker@host.celery.pidbox'),
      );
      expect(await python.run(`answer = health_check.delay().get(timeout=20)`)).toEqual(before);
      worker.kill('SIGTERM');
      expect(await worker.exited).toBe(0);
    },
  );

  it('mutated messages, and a good one behind each tenth: every good one is done, every bad one set aside (43) (F1)', async () => {
    const worker = await start();
    const count = full ? 100_000 : 1_000;
    const good: string[] = [];
    const raw = (id: string) =>
      JSON.stringify({
        body: '[["m1"],{},{}]',
        headers: { task: 'classify_meeting', id, lang: 'py' },
        properties: { body_encoding: 'utf-8', delivery_info: { routing_key: 'celery' } },
      });
    for (let at = 0; at < count; at += 500) {
      const pushes = bench.redis.pipeline();
      for (let n = at; n < at + 500; n++) {
        pushes.lpush('celery', mutate(raw(randomUUID()), n));
        if (n % 10 > 0) continue;
        const id = randomUUID();
        good.push(id);
        pushes.lpush('celery', raw(id));
      }
      await pushes.exec();
    }
    await waitFor('the lists to be empty', async () => (await countUndone(bench.redis)) === 0, 1_200_000);
    for (const id of good) await bench.metaIn(id, 'SUCCESS');
    const [row] = await query<{ rejected: number; open: number }>(
      bench.app,
      `select count(*) filter (where state = 'rejected')::int as rejected,
        count(*) filter (where state in ('queued', 'retrying') and due_at is null)::int as open from vambe_worker.jobs`,
    );
    expect(row?.rejected).toBeGreaterThan(count / 4);
    expect(worker.events.filter(({ event }) => event === 'celery.rejected').length).toBeGreaterThan(count / 4);
    worker.kill('SIGTERM');
    expect(await worker.exited).toBe(0);
  }, 1_500_000);

  it('kill -9 in the middle: each task ends once, get() answers for all, and what ran runs again within 40 s (37 57 67) (F4)', async () => {
    const messages = full ? 10_000 : 300;
    const kills = full ? 5 : 1;
    let worker = await start();
    // Both have the delivery tag "celery", which is all that celery-ts knows.
    const slow = (raw: string) => raw.replace(/6f0c1f1e-0000-4000-8000-000000000001/g, 'sleep:3');
    const running = [await bench.push('ts-plain', slow), await bench.push('ts-plain', slow)];
    for (const id of running) await bench.metaIn(id, 'STARTED');
    const quick = await run<string[]>(`answer = [classify_meeting.delay('m%d' % i).id for i in range(${messages})]`);
    const ids = [...running, ...quick];
    const doneOf = async () => {
      const text = `select count(*)::int as done from vambe_worker.jobs where state = 'completed' and task_id = any($1)`;
      return (await query<{ done: number }>(bench.app, text, [ids]))[0]?.done ?? 0;
    };
    let killedMs = 0;
    for (let kill = 1; kill <= kills; kill++) {
      if (kill > 1)
        await waitFor('some to be done', async () => (await doneOf()) > (kill * messages) / (kills + 2), 60_000);
      worker.kill('SIGKILL');
      await worker.exited;
      killedMs = Date.now();
      worker = await start();
    }
    const results = run<number>(`
answer = sum(1 for i in ${JSON.stringify(ids)} if AsyncResult(i, app=app).get(timeout=90)['status'] == 'ok')`);
    const runsAgain = async (id: string) => {
      const document = await bench.meta(id);
      const isHere = JSON.stringify(document?.result).includes(`"pid":${worker.pid},`);
      return document?.status === 'SUCCESS' || (document?.status === 'STARTED' && isHere);
    };
    for (const id of running) {
      await waitFor('the killed task to run again', () => runsAgain(id), killedMs + 40_000 - Date.now());
    }
    expect(await results).toBe(ids.length);
    expect(Date.now() - killedMs).toBeLessThan(full ? 1_400_000 : 60_000);
    expect(await doneOf()).toBe(ids.length);
    expect(await countUndone(bench.redis)).toBe(0);
    worker.kill('SIGTERM');
    expect(await worker.exited).toBe(0);
  }, 1_500_000);

  it('a task that kills its process, and then the child it is given, is WorkerLostError to its sender; the worker goes on (67) (A7)', async () => {
    const first = await start();
    const id = await run<string>(`answer = classify_meeting.delay('die').id`);
    expect(await first.exited).toBe('SIGKILL');
    // Else they run out after 25 s.
    await bench.redis.del(...(await bench.redis.keys('vambe:*:lock')));
    const second = await start();
    const raised = await run(`
try: AsyncResult('${id}', app=app).get(timeout=40)
except Exception as e: answer = [type(e).__module__, type(e).__name__, str(e)]`);
    expect(raised).toEqual([
      'billiard.exceptions',
      'WorkerLostError',
      expect.stringMatching(/^This job stopped the worker while it ran alone/),
    ]);
    expect(await bench.meta(id)).toMatchObject({ status: 'FAILURE', traceback: null });
    expect(await run(`answer = app.control.inspect(['worker@host'], timeout=5).ping()`)).toEqual({
      'worker@host': { ok: 'pong' },
    });
    expect(await run(`answer = health_check.delay().get(timeout=20)`)).toEqual({ status: 'healthy' });
    second.kill('SIGTERM');
    expect(await second.exited).toBe(0);
  });
});

/** One of a few damages, picked by the number. */
function mutate(text: string, n: number): string {
  const hash = createHash('md5').update(String(n)).digest();
  const at = hash.readUInt16BE(0) % text.length;
  switch (n % 6) {
    case 0:
      return text.slice(0, at);
    case 1:
      return `${text.slice(0, at)}${String.fromCharCode(hash[2] ?? 0)}${text.slice(at + 1)}`;
    case 2:
      return text.replace('["m1"]', `${'['.repeat(200)}${']'.repeat(200)}`);
    case 3:
      return text.replace('"m1"', '1e999');
    case 4:
      return text.replace('[["m1"],{},{}]', '[7,{},{}]');
    default:
      return text.replace('classify_meeting', 'no.such.task');
  }
}
