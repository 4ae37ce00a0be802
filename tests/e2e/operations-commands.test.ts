/** check, migrate, jobs, retry, status, call and inspect as a person at a shell meets them. */
import { type ExecFileException, execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandModule } from '../../src/cli/kit/cli.ts';
import { run } from '../../src/cli/kit/program.ts';
import { insertMeetings, spanishTranscript } from '../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { productProgram } from '../helpers/product.ts';
import { query, startApp, type TestApp } from '../helpers/start-app.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { makeIo } from '../unit/cli/fake-io.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Tasks of somebody's own: one ends when the test says so, by way of a file; one fails. */
const taskFile = `
import { existsSync } from 'node:fs';
export default ({ defineTask, z, complete }) => [
  defineTask({ name: 'add', parameters: z.object({ x: z.number(), y: z.number().default(1) }), run: ({ x, y }) => complete(x + y) }),
  defineTask({ name: 'breaks', maxRetries: 0, parameters: z.object({}), run: () => { throw new Error('this always breaks'); } }),
  defineTask({ name: 'waits', parameters: z.object({ file: z.string() }), async run({ file }, { signal }) {
    while (!existsSync(file) && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, 20));
    return complete('there it is');
  } }),
];`;

let namespace: Namespace;
let folder: string;
let app: TestApp;
let worker: { stop(graceMs?: number): Promise<void> } | undefined;

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const environmentOf = (more: Record<string, string>) => ({
  REDIS_URL: namespace.redisUrl,
  DATABASE_URL: namespace.postgresUrl,
  ...more,
});

/** As a process of its own: once for each command, as its start alone takes a second of a core. */
function vambeProcess(args: readonly string[], environment: Record<string, string> = {}): Promise<Run> {
  // A folder without an .env file, and nothing of the environment that the tests run in.
  const env = { PATH: process.env.PATH, HOME: folder, ...environmentOf(environment) };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...productProgram('cli/main'), ...args],
      { cwd: folder, env },
      (error: ExecFileException | null, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err }),
    );
  });
}

const commands = ['check', 'migrate', 'jobs', 'retry', 'status', 'call', 'inspect', 'control', 'events'].map(
  (name) => ({
    name,
    load: (): Promise<CommandModule> => import(`../../src/cli/commands/${name}.ts`),
  }),
);

/** The same command line in this process. */
async function vambe(args: readonly string[], environment: Record<string, string> = {}): Promise<Run> {
  const { io, stdout, stderr } = makeIo({ environment: environmentOf(environment) });
  const code = await run(args, { commands, version: '1.2.3', io });
  return { code, out: stdout.text(), err: stderr.text() };
}

async function vambeJson(
  args: readonly string[],
  environment: Record<string, string> = {},
  vambeBy: typeof vambe = vambe,
) {
  const ended = await vambeBy([...args, '--json'], environment);
  return { ...ended, document: JSON.parse(ended.out) };
}

async function startWorker(): Promise<void> {
  worker ??= await app.work({ concurrency: 2, withHousekeeping: true, lists: ['classification', 'default'] });
}

async function stopWorker(): Promise<void> {
  await worker?.stop();
  worker = undefined;
}

beforeAll(async () => {
  namespace = await createNamespace({ migrated: false });
  folder = await mkdtemp(join(tmpdir(), 'vambe-operations-'));
  await writeFile(join(folder, 'tasks.mjs'), taskFile);
});

