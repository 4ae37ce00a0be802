/** Links that Redis refuses: their jobs end, the worker goes on, and `vambe retry` sends them later. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeTaskMessage, type TaskToSend } from '../../src/celery/protocol/encode-task-message.ts';
import { toSignature } from '../../src/celery/protocol/signature.ts';
import type { CommandModule } from '../../src/cli/kit/cli.ts';
import { run } from '../../src/cli/kit/program.ts';
import { createRedis, type Redis } from '../../src/core/connections/redis.ts';
import { allLists, stubTasks } from '../celery/fixture.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { query, startApp, type TestApp } from '../helpers/start-app.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { makeIo } from '../unit/cli/fake-io.ts';

const commands = ['jobs', 'retry'].map((name) => ({
  name,
  load: (): Promise<CommandModule> => import(`../../src/cli/commands/${name}.ts`),
}));

let namespace: Namespace;
let redis: Redis;
let app: TestApp;
let stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  namespace = await createNamespace();
  redis = createRedis({ url: namespace.redisUrl, name: 'tests', use: 'commands' });
});
beforeEach(async () => {
  app = await startWith(namespace.redisUrl);
});
afterEach(async () => {
  for (const stop of stops.toReversed()) await stop();
  stops = [];
  await namespace.clear();
});
afterAll(async () => {
  redis?.disconnect();
  await namespace?.close();
});

const startWith = async (redisUrl: string): Promise<TestApp> => {
  const started = await startApp({ postgresUrl: namespace.postgresUrl, redisUrl }, { taskFolders: [stubTasks] });
  stops.push(() => started.close());
  return started;
};
const work = async (by = app, concurrency = 4) => {
  const worker = await by.work({ lists: allLists, concurrency });
  stops.push(() => worker.stop());
  return worker;
};
const linkTo = (queue: string) => {
  const id = randomUUID();
  return { id, link: toSignature({ task: 'health_check', options: { task_id: id, queue }, immutable: true }) };
};
const send = async (task: Partial<TaskToSend> = {}): Promise<string> => {
  const whole = {
    id: randomUUID(),
    task: 'classify_meeting',
    args: ['m1'],
    kwargs: {},
    queue: 'celery',
    origin: '1@h',
  };
  const { key, raw } = encodeTaskMessage({ ...whole, ...task });
  await redis.lpush(key, raw);
  return whole.id;
};
const vambe = async (...args: string[]) => {
  const environment = { REDIS_URL: namespace.redisUrl, DATABASE_URL: namespace.postgresUrl };
  const { io, stdout } = makeIo({ environment });
  const code = await run(args, { commands, version: '1.2.3', io });
  return { code, out: stdout.text() };
};
/** The row keeps it from when it is given up, which is after the job's end. */
const unsentIn = (taskId: string) =>
  waitFor(
    `${taskId} to have an unsent follow-up`,
    async () => {
      const [row] = await query<{ state: string; error_code: string; unsent: { message: string }[] | null }>(
        app,
        "select state, error_code, message->'unsent' as unsent from vambe_worker.jobs where task_id = $1",
        [taskId],
      );
      return row?.unsent ? row : undefined;
    },
    40_000,
  );
const isDone = (id: string) =>
  waitFor(
    `${id} to be SUCCESS`,
    async () => /"SUCCESS"/.test((await redis.get(`celery-task-meta-${id}`)) ?? ''),
    40_000,
  );

