/** The same messages and the same questions to a Python worker and to ours: what clients, monitors and callers get, field by field. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isBadMessage, readTaskMessage } from '../../src/celery/protocol/read-task-message.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createRedis, type Redis } from '../../src/core/connections/redis.ts';
import { type RunningWorker, startWorker } from '../../src/worker.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { type RunningServer, startRedis } from '../helpers/real-servers.ts';
import { query } from '../helpers/start-app.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { compareRecordings, compareValues, type Difference } from './differential/compare.ts';
import { outdated, unexplained } from './differential/differences.ts';
import { makeMessages, messageCount, type SentMessage } from './differential/messages.ts';
import { type Recording, record } from './differential/record.ts';
import { countUndone, stubTasks } from './fixture.ts';
import { type PythonClient, type PythonWorker, startPython, startPythonWorker, whyNoCelery } from './python.ts';

const node = 'worker@host';
const databases = { source: '0', theirs: '1', ours: '2' } as const;
type Side = 'theirs' | 'ours';

describe.skipIf(whyNoCelery)('a Python worker and ours', () => {
  let files: string;
  let server: RunningServer;
  let namespace: Namespace;
  let worker: RunningWorker;
  let pythonWorker: PythonWorker;
  let recorder: Awaited<ReturnType<typeof record>>;
  const clients = {} as Record<keyof typeof databases, PythonClient>;
  const redis = {} as Record<keyof typeof databases, Redis>;
  const urlOf = (each: keyof typeof databases) => server.url.replace(/\/0$/, `/${databases[each]}`);

  beforeAll(async () => {
    files = await mkdtemp(join(tmpdir(), 'vambe-differential-'));
    [server, namespace] = await Promise.all([startRedis(files, { persists: false }), createNamespace()]);
    recorder = await record(server.url, [databases.theirs, databases.ours]);
    for (const each of ['source', 'theirs', 'ours'] as const) {
      redis[each] = createRedis({ url: urlOf(each), name: 'tests', use: 'commands' });
      clients[each] = startPython(urlOf(each));
    }
    pythonWorker = await startPythonWorker(urlOf('theirs'), {
      name: node,
      concurrency: 4,
      // Else it waits up to two seconds between tasks.
      more: ['-E', '--prefetch-multiplier', '100'],
      env: { RETRY_COUNTDOWN: '1' },
    });
    worker = await startWorker({
      config: { ...loadConfig({}, '').config, retryDelaySeconds: 1 },
      postgresUrl: namespace.postgresUrl,
      redisUrl: urlOf('ours'),
      log: createMemoryLog(),
      concurrency: 4,
      workerName: node,
      taskFolders: [stubTasks],
      sendsTaskEvents: true,
    });
  });
  afterAll(async () => {
    for (const each of Object.values(clients)) each.stop();
    pythonWorker?.kill('SIGKILL');
    await worker?.stop();
    recorder?.stop();
    for (const each of Object.values(redis)) each.disconnect();
    await namespace?.close();
    await server?.stop();
    await rm(files, { recursive: true, force: true });
  });

  const met: Difference[] = [];
  const recordingOf = (side: Side): Recording => {
    const found = recorder.recordings.get(databases[side]);
    if (!found) throw new Error(`nothing was recorded of ${side}`);
    return found;
  };
  const both = async <T>(work: (side: Side) => Promise<T>): Promise<readonly [T, T]> =>
    Promise.all([work('theirs'), work('ours')]);
  const metaIn = (side: Side, id: string, state: string) =>
    waitFor(`${id} to be ${state}`, () =>
      recordingOf(side)
        .documents.get(id)
        ?.some(({ fields }) => fields.status === state),
    );
  const sendAll = (messages: readonly SentMessage[]) =>
    both(async (side) => {
      for (const { key, raw } of messages) await redis[side].lpush(key, raw);
    });

  /** All that is not to run in years; the last events are on their way before the documents of the end are written. */
  const untilDone = async () => {
    await waitFor('our worker to be done', async () => {
      const text = `select count(*)::int as open from vambe_worker.jobs
where state in ('queued', 'retrying') and origin = 'celery' and coalesce(due_at < now() + interval '1 hour', true)`;
      const [row] = await query<{ open: number }>(worker.app, text);
      return (await countUndone(redis.ours)) === 0 && row?.open === 0;
    });
    await waitFor(
      'the Python worker to be done',
      async () => {
        const held = await redis.theirs.hvals('unacked');
        return (
          (await countUndone(redis.theirs)) === 0 &&
          held.every((each) => each.includes('"eta": "2030') || each.includes('"eta":"2030'))
        );
      },
      60_000,
    );
    await both(async (side) => {
      const beats = () => recordingOf(side).events.filter(({ type }) => type === 'worker-heartbeat').length;
      const before = beats();
      await waitFor('a heartbeat', () => beats() > before);
    });
  };

  it('200 messages lead to the same results and events, but for differences that are listed with their reasons', {
    timeout: 120_000,
  }, async () => {
    const messages = await makeMessages(clients.source, redis.source, [redis.theirs, redis.ours]);
    expect(messages).toHaveLength(messageCount);
    await sendAll(messages);
    await untilDone();
    const differences = compareRecordings(recordingOf('theirs'), recordingOf('ours'), labelsOf(messages));
    met.push(...differences);
    expect(shown(unexplained(differences))).toEqual([]);
  });

  it('the same questions and changes are answered alike, and no listed difference is gone', {
    timeout: 60_000,
  }, async () => {
    const running = randomUUID();
    await both((side) =>
      clients[side].run(`classify_meeting.apply_async(('sleep:30',), task_id='${running}')\nanswer = None`),
    );
    await both((side) => metaIn(side, running, 'STARTED'));
    const differences: Difference[] = [];
    for (const [method, given = {}] of controlRequests(running)) {
      const text = JSON.stringify(JSON.stringify(given));
      const code = `answer = app.control.broadcast('${method}', arguments=json.loads(${text}), destination=['${node}'], reply=True, timeout=5)`;
      const [theirs, ours] = await both((side) => clients[side].run<readonly Record<string, unknown>[]>(code));
      differences.push(
        ...compareValues(
          { what: `reply ${method}`, of: JSON.stringify(given) },
          '',
          inOrder(theirs[0]?.[node]),
          inOrder(ours[0]?.[node]),
        ),
      );
    }
    const late = await both((side) => clients[side].run(expiredPing));
    expect(late).toEqual([[{ [node]: { ok: 'pong' } }], [{ [node]: { ok: 'pong' } }]]);
    await both((side) => metaIn(side, running, 'REVOKED'));
    await both((side) =>
      waitFor('task-revoked', () =>
        recordingOf(side).events.some(({ uuid, type }) => uuid === running && type === 'task-revoked'),
      ),
    );
    differences.push(
      ...compareRecordings(recordingOf('theirs'), recordingOf('ours'), new Map([[running, 'terminated']])).filter(
        ({ of }) => of === 'terminated',
      ),
    );
    met.push(...differences);
    expect(shown(unexplained(differences))).toEqual([]);
    expect(outdated(met)).toEqual([]);
  });
});