afterAll(async () => {
  await stopWorker();
  await app?.close();
  await namespace.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a database that was never migrated', () => {
  it('is told by check and status with the command that helps, and brought up to date by migrate, once', async () => {
    const [check, status] = await Promise.all([vambeJson(['check', 'db']), vambeJson(['status'])]);
    expect(check).toMatchObject({ code: 5, document: { success: false, code: 'SCHEMA_OUTDATED' } });
    expect(check.document.error).toContain('vambe migrate');
    expect(status).toMatchObject({ code: 5, document: { servers: { postgres: { state: 'unfit' } } } });

    const first = await vambeJson(['migrate']);
    expect(first).toMatchObject({ code: 0, document: { success: true, from: 0, migrated: true, embedded: false } });
    const second = await vambeProcess(['migrate']);
    expect(second).toMatchObject({ code: 0, out: expect.stringContaining('already up to date'), err: '' });
    expect(second.out).toContain("The API's tables are not there yet");
  });

  it("gets the API's tables only when they are asked for, and each command says so until then (S2)", async () => {
    const tables = ['clients', 'sellers', 'meetings', 'meetings_classifications'];
    expect((await vambeJson(['migrate'])).document).toMatchObject({ created_tables: [], missing_tables: tables });
    const refused = { code: 5, document: { success: false, code: 'API_TABLES_MISSING' } };
    for (const args of [['jobs'], ['check', 'db'], ['migrate', '--labels-without-value', 'blank']]) {
      const ended = await vambeJson(args);
      expect(ended).toMatchObject(refused);
      expect(ended.document.error).toContain('run "vambe migrate --create-api-tables"');
    }
    expect(await vambeJson(['status'])).toMatchObject({
      code: 5,
      document: { servers: { postgres: { state: 'unfit' } } },
    });
    const made = await vambeJson(['migrate', '--create-api-tables']);
    expect(made).toMatchObject({ code: 0, document: { created_tables: tables, missing_tables: [], migrated: false } });
    const again = await vambe(['migrate', '--create-api-tables']);
    expect(again).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^The database is already up to date: [^\n]+\n$/),
    });
    app = await startApp(namespace, { taskFolders: [folder], settings: { retryDelaySeconds: 0 } });
  });
});

describe('migrate --labels-without-value', () => {
  it('brings rows that are there to the form asked for, once, and check says what new rows get (S1)', async () => {
    const [meetingId] = await insertMeetings(app.database, [spanishTranscript]);
    await query(
      app,
      `insert into public.meetings_classifications (meeting_id, sentiment, model_used) values ($1, 'neutral', 'm')`,
      [meetingId],
    );
    const regions = async () => (await query(app, 'select distinct region from public.meetings_classifications'))[0];
    const rewrite = (form: string) => vambeJson(['migrate', '--labels-without-value', form]);
    expect(await rewrite('blank')).toMatchObject({
      code: 0,
      document: { labels_without_value: 'blank', changed_rows: 1 },
    });
    expect(await regions()).toEqual({ region: '' });
    expect((await rewrite('blank')).document).toMatchObject({ changed_rows: 0 });
    const back = await vambe(['migrate', '--labels-without-value', 'null']);
    expect(back.out).toContain('Labels without a value are null: 1 row changed.');
    expect(await regions()).toEqual({ region: null });
    for (const [setting, form] of Object.entries({ auto: 'null', null: 'null', blank: 'blank' })) {
      const { document } = await vambeJson(['check', 'db'], { LABELS_WITHOUT_VALUE: setting });
      expect(document.checks[0].facts).toMatchObject({ labels_without_value: form });
    }
    await query(app, 'delete from public.meetings');
  });
});

