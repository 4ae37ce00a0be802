import { describe, expect, it } from 'vitest';
import { controlCommands, joinAnswers, runCommand } from '../../../../src/celery/control/control-commands.ts';
import { decodeEnvelope, isObject } from '../../../../src/celery/protocol/envelope.ts';
import { readVector } from '../../../helpers/celery-vectors.ts';
import { makeNode, runningJob } from './fake-node.ts';

const id = runningJob.taskId;
const ask = async (method: string, given = {}, node = makeNode()) =>
  (await runCommand(node.context, method, given)).value;

describe('answers in the words of Celery', () => {
  it.each([
    ['ping', {}, { ok: 'pong' }],
    ['revoke', { task_id: ['a', 'b'] }, { ok: 'tasks a, b flagged as revoked' }],
    ['revoke', { task_id: id, terminate: true }, { ok: `terminate: ${id}` }],
    ['revoke', { task_id: 'x', terminate: true }, { ok: 'terminate: tasks unknown' }],
    ['terminate', { signal: 'SIGTERM', task_id: [id] }, { ok: `terminate: ${id}` }],
    [
      'terminate',
      { signal: 'SIGNO', task_id: [id] },
      { error: `AttributeError("module 'signal' has no attribute 'SIGNO'")` },
    ],
    ['rate_limit', { task_name: 'classify_meeting', rate_limit: '10/m' }, { ok: 'new rate limit set successfully' }],
    ['rate_limit', { task_name: 'classify_meeting', rate_limit: '0' }, { ok: 'new rate limit set successfully' }],
    ['rate_limit', { task_name: 'classify_meeting', rate_limit: 0 }, { ok: 'rate limit disabled successfully' }],
    ['rate_limit', { task_name: 'nosuch', rate_limit: '10/m' }, { error: 'unknown task' }],
    [
      'rate_limit',
      { task_name: 'classify_meeting', rate_limit: 'zz' },
      { error: `Invalid rate limit string: ValueError("could not convert string to float: 'zz'")` },
    ],
    ['time_limit', { task_name: 'classify_meeting', soft: 1, hard: 2 }, { ok: 'time limits set successfully' }],
    ['time_limit', { task_name: 'nosuch', soft: 1, hard: 2 }, { error: 'unknown task' }],
    ['add_consumer', { queue: 'q2' }, { ok: 'add consumer q2' }],
    ['cancel_consumer', { queue: 'q2' }, { ok: 'no longer consuming from q2' }],
    ['pool_grow', { n: 1 }, { ok: 'pool will grow' }],
    ['pool_shrink', {}, { ok: 'pool will shrink' }],
    ['autoscale', { max: 4, min: 1 }, { error: "ValueError('Autoscale not enabled')" }],
    ['pool_restart', {}, { error: "ValueError('Pool restarts not enabled')" }],
    ['objgraph', {}, { error: "ImportError('Requires the objgraph library')" }],
    ['nosuchcmd', {}, { error: "KeyError('nosuchcmd')" }],
    ['election', {}, { error: `TypeError("election() missing 2 required positional arguments: 'id' and 'topic'")` }],
    ['election', { id: '1', topic: 't' }, null],
    ['heartbeat', {}, null],
    ['active_queues', {}, expect.arrayContaining([expect.objectContaining({ name: 'celery', routing_key: 'celery' })])],
    ['query_task', { ids: ['unknown'] }, {}],
    ['query_task', { ids: [id] }, { [id]: ['active', expect.objectContaining({ id, worker_pid: 10_371 })] }],
    ['ping', { bogus: 1 }, { ok: 'pong' }],
  ])('%s %j', async (method, given, answer) => {
    expect(await ask(method, given)).toEqual(answer);
  });

  it('sends no answer to a shutdown', async () => {
    const node = makeNode();
    expect(await ask('shutdown', {}, node)).toBeUndefined();
    expect(node.told).toEqual([['shutDown']]);
  });

  it('says whether task events changed', async () => {
    const node = makeNode();
    const answers = [];
    for (const method of ['enable_events', 'enable_events', 'disable_events', 'disable_events']) {
      answers.push(await ask(method, {}, node));
    }
    expect(answers).toEqual([
      { ok: 'task events enabled' },
      { ok: 'task events already enabled' },
      { ok: 'task events disabled' },
      { ok: 'task events already disabled' },
    ]);
  });

  it('lists names and aliases, with the attributes that were asked for', async () => {
    expect(await ask('registered', { taskinfoitems: [] })).toEqual([
      'classify_meeting',
      'core.tasks.classify_meeting_task',
      'core.tasks.health_check_task',
      'health_check',
    ]);
    expect(await ask('registered', { taskinfoitems: ['rate_limit', 'max_retries'] })).toContain(
      'classify_meeting [max_retries=3]',
    );
  });

  it('gives revoked ids as floats, which Python needs, and takes those of a newcomer', async () => {
    const node = makeNode();
    const answer = await ask('hello', { from_node: 'py@host', revoked: { other: [1.5, 'other'] } }, node);
    expect(answer).toEqual({ revoked: { r1: [expect.any(Number), 'r1'] }, clock: expect.any(Number) });
    expect(JSON.stringify(answer)).toMatch(/\[\d+\.5,"r1"\]/);
    expect(node.told).toEqual([['mergeRevoked', ['other']]]);
    expect(await ask('hello', { from_node: 'worker@host' }, node)).toBeNull();
  });

  it('turns a fault of ours into an error reply', async () => {
    const node = makeNode({ worker: { active: () => Promise.reject(new Error('no database')) } });
    expect(await ask('active', {}, node)).toEqual({ error: "RuntimeError('no database')" });
  });
});

