/** Rows of the conformance checklist on events, neighbours and shutdown: what monitors and Python workers see of ours. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeEnvelope } from '../../src/celery/protocol/envelope.ts';
import type { CommandModule } from '../../src/cli/kit/cli.ts';
import { run } from '../../src/cli/kit/program.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createRedis, type Redis } from '../../src/core/connections/redis.ts';
import { type RunningWorker, startWorker } from '../../src/worker.ts';
import { readVector } from '../helpers/celery-vectors.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { spawnWorker } from '../helpers/spawn-worker.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { makeIo } from '../unit/cli/fake-io.ts';
import { type PythonClient, startCelery, startPython, startPythonWorker, whyNoCelery } from './python.ts';

type Event = Readonly<Record<string, unknown>> & { readonly type: string; readonly uuid?: string };

const node = 'worker@host';
const taskFolder = fileURLToPath(new URL('./tasks', import.meta.url));

describe.skipIf(whyNoCelery)('events and neighbours of Celery 5.2', () => {
  let namespace: Namespace;
  let worker: RunningWorker;
  let python: PythonClient;
  let redis: Redis;
  let listener: Redis;
  const events: Event[] = [];

  beforeAll(async () => {
    namespace = await createNamespace();
    redis = createRedis({ url: namespace.redisUrl, name: 'tests', use: 'commands' });
    listener = createRedis({ url: namespace.redisUrl, name: 'tests', use: 'listener' });
    listener.on('pmessage', (_pattern, _channel, raw: string) => {
      const { body } = decodeEnvelope(raw);
      events.push(...((Array.isArray(body) ? body : [body]) as Event[]));
    });
    await listener.psubscribe(`/${new URL(namespace.redisUrl).pathname.slice(1)}.celeryev/*`);
    python = startPython(namespace.redisUrl);
    worker = await startWorker(options());
    await seen('worker-online');
  });
  afterAll(async () => {
    python?.stop();
    await worker?.stop();
    redis?.disconnect();
    listener?.disconnect();
    await namespace?.close();
  });

  const options = () => ({
    config: { ...loadConfig({}, '').config, retryDelaySeconds: 60 },
    postgresUrl: namespace.postgresUrl,
    redisUrl: namespace.redisUrl,
    log: createMemoryLog(),
    concurrency: 2,
    workerName: node,
    taskFolders: [taskFolder],
  });
  const seen = (type: string, uuid?: string) =>
    waitFor(`an event ${type}`, () => events.find((each) => each.type === type && each.uuid === uuid));
  const of = (uuid: string) => events.filter((each) => each.uuid === uuid).map(({ type }) => type);
  const send = (args: string) => python.run<string>(`answer = classify_meeting.apply_async(${args}).id`);
  const status = async (id: string): Promise<string | undefined> =>
    JSON.parse((await redis.get(`celery-task-meta-${id}`)) ?? '{}').status;
  const ended = (id: string, ...states: readonly string[]) =>
    waitFor(`${id} to be ${states}`, async () => states.includes((await status(id)) ?? ''));
  const control = (method: string) =>
    python.run(`answer = app.control.broadcast('${method}', destination=['${node}'], reply=True, timeout=5)`);

  const commands = ['inspect', 'control', 'status', 'call'].map((name) => ({
    name,
    load: (): Promise<CommandModule> => import(`../../src/cli/commands/${name}.ts`),
  }));
  /** A command of ours, in this process; its JSON document. */
  const vambe = async (...args: readonly string[]) => {
    const environment = { REDIS_URL: namespace.redisUrl, DATABASE_URL: namespace.postgresUrl };
    const { io, stdout } = makeIo({ environment });
    await run([...args, '--json'], { commands, version: '1.2.3', io });
    return JSON.parse(stdout.text()) as Record<string, unknown>;
  };

  test('celery events --dump shows a heartbeat every 2 s (52)', async () => {
    const dump = startCelery(namespace.redisUrl, ['events', '--dump']);
    const beats = () => dump.output().match(/heartbeat: active=0/g)?.length ?? 0;
    await waitFor('three heartbeats', () => beats() >= 3).finally(dump.kill);
    expect(dump.output()).not.toContain('Traceback');
    const times = events
      .filter(({ type, freq }) => type === 'worker-heartbeat' && freq === 2)
      .map(({ timestamp }) => timestamp);
    expect(times.length).toBeGreaterThanOrEqual(2);
  });

  test('task events go out from when they are enabled until they are disabled (53)', async () => {
    const before = await send(`args=['m1']`);
    await ended(before, 'SUCCESS');
    expect(await control('enable_events')).toEqual([{ [node]: { ok: 'task events enabled' } }]);
    expect(await control('enable_events')).toEqual([{ [node]: { ok: 'task events already enabled' } }]);
    const during = await send(`args=['m2']`);
    await seen('task-succeeded', during);
    expect(of(during)).toEqual(['task-received', 'task-started', 'task-succeeded']);
    expect(await control('disable_events')).toEqual([{ [node]: { ok: 'task events disabled' } }]);
    const after = await send(`args=['m3']`);
    await ended(after, 'SUCCESS');
    await worker.app.redis.ping();
    expect(of(before)).toEqual([]);
    expect(of(after)).toEqual([]);
  });

  test('every event has the keys of Python, and celery.events.State takes it (54)', async () => {
    await control('enable_events');
    const failing = await send(`args=['fail']`);
    const retrying = await send(`args=['retry']`);
    const late = await send(`args=['m1'], expires=__import__('datetime').datetime(2020, 1, 1)`);
    const unknown = await python.run<string>(`answer = app.send_task('no.such.task', queue='classification').id`);
    await Promise.all([
      seen('task-failed', failing),
      seen('task-retried', retrying),
      seen('task-revoked', late),
      seen('task-failed', unknown),
    ]);
    for (const event of events) {
      const vector = readVector(`event-${event.type}`).body_decoded as Event | readonly Event[];
      const theirs = Object.keys(Array.isArray(vector) ? (vector[0] ?? {}) : vector);
      const expected = event.uuid === unknown ? theirs.filter((key) => key !== 'traceback') : theirs;
      expect(Object.keys(event).sort(), event.type).toEqual(expected.sort());
    }
    expect(events.find(({ uuid, type }) => uuid === failing && type === 'task-failed')).toMatchObject({
      exception: "ClassifyError('bad transcript')",
    });
    const clocks = events.map(({ clock }) => Number(clock));
    expect(clocks).toEqual([...clocks].sort((a, b) => a - b));
    const shown = await python.run(`
from celery.events.state import State
state = State()
for event in json.loads(${JSON.stringify(JSON.stringify(events))}):
    event['local_received'] = event['timestamp']
    state.event(event)
answer = [state.workers['${node}'].alive, {id: state.tasks[id].state for id in ${JSON.stringify([failing, retrying, late])}}]`);
    expect(shown).toEqual([true, { [failing]: 'FAILURE', [retrying]: 'RETRY', [late]: 'REVOKED' }]);
  });

  test('a Python worker that starts beside it syncs, and learns what was revoked (59 60)', async () => {
    const id = randomUUID();
    await python.run(`app.control.revoke('${id}')\nanswer = None`);
    const other = await startPythonWorker(namespace.redisUrl, {
      name: 'python@host',
      lists: 'elsewhere',
      concurrency: 1,
    });
    try {
      expect(other.output()).toContain('mingle: sync with 1 nodes');
      expect(other.output()).toContain('mingle: sync complete');
      const [, out] = await python.run<[number, string, string]>(`answer = cli('inspect', 'ping')`);
      expect(out).toContain('2 nodes online.');
      expect(await python.run(`answer = app.control.inspect(['python@host'], timeout=5).revoked()`)).toEqual({
        'python@host': [id],
      });
      expect(await vambe('inspect', 'ping', '-t', '3')).toEqual({
        [node]: { ok: 'pong' },
        'python@host': { ok: 'pong' },
      });
      expect((await vambe('inspect', 'registered', '-d', 'python@host'))['python@host']).toContain('health_check');
      expect(await vambe('control', 'pool_grow', '1', '-d', 'python@host')).toEqual({
        'python@host': { ok: 'pool will grow' },
      });
      expect((await vambe('status')).workers).toMatchObject({ nodes: expect.arrayContaining(['python@host']) });
      expect(await vambe('call', 'health_check', '--queue', 'elsewhere', '--wait')).toMatchObject({
        success: true,
        result: { status: 'healthy' },
      });
      // Known to the Python worker alone, and to ours once another of ours has greeted it.
      const theirs = randomUUID();
      await python.run(`app.control.revoke('${theirs}', destination=['python@host'])\nanswer = None`);
      const late = await startWorker({ ...options(), workerName: 'late@host' });
      await waitFor('the newcomer to hear of it', async () => {
        const told = await python.run<Record<string, string[]> | null>(
          `answer = app.control.inspect(['late@host'], timeout=5).revoked()`,
        );
        return told?.['late@host']?.includes(theirs) && told['late@host'].includes(id);
      }).finally(late.stop);
      expect(other.output()).not.toContain('Traceback');
    } finally {
      other.kill('SIGKILL');
    }
  });

  test('a warm stop says worker-offline before the running task ends (55)', async () => {
    const id = await send(`args=['sleep:1.5']`);
    await seen('task-started', id);
    await worker.stop();
    await seen('task-succeeded', id);
    const isOffline = (event: Event) => event.type === 'worker-offline' && event.hostname === node;
    const order = events.map((event) => (event.uuid === id || isOffline(event) ? event.type : ''));
    expect(order.filter((type) => type !== '')).toEqual([
      'task-received',
      'task-started',
      'worker-offline',
      'task-succeeded',
    ]);
  });

  test('control shutdown ends a worker of two processes, which answered as one node (58)', {
    timeout: 120_000,
  }, async () => {
    const name = 'two@host';
    const args = ['--hostname', name, '--tasks', taskFolder, '--concurrency', '1', '--processes', '2', '-E'];
    const two = spawnWorker({ ...namespace, args, fromSources: true });
    const ready = () => two.events.filter(({ event }) => event === 'worker.ready').length === 2 || undefined;
    await waitFor('both processes to be ready', ready, 90_000);
    const ask = async <T>(method: string) => {
      const found = await python.run<Record<string, T> | null>(
        `answer = app.control.inspect(['${name}'], timeout=5).${method}()`,
      );
      return found?.[name] as T;
    };
    const ids = [await send(`args=['sleep:60']`), await send(`args=['sleep:60']`)];
    for (const id of ids) await ended(id, 'STARTED');
    const active = await ask<{ id: string; worker_pid: number }[]>('active');
    expect(active.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(new Set(active.map(({ worker_pid }) => worker_pid)).size).toBe(2);
    expect(await ask('stats')).toMatchObject({ pool: { 'max-concurrency': 2 } });
    const [code, , err] = await python.run<[number, string, string]>(
      `app.control.revoke(${JSON.stringify(ids)}, terminate=True)\nanswer = cli('control', 'shutdown')`,
    );
    expect({ code, err }).toEqual({ code: 69, err: expect.stringContaining('No nodes replied') });
    expect(await two.exited).toBe(0);
    expect(
      events.filter(({ type, hostname }) => type === 'worker-offline' && hostname === name).length,
    ).toBeGreaterThan(0);
    for (const id of ids) expect(await status(id)).toBe('REVOKED');
  });
});