describe('check', () => {
  it('tells version, latency, eviction policy and schema of each part', async () => {
    const { code, out, err, document } = await vambeJson(['check'], {}, vambeProcess);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(document.checks).toMatchObject([
      {
        part: 'Redis',
        ok: true,
        facts: { eviction_policy: expect.any(String), latency_ms: expect.any(Number), version: expect.any(String) },
      },
      { part: 'PostgreSQL', ok: true, facts: { schema_version: expect.any(Number), latency_ms: expect.any(Number) } },
      { part: 'Classifier', ok: true, facts: { kind: 'offline' } },
    ]);
    for (const url of [namespace.redisUrl, namespace.postgresUrl]) {
      const { password } = new URL(url);
      if (password !== '') expect(out).not.toContain(password);
    }
  });

  it('suggests the part that was meant', async () => {
    expect(await vambe(['check', 'reddis'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Did you mean redis?'),
    });
  });

  it('tells a closed port from a password that is refused from something that is not Redis, and shows no password', async () => {
    const closed = await freePort();
    const babbler = await listen((socket) => socket.end('<!DOCTYPE HTML><h1>400</h1>'));
    const locked = await listen((socket) =>
      socket.on('data', () =>
        socket.write('-WRONGPASS invalid username-password pair or user is disabled.\r\n'.repeat(4)),
      ),
    );
    try {
      const look = (port: number) =>
        vambeJson(['check', 'redis'], { REDIS_URL: `redis://ana:sesame@127.0.0.1:${port}/0` });
      const runs = await Promise.all([closed, babbler.port, locked.port].map(look));
      expect(runs.map(({ code, document }) => [code, document.code])).toEqual([
        [5, 'REDIS_UNREACHABLE'],
        [5, 'REDIS_UNSUITABLE'],
        [5, 'REDIS_REFUSED'],
      ]);
      for (const { out, err } of runs) expect(out + err).not.toContain('sesame');
    } finally {
      babbler.server.close();
      locked.server.close();
    }
  });
});

describe('while no worker lives', () => {
  it('status says so, exit 0', async () => {
    const { code, document } = await vambeJson(['status'], {}, vambeProcess);
    expect(code).toBe(0);
    expect(document).toMatchObject({
      success: true,
      workers: { state: 'none', alive: [] },
      servers: { redis: { state: 'reachable', embedded: false }, postgres: { state: 'reachable' } },
      jobs: { queued: 0 },
    });
    const text = await vambe(['status']);
    expect(text.out).toContain('No worker is registered; nothing is queued.');
  });

  it('inspect says so in one sentence, exit 3', async () => {
    const { code, err, out } = await vambeProcess(['inspect', 'ping']);
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(err).toMatch(/^vambe: No worker is registered.*\n$/);
  });

  it('status tells an unreachable broker from that, exit 5, and still counts the jobs', async () => {
    const { code, document } = await vambeJson(['status'], { REDIS_URL: `redis://127.0.0.1:${await freePort()}/0` });
    expect(code).toBe(5);
    expect(document).toMatchObject({
      success: false,
      code: 'REDIS_UNREACHABLE',
      workers: { state: 'unknown' },
      queues: null,
      jobs: { queued: 0 },
    });
  });

  it('status does not start embedded servers, and says that it looked for those', async () => {
    const { code, document } = await vambeJson(['status'], {
      REDIS_URL: '',
      DATABASE_URL: '',
      VAMBE_DATA_DIR: join(folder, 'data'),
    });
    expect(code).toBe(0);
    expect(document).toMatchObject({
      servers: { redis: { state: 'stopped', embedded: true }, postgres: { state: 'stopped', embedded: true } },
      workers: { state: 'none' },
      jobs: null,
    });
  });
});

describe('call', () => {
  it('prints the task id, which jobs then shows as queued', async () => {
    const { code, out } = await vambe(['call', 'classify_meeting', '--args', '[1]']);
    expect(code).toBe(0);
    const taskId = out.trim();
    expect(taskId).toMatch(uuid);
    const { document } = await vambeJson(['jobs', '--state', 'queued', '--meeting', '1']);
    expect(document.jobs).toMatchObject([
      { task_id: taskId, task: 'classify_meeting', state: 'queued', origin: 'cli', attempts: 0 },
    ]);
    await app.database.run(
      { name: '', text: `update vambe_worker.jobs set state = 'cancelled', finished_at = now() where task_id = $1` },
      [taskId],
    );
  });

  it.each([
    { args: ['clasify_meeting', '--args', '[1]'], code: 3, says: 'Did you mean classify_meeting?' },
    { args: ['classify_meeting', '--args', '[1'], code: 2, says: 'It must be JSON' },
    { args: ['classify_meeting', '--args', '{"a":1}'], code: 2, says: 'It must be a JSON array' },
    { args: ['classify_meeting', '--kwargs', '[]'], code: 2, says: 'It must be a JSON object' },
    { args: ['classify_meeting'], code: 2, says: "missing 1 required positional argument: 'meeting_id'" },
    { args: ['classify_meeting', '--args', '["one"]'], code: 2, says: 'meeting_id' },
    { args: ['classify_meeting', '--args', '[1]', '--countdown', '-5'], code: 2, says: 'number of seconds' },
  ])('E14 refuses $args with exit $code and accepts nothing', async ({ args, code, says }) => {
    const before = await countRows();
    expect(await vambe(['call', ...args])).toMatchObject({ code, out: '', err: expect.stringContaining(says) });
    expect(await countRows()).toBe(before);
  });

  it.each([
    { what: 'an array 10,000 deep', args: ['--args', '['.repeat(10_000) + ']'.repeat(10_000)], says: 'nested deeper' },
    {
      what: 'an object 10,000 deep',
      args: ['--kwargs', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
      says: 'nested deeper',
    },
    { what: '1e400', args: ['--args', '[1e400]'], says: 'a number beyond' },
    { what: 'no object', args: ['--kwargs', '"meeting_id"'], says: 'got a string' },
    {
      what: '__proto__',
      args: ['--kwargs', '{"__proto__":{"meeting_id":1}}'],
      says: "unexpected keyword argument '__proto__'",
    },
    { what: 'constructor', args: ['--kwargs', '{"constructor":1}'], says: "unexpected keyword argument 'constructor'" },
    { what: 'a huge key', args: ['--kwargs', `{"${'k'.repeat(100_000)}":1}`], says: "kkk…'" },
    {
      what: 'a repeated key, the last of which counts',
      args: ['--kwargs', '{"meeting_id":1,"meeting_id":"x"}'],
      says: 'meeting_id',
    },
    { what: 'NUL', args: ['--args', '["\\u0000"]'], says: 'meeting_id' },
  ])('E14 refuses $what as JSON, in a short sentence, and changes no prototype', async ({ args, says }) => {
    const before = await countRows();
    const { code, err } = await vambe(['call', 'classify_meeting', ...args]);
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining(says) });
    expect(err.length).toBeLessThan(2_000);
    expect(Object.hasOwn(Object.prototype, 'meeting_id')).toBe(false);
    expect(await countRows()).toBe(before);
  });

  it('--wait prints the result of a task of your own', async () => {
    await startWorker();
    const { code, document } = await vambeJson([
      'call',
      'add',
      '--tasks',
      folder,
      '--args',
      '[2]',
      '--kwargs',
      '{"y": 40}',
      '--wait',
    ]);
    expect({ code, document }).toMatchObject({ code: 0, document: { success: true, state: 'completed', result: 42 } });
    const text = await vambeProcess(['call', 'add', '--tasks', folder, '--args', '[1]', '--wait']);
    expect(text.out.trim().split('\n')).toEqual([expect.stringMatching(uuid), '2']);
  });

  it('--wait prints the error of a task that failed, exit 4', async () => {
    await startWorker();
    const { code, document, err } = await vambeJson(['call', 'breaks', '--tasks', folder, '--wait']);
    expect(code).toBe(4);
    expect(document).toMatchObject({
      success: false,
      state: 'failed',
      code: 'TASK_FAILED',
      error: expect.stringContaining('this always breaks'),
    });
    expect(err).not.toContain('a fault of this program');
  });

  it('with an id that was used before does nothing again', async () => {
    await startWorker();
    const args = ['call', 'add', '--tasks', folder, '--args', '[1]', '--task-id', 'twice', '--wait'];
    expect((await vambeJson(args)).document).toMatchObject({ task_id: 'twice', result: 2 });
    const again = await vambeJson(args);
    expect(again.document).toMatchObject({ task_id: 'twice', result: 2 });
    expect(again.err).toContain('it is not done again');
    expect(await countRows('twice')).toBe(1);
  });
});