/** By a client whose clock is decades behind, so that its request has expired when it arrives; neither side minds. */
const expiredPing = `
import kombu.pidbox, time
kombu.pidbox.time = lambda: 1.0
answer = app.control.broadcast('ping', destination=['${node}'], reply=True, timeout=5)
kombu.pidbox.time = time.time`;

/** Method and arguments; each stays as it was, or is undone by a later one. */
function controlRequests(running: string): readonly (readonly [string, Record<string, unknown>?])[] {
  const task_name = 'classify_meeting';
  return [
    ...[
      'ping',
      'active',
      'scheduled',
      'reserved',
      'registered',
      'active_queues',
      'stats',
      'report',
      'conf',
      'clock',
    ].map((each) => [each] as const),
    ...['memsample', 'memdump', 'objgraph', 'revoked', 'heartbeat', 'autoscale', 'pool_restart', 'nosuchcmd'].map(
      (each) => [each] as const,
    ),
    ...['dump_active', 'dump_reserved', 'dump_schedule', 'dump_revoked', 'registered_tasks', 'dump_tasks'].map(
      (each) => [each] as const,
    ),
    ['registered', { taskinfoitems: ['max_retries', 'rate_limit'] }],
    ['query_task', { ids: [running] }],
    ['query_task', { ids: ['nobody'] }],
    ['query_task', { ids: running }],
    ['revoke', { task_id: 'r-1' }],
    ['revoke', { task_id: ['r-2', 'r-3'] }],
    ['revoked'],
    ['hello', { from_node: 'other@host', revoked: {} }],
    ['hello', { from_node: node, revoked: {} }],
    ['revoke', { task_id: 'r-4', terminate: true }],
    ['revoke', { task_id: 'r-5', terminate: true, signal: 'SIGNONE' }],
    ['terminate', { task_id: ['r-6'], signal: 'TERM' }],
    ['revoke'],
    ['terminate', { signal: 'TERM' }],
    ['rate_limit', { task_name, rate_limit: '10/m' }],
    ['registered', { taskinfoitems: ['rate_limit'] }],
    ['rate_limit', { task_name, rate_limit: 'zz' }],
    ['rate_limit', { task_name, rate_limit: '10/x' }],
    ['rate_limit', { task_name: 'nosuch', rate_limit: '10/m' }],
    ['rate_limit', { task_name, rate_limit: 0 }],
    ['rate_limit', { task_name }],
    ['time_limit', { task_name, soft: 100, hard: 200 }],
    ['time_limit', { task_name: 'nosuch', soft: 1 }],
    ['time_limit', { task_name: 'health_check', soft: null, hard: null }],
    ['add_consumer', { queue: 'q2' }],
    ['add_consumer', { queue: 'q2' }],
    ['active_queues'],
    ['cancel_consumer', { queue: 'q2' }],
    ['cancel_consumer', { queue: 'q2' }],
    ['add_consumer'],
    ['pool_grow', { n: 1 }],
    ['pool_shrink', { n: 1 }],
    ['pool_grow'],
    ['pool_shrink'],
    ['enable_events'],
    ['disable_events'],
    ['terminate', { task_id: [running], signal: 'SIGKILL' }],
  ];
}

