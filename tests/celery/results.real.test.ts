/** Rows of the conformance checklist about results: a Python client, and messages as they were captured. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../helpers/wait-for.ts';
import { type CeleryBench, countUndone, startBench } from './fixture.ts';
import { whyNoCelery } from './python.ts';

/** The id of a message of protocol 1 stands in its body. */
function withBody(raw: string, change: Readonly<Record<string, unknown>>): string {
  const outer = JSON.parse(raw);
  const body = JSON.parse(Buffer.from(outer.body, 'base64').toString());
  return JSON.stringify({ ...outer, body: Buffer.from(JSON.stringify({ ...body, ...change })).toString('base64') });
}

describe.skipIf(whyNoCelery)('results that real Celery reads', () => {
  let bench: CeleryBench;
  let stop: () => Promise<void>;
  const run = <T = unknown>(code: string) => bench.python.run<T>(code);

  beforeAll(async () => {
    bench = await startBench({ settings: { retryDelaySeconds: 1 } });
    ({ stop } = await bench.work());
  });
  afterAll(async () => {
    await stop?.();
    await bench?.close();
  });

  it('a call gives its result (27)', async () => {
    const answer = await run(`answer = classify_meeting.delay('m1', False, None, 'a').get(timeout=10)`);
    expect(answer).toEqual({ status: 'ok', meeting_id: 'm1', force: false });
  });

  it('the document is set for an hour, published under its own name, and has the fields of Celery (28)', async () => {
    const code = `
ps = app.backend.client.pubsub(); ps.psubscribe('celery-task-meta-*'); ps.get_message(timeout=2)
r = classify_meeting.delay('m1')
key = 'celery-task-meta-' + r.id
seen = None
while seen is None:
    m = ps.get_message(timeout=5)
    # Channels are the whole server's: other tests publish there too.
    if m and m['type'] == 'pmessage' and m['channel'].decode() == key: seen = [key, m['data'].decode()]
answer = dict(key=key, seen=seen, stored=app.backend.client.get(key).decode(), ttl=app.backend.client.ttl(key))
ps.close()`;
    const { key, seen, stored, ttl } = await run<{ key: string; seen: string[]; stored: string; ttl: number }>(code);
    expect(seen).toEqual([key, stored]);
    expect(ttl).toBeGreaterThan(3_590);
    expect(ttl).toBeLessThanOrEqual(3_600);
    const fields = ['status', 'result', 'traceback', 'children', 'date_done', 'task_id'];
    expect(Object.keys(JSON.parse(stored))).toEqual(fields);
  });

  it('AsyncResult says PENDING, STARTED, SUCCESS (29)', async () => {
    const id = await run<string>(`r = classify_meeting.s('sleep:1').freeze(); answer = r.id`);
    expect(await run(`answer = r.state`)).toBe('PENDING');
    await run(`s = classify_meeting.apply_async(('sleep:1',), task_id=r.id)`);
    const started = await bench.metaIn(id, 'STARTED');
    expect(started.result).toEqual({ pid: process.pid, hostname: 'worker@tests' });
    expect(await run(`answer = s.state`)).toBe('STARTED');
    expect(await run(`s.get(timeout=10); answer = [s.state, s.date_done.year >= 2020]`)).toEqual(['SUCCESS', true]);
  });

  it('a failure is raised under its own name, with a traceback (30)', async () => {
    const code = `r = classify_meeting.delay('fail'); answer = [raised(lambda: r.get(timeout=10)), type(r.traceback).__name__, r.failed()]`;
    expect(await run(code)).toEqual([['app', 'ClassifyError', ['bad transcript']], 'str', true]);
  });

  it('progress is seen while it runs (31)', async () => {
    const id = await run<string>(`r = classify_meeting.delay('progress'); answer = r.id`);
    await bench.metaIn(id, 'PROGRESS');
    expect(await run('answer = r.info')).toMatchObject({ current: 1, total: 2 });
    expect(await run(`answer = r.get(timeout=10)['status']`)).toBe('ok');
  });

  it('a retry counts, says RETRY, and ends as FAILURE with the original exception (32)', async () => {
    const code = `
r = classify_meeting.delay('retry'); states = set(); t = time.time()
while time.time() - t < 20 and 'FAILURE' not in states: states.add(r._get_task_meta()['status']); time.sleep(0.02)
answer = [r.id, sorted(states), raised(lambda: r.get(timeout=5)), time.time() - t, r._get_task_meta()['parent_id']]`;
    const [id, states, raised, seconds, parent] = await run<[string, string[], unknown, number, string]>(code);
    expect(states).toContain('RETRY');
    expect(raised).toEqual(['builtins', 'ConnectionError', ['upstream down']]);
    expect(seconds).toBeGreaterThan(2.9);
    expect(parent).toBe(id);
    const { attempts } = await bench.app.rowIn(id, 'failed');
    const due = attempts.map((each) => each.due_at);
    expect(attempts).toHaveLength(4);
    expect([...due.slice(0, 3)].sort()).toEqual(due.slice(0, 3));
  });

  it('with ignore_result no success is stored, and the task ran (35)', async () => {
    const id = await run<string>(`answer = classify_meeting.apply_async(('m1',), ignore_result=True).id`);
    await bench.app.rowIn(id, 'completed');
    expect((await bench.meta(id))?.status ?? 'absent').not.toBe('SUCCESS');
  });

  it.each(['ts-plain', 'ts-zlib', 'ts-kwargs', 'ts-gzip', 'ts-defaultqueue'])(
    '%s of celery-ts is done (36)',
    async (name) => {
      const { result } = await bench.metaIn(await bench.push(name), 'SUCCESS');
      if (name === 'ts-kwargs') expect(result).toMatchObject({ meeting_id: 'm-ñ', force: true });
    },
  );

  it.each(['node-plain', 'node-kwargs', 'node-defaultqueue'])('%s of celery-node is done (39)', async (name) => {
    const id = await bench.push(name);
    expect(await bench.metaIn(id, 'SUCCESS')).toMatchObject({ task_id: id, traceback: null });
  });

  // The captures' own "expires" is long past.
  it.each([
    ['39', 'node-v1'],
    ['41', 'v1-apply_async'],
  ])('%s %s, a message of protocol 1, is done', async (_row, name) => {
    const id = randomUUID();
    await bench.push(name, (raw) => withBody(raw, { id, eta: null, expires: null }));
    expect(await bench.metaIn(id, 'SUCCESS')).toMatchObject({ task_id: id, traceback: null });
  });

  it.each(['v2-custom-queue-headers', 'v2-unicode', 'v2-priority-3', 'v2-priority-9', 'v2-56-delay', 'v2-56-types'])(
    '%s of Python is done (41)',
    async (name) => {
      const id = await bench.push(name);
      expect(await bench.metaIn(id, 'SUCCESS')).toMatchObject({ task_id: id, traceback: null });
      await waitFor('empty lists', async () => (await countUndone(bench.redis)) === 0);
    },
  );

  it('an unknown task fails as NotRegistered (44)', async () => {
    const code = `r = app.send_task('no.such.task'); answer = [r.id, raised(lambda: r.get(timeout=10))]`;
    const [id, raised] = await run<[string, unknown]>(code);
    expect(raised).toEqual(['celery.exceptions', 'NotRegistered', ['no.such.task']]);
    expect(await bench.meta(id)).toMatchObject({ status: 'FAILURE', traceback: null });
  });

  it('a countdown is waited for (45)', async () => {
    const code = `t = time.time(); r = classify_meeting.apply_async(('m1',), countdown=3); r.get(timeout=15); answer = time.time() - t`;
    const seconds = await run<number>(code);
    expect(seconds).toBeGreaterThanOrEqual(2.99);
  });

  it('what has expired is REVOKED, on arrival and after waiting (48) (F5)', async () => {
    const code = `
from datetime import datetime, timedelta
past = classify_meeting.apply_async(('m1',), expires=datetime.utcnow() - timedelta(seconds=5))
late = classify_meeting.apply_async(('m1',), countdown=2, expires=1)
answer = [past.id, late.id, raised(lambda: past.get(timeout=10)), raised(lambda: late.get(timeout=15)), late.state]`;
    const [past, late, ...raised] = await run<[string, string, unknown, unknown, string]>(code);
    const revoked = ['celery.exceptions', 'TaskRevokedError', ['expired']];
    expect(raised).toEqual([revoked, revoked, 'REVOKED']);
    expect(await bench.meta(past)).toMatchObject({ traceback: null, children: [] });
    await bench.app.rowIn(late, 'cancelled');
  });

  it('limits of the message end it as Celery does, and it is not retried (49)', async () => {
    const code = `
soft = classify_meeting.apply_async(('sleep:5',), soft_time_limit=1)
hard = classify_meeting.apply_async(('stubborn:9',), time_limit=2)
answer = [raised(lambda: soft.get(timeout=15)), raised(lambda: hard.get(timeout=15)), hard.traceback]`;
    expect(await run(code)).toEqual([
      ['billiard.exceptions', 'SoftTimeLimitExceeded', []],
      ['billiard.exceptions', 'TimeLimitExceeded', [2]],
      null,
    ]);
  });

  it('a link gets the result, and the parent names its child (50)', async () => {
    const code = `
r = classify_meeting.apply_async(('m1',), link=health_check.si()); r.get(timeout=10)
child = r.children[0]; answer = [child.get(timeout=10), child.parent is None or child.parent.id == r.id]`;
    expect(await run(code)).toEqual([{ status: 'healthy' }, true]);
  });

  it('an error link is sent with the id of the failed task (50)', async () => {
    const code = `
from kombu.utils.uuid import uuid
link_id = uuid()
r = classify_meeting.apply_async(('fail',), link_error=classify_meeting.s().set(task_id=link_id)); raised(lambda: r.get(timeout=10))
answer = [AsyncResult(link_id, app=app).get(timeout=10)['meeting_id'], r.id]`;
    const [given, failed] = await run<[string, string]>(code);
    expect(given).toBe(failed);
  });

  it('chain, group and chord give what Celery gives (50)', async () => {
    const code = `
c = chain(classify_meeting.si('a'), health_check.si(), classify_meeting.si('x')).delay(); last = c.get(timeout=15)
g = group(classify_meeting.s('g1'), classify_meeting.s('g2')).delay().get(timeout=15)
h = chord([classify_meeting.s('c1'), classify_meeting.s('c2')], classify_meeting.s()).delay().get(timeout=15)
answer = [last, c.parent.parent.children[0].id == c.parent.id, [x['meeting_id'] for x in g], [x['meeting_id'] for x in h['meeting_id']]]`;
    const last = { status: 'ok', meeting_id: 'x', force: false };
    expect(await run(code)).toEqual([last, true, ['g1', 'g2'], ['c1', 'c2']]);
  });

  it('a chain goes through a group and on, and a chain can be a member of a chord (50)', async () => {
    const code = `
a = chain(classify_meeting.si('a'), group(classify_meeting.si('b'), classify_meeting.si('c')), classify_meeting.s()).delay().get(timeout=15)
b = chord([chain(classify_meeting.si('d'), classify_meeting.si('e')), classify_meeting.si('f')], classify_meeting.s()).delay().get(timeout=15)
answer = [[x['meeting_id'] for x in a['meeting_id']], [x['meeting_id'] for x in b['meeting_id']]]`;
    expect(await run(code)).toEqual([
      ['b', 'c'],
      ['e', 'f'],
    ]);
  });

  it('a failing step fails all later ones (50)', async () => {
    const code = `
c = chain(classify_meeting.si('fail'), health_check.si(), classify_meeting.si('x')).delay()
# Whoever knows the last step alone waits for its own result; c.get raises at its parent's failure, and a client that has given up so
# tells no other of its objects of the same task.
answer = [raised(lambda: AsyncResult(c.id, app=app).get(timeout=15)), raised(lambda: c.get(timeout=15)), c.id, c.parent.id, c.parent.parent.id]`;
    const [known, seen, ...ids] = await run<[unknown, unknown, string, string, string]>(code);
    const error = ['app', 'ClassifyError', ['bad transcript']];
    expect([known, seen]).toEqual([error, error]);
    for (const id of ids) await bench.metaIn(id, 'FAILURE');
  });

  it('a chord with a failing member fails with its id and exception (51)', async () => {
    const code = `
c = chord([classify_meeting.s('ok'), classify_meeting.s('fail')], classify_meeting.s()).delay()
answer = [raised(lambda: c.get(timeout=15, propagate=True) if not c.parent else AsyncResult(c.id, app=app).get(timeout=15, disable_sync_subtasks=False)), c.parent[1].id]`;
    const [raised, member] = await run<[[string, string, string[]], string]>(code);
    expect(raised.slice(0, 2)).toEqual(['celery.exceptions', 'ChordError']);
    expect(raised[2][0]).toBe(`Dependency ${member} raised ClassifyError('bad transcript')`);
  });

  it('the same id twice is done once, and the first SUCCESS stays (65)', async () => {
    const code = `
from kombu.utils.uuid import uuid
i = uuid(); r = classify_meeting.apply_async(('m1',), task_id=i); r.get(timeout=10)
first = app.backend.client.get('celery-task-meta-' + i); classify_meeting.apply_async(('fail',), task_id=i); time.sleep(1)
classify_meeting.delay('m2').get(timeout=10)
answer = first == app.backend.client.get('celery-task-meta-' + i)`;
    expect(await run(code)).toBe(true);
  });

  it('a blocked get() returns as soon as the result is there (68)', async () => {
    const code = `
r = classify_meeting.delay('sleep:1'); r.get(timeout=10); t = time.time()
done = app.backend.get_task_meta(r.id)['date_done']
from datetime import datetime, timezone
answer = t - datetime.fromisoformat(done).timestamp()`;
    expect(await run<number>(code)).toBeLessThan(1);
  });

  it('a wrong number of arguments fails as TypeError at once', async () => {
    const code = `answer = raised(lambda: app.send_task('classify_meeting', (1, 2, 3, 4, 5, 6)).get(timeout=10))`;
    const [module, type, [words]] = await run<[string, string, string[]]>(code);
    expect([module, type]).toEqual(['builtins', 'TypeError']);
    expect(words).toContain('takes from 1 to 4 positional arguments but 6 were given');
  });
});