describe('while a worker is busy', () => {
  it('status, inspect and jobs show what runs, what waits and what is due later', async () => {
    await startWorker();
    const file = join(folder, 'go-on');
    const ask = (taskId: string, dueAt: string | null = null) =>
      app.ask({ task: 'waits', kwargs: { file }, taskId, dueAt });
    await ask('run 1');
    await ask('run 2');
    await ask('later', '2035-01-01T00:00:00.000Z');
    try {
      const status = await waitFor('both slots to be taken', async () => {
        const { document } = await vambeJson(['status']);
        return document.workers.state === 'busy' && document;
      });
      expect(status).toMatchObject({
        workers: { alive: [{ worker: 'worker@tests', concurrency: 2, pid: process.pid }] },
        queues: expect.arrayContaining([expect.objectContaining({ name: 'default', active: 2, delayed: 1 })]),
      });
      const [active, scheduled, reserved, processing, text] = await Promise.all([
        vambeJson(['inspect', 'active']),
        vambeJson(['inspect', 'scheduled']),
        vambeJson(['inspect', 'reserved']),
        vambeJson(['jobs', '--state', 'processing']),
        vambe(['inspect', 'scheduled']),
      ]);
      const requests = active.document['worker@tests'];
      expect(requests.map(({ id }: { id: string }) => id).sort()).toEqual(['run 1', 'run 2']);
      expect(requests[0]).toMatchObject({
        name: 'waits',
        kwargs: { file },
        hostname: 'worker@tests',
        time_start: expect.any(Number),
        worker_pid: process.pid,
        delivery_info: { routing_key: 'default', priority: 0 },
      });
      expect(scheduled.document['worker@tests']).toMatchObject([
        { eta: '2035-01-01T00:00:00+00:00', request: { id: 'later', time_start: null, worker_pid: null } },
      ]);
      expect(reserved.document['worker@tests']).toEqual([]);
      expect(processing.document.jobs.map(({ task_id }: { task_id: string }) => task_id)).toEqual(['run 2', 'run 1']);
      expect(text.out).toMatch(/^-> {2}worker@tests: OK\n {4}\* \{.*\n\n1 node online\.\n$/);
    } finally {
      await writeFile(file, '');
    }
    await app.rowIn('run 1', 'completed');
    await app.rowIn('run 2', 'completed');
  });

  it('inspect answers every question in the shapes that Celery has', async () => {
    await startWorker();
    const questions = ['ping', 'registered', 'stats', 'active_queues', 'report', 'conf', 'active'];
    const answers = await Promise.all(questions.map((question) => vambeJson(['inspect', question])));
    expect(answers.map(({ code }) => code)).toEqual(questions.map(() => 0));
    const [ping, registered, stats, queues, report, conf, active] = answers.map(
      ({ document }) => document['worker@tests'],
    );
    expect(ping).toEqual({ ok: 'pong' });
    expect(registered).toEqual([...registered].sort());
    expect(registered).toEqual(expect.arrayContaining(['add', 'classify_meeting', 'health_check']));
    expect(stats).toMatchObject({
      pid: process.pid,
      pool: { 'max-concurrency': 2 },
      total: expect.any(Object),
      broker: { transport: 'redis' },
    });
    expect(queues.map(({ name }: { name: string }) => name).sort()).toEqual(['classification', 'default']);
    expect(queues[0]).toMatchObject({ durable: true, exclusive: false, bindings: [], exchange: { type: 'direct' } });
    expect(report.ok).toContain('software -> vambe-ai-worker');
    expect(conf).toMatchObject({ WORKER_CONCURRENCY: 20, LLM_API_KEY: null });
    expect(active).toEqual([]);
    expect((await vambe(['inspect', 'active'])).out).toBe('->  worker@tests: OK\n    - empty -\n\n1 node online.\n');
  });

  it('inspect asks the nodes that are named, and says who did not answer, exit 3', async () => {
    await startWorker();
    expect(await vambeJson(['inspect', 'ping', '-d', 'worker@tests'])).toMatchObject({
      code: 0,
      document: { 'worker@tests': { ok: 'pong' } },
    });
    expect(await vambe(['inspect', 'ping', '-d', 'nobody@x', '-t', '0.2'])).toMatchObject({
      code: 3,
      err: 'vambe: nobody@x did not answer within 0.2 s; 1 worker process listens. Look at the name, or give more time with --timeout.\n',
    });
    expect((await vambeJson(['inspect', 'registered', 'max_retries'])).document['worker@tests']).toContain(
      'add [max_retries=3]',
    );
  });

  it('control changes the worker; what it refuses ends with 4, what nobody understands with 2', async () => {
    await startWorker();
    const size = async () => (await vambeJson(['inspect', 'stats'])).document['worker@tests'].pool['max-concurrency'];
    expect(await vambeJson(['control', 'pool_grow', '2'])).toMatchObject({
      code: 0,
      document: { 'worker@tests': { ok: 'pool will grow' } },
    });
    expect(await size()).toBe(4);
    expect((await vambe(['control', 'pool_shrink', '2'])).out).toBe('->  worker@tests: OK\n        pool will shrink\n');
    const refused = await vambe(['control', 'rate_limit', 'nosuch', '1/s']);
    expect(refused).toMatchObject({ code: 4, out: '->  worker@tests: ERROR\n        unknown task\n' });
    expect(await vambe(['control', 'revoke'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('needs task_id'),
    });
    expect(await vambe(['control', 'pool_grow', 'many'])).toMatchObject({ code: 2 });
    expect(await vambe(['control', 'pool_row'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Did you mean pool_grow?'),
    });
  });

  it('events shows what workers announce, one a line', async () => {
    await startWorker();
    const [watched] = await Promise.all([
      vambe(['events', '--enable', '--seconds', '4']),
      waitFor('a task while somebody watches', async () => {
        const { document } = await vambeJson(['control', 'enable_events']);
        return document['worker@tests']?.ok === 'task events already enabled';
      }).then(() => vambe(['call', 'add', '--tasks', folder, '--args', '[1]', '--task-id', 'watched', '--wait'])),
    ]);
    expect(watched.code).toBe(0);
    expect(watched.out).toMatch(/^\S+ worker@tests worker-heartbeat freq=2 /m);
    expect(watched.out).toMatch(/^\S+ worker@tests task-succeeded watched result=2 runtime=/m);
    await vambe(['control', 'disable_events']);
  });

  it('call --queue sends a Celery message and waits for its published result', async () => {
    await startWorker();
    const args = ['call', 'health_check', '--queue', 'default', '--wait'];
    expect(await vambeJson(args)).toMatchObject({ code: 0, document: { success: true, state: 'SUCCESS' } });
    expect(await vambeJson(['call', 'no.such', '--queue', 'default', '--wait'])).toMatchObject({
      code: 4,
      document: { success: false, state: 'FAILURE', code: 'NotRegistered' },
    });
  });

  it('call --queue sends to a list that nobody takes from, and says so', async () => {
    await stopWorker();
    const lonely = await vambe(['call', 'health_check', '--queue', 'defalt']);
    expect(lonely).toMatchObject({ code: 0, out: expect.stringMatching(/^[\w-]{36}\n$/) });
    expect(lonely.err).toContain('the message waits in the list "defalt": no worker is registered.');
    const lists = { QUEUE_NAME: 'defalt' };
    expect((await vambeJson(['status'], lists)).document.celery_messages).toEqual({ defalt: 1 });
    await startWorker();
    const misspelt = await vambe(['call', 'health_check', '--queue', 'defalt']);
    expect(misspelt).toMatchObject({ code: 0, out: expect.stringMatching(/^[\w-]{36}\n$/) });
    expect(misspelt.err).toContain(
      'none of the workers that answered takes from it. Did you mean default? They take from',
    );
    expect((await vambe(['call', 'health_check', '--queue', 'default'])).err).toBe('');
  });

  it('an unknown question gets the one that was meant, exit 2', async () => {
    expect(await vambe(['inspect', 'registred'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Did you mean registered?'),
    });
  });
});

describe('jobs and retry', () => {
  it('page through the list by cursor, newest first', async () => {
    const all = (await vambeJson(['jobs', '--limit', '1000'])).document.jobs.map(
      (job: { row_id: string }) => job.row_id,
    );
    const first = await vambeJson(['jobs', '--limit', '2']);
    expect(first.document.next_cursor).toBe(all[1]);
    const second = await vambeJson(['jobs', '--limit', '2', '--cursor', first.document.next_cursor]);
    expect([...first.document.jobs, ...second.document.jobs].map((job) => job.row_id)).toEqual(all.slice(0, 4));
    expect((await vambe(['jobs', '--cursor', 'x'])).code).toBe(2);
  });

  it('a list in a pipe has a head, a line a job and exact times; notes are on stderr', async () => {
    const { out, err } = await vambeProcess(['jobs', '--limit', '2']);
    const [head, ...lines] = out
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(head).toEqual(['task id', 'task', 'meeting', 'state', 'attempts', 'accepted', 'duration', 'error']);
    expect(lines.map((cells) => cells.length)).toEqual([8, 8]);
    expect(lines[0]?.[5]).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(err).toContain('--cursor');
  });

  it('an unknown task id is exit 3, for show and for retry', async () => {
    const [show, short, retry] = await Promise.all([
      vambe(['jobs', 'show', 'nobody']),
      vambe(['jobs', 'nobody']),
      vambe(['retry', 'nobody']),
    ]);
    expect([show.code, short.code, retry.code]).toEqual([3, 3, 3]);
    expect(short).toEqual(show);
    expect(show.err).toContain('There is no job with the task id "nobody"');
  });

  it('a failed job is opened again with its history, and an audit row that jobs shows', async () => {
    await startWorker();
    await app.ask({ task: 'breaks', taskId: 'to be retried' });
    await app.rowIn('to be retried', 'failed');
    const before = await vambeJson(['jobs', 'show', 'to be retried']);
    await stopWorker();

    const retry = await vambeJson(['retry', 'to be retried', '--tasks', folder, '--reason', 'it may go now']);
    expect(retry).toMatchObject({ code: 0, document: { success: true, jobs: [{ answer: 'reopened' }] } });
    const opened = await vambeJson(['jobs', 'to be retried']);
    expect(opened.document.job).toMatchObject({
      state: 'queued',
      delivery: 1,
      error_code: null,
      changes: [{ action: 'retry', reason: 'it may go now', actor: expect.stringMatching(/^cli/) }],
    });
    expect(opened.document.job.attempt_notes).toEqual(before.document.job.attempt_notes);

    const again = await vambeJson(['retry', 'to be retried', 'nobody']);
    expect(again).toMatchObject({
      code: 4,
      document: { success: false, jobs: [{ answer: 'already-open' }, { answer: 'unknown' }] },
    });

    await startWorker();
    const row = await app.rowIn('to be retried', 'failed');
    expect(row).toMatchObject({ delivery: 1, attempt: 1 });
    expect(row.attempts.map(({ code }) => code)).toEqual(['TASK_FAILED', 'TASK_FAILED']);
  });

  it('a completed job is not opened again, exit 4', async () => {
    await startWorker();
    await app.ask({ task: 'add', kwargs: { x: 1 }, taskId: 'done' });
    await app.rowIn('done', 'completed');
    const { code, out, err } = await vambeProcess(['retry', 'done']);
    expect({ code, out }).toEqual({ code: 4, out: '' });
    expect(err).toContain('done is completed already');
    expect((await vambe(['jobs', 'done'])).out).toMatch(/^state\tcompleted$/m);
  });

  it('jobs still lists while Redis is away, and says what it cannot know', async () => {
    const { code, out, err } = await vambe(['jobs'], { REDIS_URL: `redis://127.0.0.1:${await freePort()}/0` });
    expect(code).toBe(0);
    expect(out).toContain('to be retried');
    expect(err).toContain('jobs in state processing are shown as queued');
  });
});

async function countRows(taskId: string | null = null): Promise<number> {
  const text =
    'select count(*)::int as rows from vambe_worker.jobs where task_id = $1 or ($1::text is null and origin = $2)';
  const [row] = await app.database.run<{ rows: number }>({ name: '', text }, [taskId, 'cli']);
  return row?.rows ?? 0;
}

async function listen(onConnection: Parameters<typeof createServer>[1]): Promise<{ server: Server; port: number }> {
  const server = createServer({}, (socket) => {
    socket.on('error', () => undefined);
    onConnection?.(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

async function freePort(): Promise<number> {
  const { server, port } = await listen(() => undefined);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