describe('CELERY_CONTROL=inspect-only', () => {
  it('F7 answers questions and refuses every change', async () => {
    for (const { name, kind, required = [] } of controlCommands) {
      const node = makeNode({ isInspectOnly: true });
      const answer = await ask(name, Object.fromEntries(required.map((each) => [each, 'x'])), node);
      expect(node.told, name).toEqual([]);
      if (kind === 'control')
        expect(answer, name).toEqual({ error: expect.stringContaining('CELERY_CONTROL=inspect-only') });
    }
  });

  it('takes no revoked ids from a newcomer', async () => {
    const node = makeNode({ isInspectOnly: true });
    await ask('hello', { from_node: 'py@host', revoked: { other: [1.5, 'other'] } }, node);
    expect(node.told).toEqual([]);
  });
});

describe('beside the answers of a Python worker', () => {
  const replyOf = (name: string): unknown => {
    const { body } = decodeEnvelope(readVector(name).raw);
    return isObject(body) ? Object.values(body)[0] : undefined;
  };
  const keysOf = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.length > 0 ? [keysOf(value[0])] : [];
    if (!isObject(value)) return typeof value === 'object' ? null : typeof value;
    return Object.fromEntries(
      Object.keys(value)
        .sort()
        .map((key) => [key, keysOf(value[key])]),
    );
  };

  it.each([
    ['active', 'pidbox-active-reply'],
    ['scheduled', 'pidbox-scheduled-nonempty-reply'],
    ['active_queues', 'pidbox-active_queues-reply'],
    ['clock', 'pidbox-clock-reply'],
    ['ping', 'pidbox-ping-reply'],
  ])('%s has the same keys and types', async (method, vector) => {
    const ours = JSON.parse(JSON.stringify(await ask(method)));
    expect(keysOf(ours)).toEqual(keysOf(replyOf(vector)));
  });

  it('stats has the same keys', async () => {
    const [ours, theirs] = [await ask('stats'), replyOf('pidbox-stats-reply')];
    const names = (value: unknown, key?: string) => {
      const found = isObject(value) && key !== undefined ? value[key] : value;
      return isObject(found) ? Object.keys(found).sort() : [];
    };
    for (const key of [undefined, 'pool', 'broker', 'rusage']) expect(names(ours, key)).toEqual(names(theirs, key));
    expect(ours).toMatchObject({ clock: expect.any(String), pool: { 'max-concurrency': 20 } });
  });

  it('a request object is the same one, value by value', async () => {
    const [theirs] = replyOf('pidbox-active-reply') as [Record<string, unknown>];
    const [ours] = (await ask('active')) as [Record<string, unknown>];
    expect(ours).toEqual({
      ...theirs,
      time_start: runningJob.startedMs === null ? null : runningJob.startedMs / 1_000,
    });
  });
});

describe('processes of one node answer as one', () => {
  it('lists of jobs are put together, ids that all know are named once', () => {
    expect(joinAnswers('list', [[{ id: 1 }], [], [{ id: 2 }]])).toEqual([{ id: 1 }, { id: 2 }]);
    expect(joinAnswers('list', [['a', 'b'], ['b']])).toEqual(['a', 'b']);
  });

  it('counts are summed', () => {
    const stats = (task: string, pid: number) => ({
      total: { [task]: 2 },
      pid,
      pool: { 'max-concurrency': 20, processes: [pid] },
      prefetch_count: 20,
    });
    expect(joinAnswers('stats', [stats('a', 1), stats('a', 2), stats('b', 3)])).toEqual({
      total: { a: 4, b: 2 },
      pid: 1,
      pool: { 'max-concurrency': 60, processes: [1, 2, 3] },
      prefetch_count: 60,
    });
  });

  it('a job that ran in one of them was terminated', () => {
    const unknown = { ok: 'terminate: tasks unknown' };
    expect(joinAnswers('terminated', [unknown, { ok: 'terminate: a' }])).toEqual({ ok: 'terminate: a' });
    expect(joinAnswers('terminated', [{ ok: 'terminate: b' }, { ok: 'terminate: a' }])).toEqual({
      ok: 'terminate: b, a',
    });
    expect(joinAnswers('terminated', [unknown, unknown])).toEqual(unknown);
  });

  it('an error is told only where nobody succeeded', () => {
    expect(joinAnswers('list', [{ error: 'x' }, [1]])).toEqual([1]);
    expect(joinAnswers('list', [{ error: 'x' }, { error: 'y' }])).toEqual({ error: 'x' });
  });
});