/** Lists of objects, and revoked ids, have no order of their own; of the latter those count that were revoked here. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value) && value.some((each) => /^r-\d/.test(each)))
    return value.filter((each) => /^r-\d/.test(each)).sort();
  const keyOf = (each: { name?: string; request?: { id: string } }) => each.name ?? each.request?.id ?? '';
  const isObjects = Array.isArray(value) && typeof value[0] === 'object';
  return isObjects ? value.toSorted((a, b) => keyOf(a).localeCompare(keyOf(b))) : value;
}

/** By task id, also of what is to follow from a message. */
function labelsOf(messages: readonly SentMessage[]): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const { label, raw } of messages) {
    const message = readTaskMessage(raw);
    if (message.id !== null) labels.set(message.id, label);
    for (const id of isBadMessage(message) ? [] : followersOf(message.embed))
      if (!labels.has(id)) labels.set(id, `after ${label}`);
  }
  return labels;
}

/** Every task id that a value holds. */
function followersOf(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    key === 'task_id' && typeof each === 'string' ? [each] : followersOf(each),
  );
}

/** One line a difference, in place of a page. */
function shown(differences: readonly Difference[]): readonly string[] {
  return differences.map(
    ({ what, path, theirs, ours, of }) =>
      `${what} ${path}: ${JSON.stringify(theirs)} ≠ ${JSON.stringify(ours)} (${of})`,
  );
}