describe('a link that Redis refuses', () => {
  it('is kept in the rows of twenty jobs, whose worker goes on, and vambe retry sends it (R3)', async () => {
    await redis.set('other', 'a text, no list');
    await work();
    const links = Array.from({ length: 20 }, () => linkTo('other'));
    const ids: string[] = [];
    for (const { link } of links) ids.push(await send({ embed: { callbacks: [link] } }));
    const last = await send();
    for (const id of [...ids, last]) await isDone(id);
    for (const id of ids) {
      expect(await unsentIn(id)).toMatchObject({
        state: 'completed',
        error_code: 'FOLLOW_UP_UNSENT',
        unsent: [{ message: expect.stringMatching(/to "other" \(WRONGTYPE /) }],
      });
    }
    const [id = ''] = ids;
    expect((await vambe('jobs', id)).out).toMatch(/not sent.*\n.*FOLLOW_UP_UNSENT.*Redis refused the task/);
    expect(JSON.parse((await vambe('jobs', '--filter', 'error=FOLLOW_UP_UNSENT', '--json')).out).jobs).toHaveLength(20);

    expect(await vambe('retry', id, '--json')).toMatchObject({
      code: 4,
      out: expect.stringMatching(/follow-ups-refused/),
    });
    await redis.del('other');
    const retried = await vambe('retry', ...ids, '--json');
    expect(retried).toMatchObject({ code: 0, out: expect.stringMatching(/"follow-ups-sent"/) });
    expect(await redis.llen('other')).toBe(20);
    const raw = (await redis.lrange('other', 0, -1)).join();
    expect(links.filter((each) => !raw.includes(each.id))).toEqual([]);
    const after = await vambe('jobs', id);
    expect(after.out).toMatch(/completed/);
    expect(after.out).not.toMatch(/FOLLOW_UP_UNSENT|not sent/);
  });

  it('by NOPERM is kept likewise, and so are the next step of a chain and an error link (R3)', async () => {
    await redis.call('ACL', 'SETUSER', 'limited', 'on', '>pw', '+@all', '&*', '~[^f]*');
    stops.push(() => redis.call('ACL', 'DELUSER', 'limited'));
    const limited = Object.assign(new URL(namespace.redisUrl), { username: 'limited', password: 'pw' });
    await work(await startWith(limited.href));
    const linked = await send({ embed: { callbacks: [linkTo('forbidden').link] } });
    const chained = await send({ embed: { chain: [linkTo('forbidden').link] } });
    const failed = await send({ args: ['fail'], embed: { errbacks: [linkTo('forbidden').link] } });
    for (const id of [linked, chained, failed])
      expect(await unsentIn(id)).toMatchObject({ unsent: [{ message: expect.stringMatching(/NOPERM/) }] });
    expect(await app.rowIn(failed, 'failed')).toMatchObject({ error_code: expect.stringMatching(/^TASK_FAILED$/) });
    expect(await vambe('retry', linked, chained, '--json')).toMatchObject({ code: 0 });
    expect(await redis.llen('forbidden')).toBe(2);
  });

  it('holds up no stop: it is kept at once (R3)', { timeout: 120_000 }, async () => {
    await redis.set('other', 'a text, no list');
    const worker = await work();
    const id = await send({ embed: { callbacks: [linkTo('other').link] } });
    await waitFor('it to be tried', () => app.log.named('celery.sending_waits').length > 0);
    // Ends long before its grace.
    await worker.stop(3_600_000);
    expect(await unsentIn(id)).toMatchObject({ state: 'completed' });
  });

  it('as the body of a chord, or its count, is kept and sent later (R3)', async () => {
    await redis.set('other', 'a text, no list');
    await work();
    const group = randomUUID();
    const { id: bodyId, link: body } = linkTo('other');
    await redis.set(`celery-taskset-meta-${group}.s`, 1);
    const member = await send({ groupId: group, groupIndex: 0, embed: { chord: body } });
    const wrong = randomUUID();
    await redis.set(`celery-taskset-meta-${wrong}.j`, 'a text');
    const chord = linkTo('celery');
    await redis.set(`celery-taskset-meta-${wrong}.s`, 1);
    const uncounted = await send({ groupId: wrong, groupIndex: 0, embed: { chord: chord.link } });
    await unsentIn(member);
    expect(await unsentIn(uncounted)).toMatchObject({
      unsent: [{ message: expect.stringMatching(/to count a member/) }],
    });
    await redis.del('other', `celery-taskset-meta-${wrong}.j`);
    expect(await vambe('retry', member, uncounted, '--json')).toMatchObject({ code: 0 });
    expect((await redis.lrange('other', 0, -1)).join()).toContain(bodyId);
    await isDone(chord.id);
  });
});
