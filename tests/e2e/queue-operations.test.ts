/** Filters, bulk retries and cancellations, pauses, drains, schedules and the doctor, as a person at a shell meets them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandModule } from '../../src/cli/kit/cli.ts';
import { run } from '../../src/cli/kit/program.ts';
import { createDeadline } from '../../src/core/deadline.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { query, readDocument, startApp, type TestApp, untilItRuns } from '../helpers/start-app.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { makeIo, makeStream } from '../unit/cli/fake-io.ts';

/** Tasks of somebody's own: one fails, one runs until it is stopped and says what became of it, one ends at once. */
const taskFile = `
export default ({ defineTask, z, complete }) => [
  defineTask({ name: 'breaks', maxRetries: 0, parameters: z.object({}), run: () => { throw new Error('this always breaks'); } }),
  defineTask({ name: 'runs', parameters: z.object({}), async run(_parameters, { signal }) {
    while (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 20));
    return complete('written in spite of it');
  } }),
  defineTask({ name: 'ends', parameters: z.object({}), run: () => complete('there it is') }),
];`;

const names = ['jobs', 'retry', 'cancel', 'queues', 'pause', 'resume', 'drain', 'schedules', 'status', 'doctor'];
const commands = names.map((name) => ({
  name,
  load: (): Promise<CommandModule> => import(`../../src/cli/commands/${name}.ts`),
}));

/** Small, as each command reads it. */
const taxonomy = fileURLToPath(new URL('../fixtures/small-taxonomy.yaml', import.meta.url));

let namespace: Namespace;
let folder: string;
let app: TestApp;
let worker: { stop(graceMs?: number): Promise<void> } | undefined;

async function vambe(
  args: readonly string[],
  { says, environment }: { says?: string; environment?: Record<string, string> } = {},
) {
  const { io, stdout, stderr } = makeIo({
    environment: {
      REDIS_URL: namespace.redisUrl,
      DATABASE_URL: namespace.postgresUrl,
      VAMBE_DATA_DIR: folder,
      TAXONOMY_FILE: taxonomy,
      ...environment,
    },
    stderr: makeStream(),
  });
  const questions: string[] = [];
  const ask = async (question: string) => {
    questions.push(question);
    return says ?? '';
  };
  const code = await run(args, { commands, version: '1.2.3', io: says === undefined ? io : { ...io, ask } });
  return { code, out: stdout.text(), err: stderr.text(), questions };
}

async function vambeJson(...args: readonly string[]) {
  const ended = await vambe([...args, '--json']);
  return { ...ended, document: JSON.parse(ended.out) };
}

async function startWorker(): Promise<void> {
  worker ??= await app.work({ concurrency: 4, withHousekeeping: true });
}

async function stopWorker(): Promise<void> {
  await worker?.stop(0);
  worker = undefined;
}

const idsOf = (document: { jobs: { task_id: string }[] }) => document.jobs.map(({ task_id }) => task_id).sort();
const statesOf = async (...ids: string[]) =>
  (
    await query<{ state: string }>(
      app,
      'select state from vambe_worker.jobs where task_id = any($1) order by task_id',
      [ids],
    )
  ).map(({ state }) => state);
const later = '2035-01-01T00:00:00.000Z';

beforeAll(async () => {
  namespace = await createNamespace();
  folder = await mkdtemp(join(tmpdir(), 'vambe-queues-'));
  await writeFile(join(folder, 'tasks.mjs'), taskFile);
  app = await startApp(namespace, { taskFolders: [folder], settings: { retryDelaySeconds: 0 } });
});

afterAll(async () => {
  await stopWorker();
  await app.close();
  await namespace.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a filter', () => {
  it('lists the jobs for which all terms hold, with the short flags beside it', async () => {
    for (const taskId of ['f1', 'f2', 'f3']) await app.ask({ task: 'breaks', taskId, dueAt: later });
    await query(
      app,
      `update vambe_worker.jobs set state = 'failed', finished_at = now(), error_code = case task_id when 'f1' then 'TASK_TIMEOUT' else 'TASK_FAILED' end,
       accepted_at = now() - interval '3 days' * (task_id = 'f2')::int where task_id like 'f_'`,
    );
    await app.ask({ kwargs: { meeting_id: 12 }, taskId: 'm12', dueAt: later });
    const list = async (filter: string, ...more: string[]) =>
      idsOf((await vambeJson('jobs', '--filter', filter, ...more)).document);
    expect(await list('state=failed')).toEqual(['f1', 'f2', 'f3']);
    expect(await list('state=failed accepted<2d')).toEqual(['f2']);
    expect(await list('task=breaks error!=TASK_FAILED')).toEqual(['f1']);
    expect(await list('error!=TASK_FAILED,TASK_TIMEOUT')).toEqual(['m12']);
    expect(await list('meeting=12,13 origin=tests queue=classification')).toEqual(['m12']);
    expect(await list('state!=failed,queued')).toEqual([]);
    expect(await list('id=f1,f3,nobody', '--state', 'failed')).toEqual(['f1', 'f3']);
    const first = (await vambeJson('jobs', '--filter', 'task=breaks', '--limit', '2')).document;
    const second = await list('task=breaks', '--cursor', first.next_cursor);
    expect([...idsOf(first), ...second].sort()).toEqual(['f1', 'f2', 'f3']);
  });

  it('that is wrong names what was meant, exit 2', async () => {
    expect(await vambe(['jobs', '--filter', 'stat=failed'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Did you mean state?'),
    });
  });
});

describe('an action on many jobs', () => {
  it.each([
    ['retry', 'f1', '--filter', 'state=failed'],
    ['retry'],
    ['retry', '--filter', ''],
    ['cancel', '--filter', '  '],
    ['cancel'],
    ['cancel', 'f1', '--dry-run'],
  ])('takes ids or a non-empty filter: %s %s %s %s is refused, exit 2', async (...args) => {
    const given = args.filter((each) => each !== undefined);
    expect(await vambe(given)).toMatchObject({ code: 2, out: '' });
    expect(await statesOf('f1', 'm12')).toEqual(['failed', 'queued']);
  });

  it('counts first, and does nothing in a dry run, without a terminal, or after a no', async () => {
    const retry = ['retry', '--filter', 'task=breaks', '--tasks', folder];
    const dry = await vambe([...retry, '--dry-run']);
    expect(dry).toMatchObject({
      code: 0,
      out: 'f1\nf2\nf3\n',
      err: expect.stringContaining('3 jobs would be queued again'),
    });
    const nobody = await vambe(retry);
    expect(nobody).toMatchObject({ code: 2, err: expect.stringContaining('3 jobs would be queued again') });
    expect(nobody.err).toContain('--yes');
    const no = await vambe(retry, { says: 'n' });
    expect(no).toMatchObject({ code: 0, questions: [expect.stringContaining('3 jobs will be queued again')] });
    expect(await statesOf('f1', 'f2', 'f3')).toEqual(['failed', 'failed', 'failed']);
  });

  it('retries what can be retried, each with an audit row', async () => {
    const said = await vambe(
      ['retry', '--filter', 'task=breaks id=f1,m12', '--tasks', folder, '--reason', 'once more'],
      {
        says: 'y',
      },
    );
    expect(said).toMatchObject({ code: 0, out: '1 of 1 queued again\n' });
    const { code, document } = await vambeJson('retry', '--filter', 'state=failed', '--yes', '--tasks', folder);
    expect({ code, document }).toMatchObject({ code: 0, document: { success: true, matched: 2, reopened: 2 } });
    const { document: shown } = await vambeJson('jobs', 'show', 'f1');
    expect(shown.job).toMatchObject({
      state: 'queued',
      delivery: 1,
      changes: [{ action: 'retry', reason: 'once more' }],
    });
    expect((await vambeJson('retry', '--filter', 'state=failed', '--yes')).document).toMatchObject({ matched: 0 });
  });
});

describe('cancel', () => {
  it('E9 takes a waiting job out of its queue at once, and says REVOKED to whoever waits for it', async () => {
    await app.ask({ task: 'ends', taskId: 'waiting' });
    await app.ask({ task: 'ends', taskId: 'due later', dueAt: later });
    const { code, document } = await vambeJson('cancel', 'waiting', 'due later', '--reason', 'sent twice');
    expect({ code, document }).toMatchObject({
      code: 0,
      document: { success: true, cancelled: 2, jobs: [{ answer: 'not-running' }, { answer: 'not-running' }] },
    });
    expect(await readDocument(app, 'celery-task-meta-waiting')).toMatchObject({ status: 'REVOKED' });
    const [row] = await query<{ key: string }>(
      app,
      `select 'vambe:default:j' || id || '-' || delivery as key from vambe_worker.jobs where task_id = 'waiting'`,
    );
    expect(await app.redis.exists(row?.key ?? '')).toBe(0);
    const { document: shown } = await vambeJson('jobs', 'waiting');
    expect(shown.job).toMatchObject({ state: 'cancelled', changes: [{ action: 'cancel', reason: 'sent twice' }] });
  });

  it('E9 stops a running job, which then writes nothing', async () => {
    await startWorker();
    await app.ask({ task: 'runs', taskId: 'running' });
    await untilItRuns(app, 'running');
    const { code, document } = await vambeJson('cancel', 'running');
    expect({ code, document }).toMatchObject({ code: 0, document: { jobs: [{ answer: 'stopped' }] } });
    expect(await readDocument(app, 'celery-task-meta-running')).toMatchObject({ status: 'REVOKED' });
    expect((await vambeJson('jobs', 'running')).document.job).toMatchObject({ state: 'cancelled', result: null });
  });

  it('E9 leaves a finished job as it is, exit 4, and does not know a stranger, exit 3', async () => {
    await startWorker();
    await app.ask({ task: 'ends', taskId: 'over' });
    await app.rowIn('over', 'completed');
    const { code, document } = await vambeJson('cancel', 'over', 'nobody');
    expect({ code, document }).toMatchObject({
      code: 4,
      document: { success: false, cancelled: 0, jobs: [{ answer: 'already-finished' }, { answer: 'unknown' }] },
    });
    expect(await statesOf('over')).toEqual(['completed']);
    expect((await vambe(['cancel', 'nobody'])).code).toBe(3);
  });

  it('closes the row of a job whose worker does not answer, so that nothing can be saved', async () => {
    await stopWorker();
    const deaf = app.createWorker({ concurrency: 1 });
    await deaf.consumer.start();
    try {
      await app.ask({ task: 'runs', taskId: 'deaf' });
      await untilItRuns(app, 'deaf');
      const { code, document } = await vambeJson('cancel', 'deaf');
      expect({ code, document }).toMatchObject({ code: 0, document: { jobs: [{ answer: 'worker-silent' }] } });
    } finally {
      await deaf.consumer.stop(createDeadline(0));
    }
    expect(await statesOf('deaf')).toEqual(['cancelled']);
  });

  it('by filter ends what is open and nothing else', async () => {
    await stopWorker();
    for (const taskId of ['c1', 'c2', 'c3']) await app.ask({ task: 'ends', taskId, dueAt: later });
    await query(app, `update vambe_worker.jobs set state = 'completed', finished_at = now() where task_id = 'c3'`);
    const { document } = await vambeJson('cancel', '--filter', 'id=c1,c2,c3', '--yes');
    expect(document).toMatchObject({ success: true, matched: 2, cancelled: 2, answers: { 'not-running': 2 } });
    expect(await statesOf('c1', 'c2', 'c3')).toEqual(['cancelled', 'cancelled', 'completed']);
  });
});

describe('a paused queue', () => {
  it('accepts jobs and starts none, which queues and status tell with the reason; resume lets it go on', async () => {
    await stopWorker();
    expect(await vambe(['pause', 'default', '--reason', 'the provider is down', '--until', '2h'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('default is paused'),
    });
    await startWorker();
    await app.ask({ task: 'ends', taskId: 'held' });
    const [queues, status] = await Promise.all([vambeJson('queues'), vambeJson('status')]);
    expect(queues.document.queues).toEqual([
      expect.objectContaining({ name: 'classification', paused: null }),
      expect.objectContaining({
        name: 'default',
        running: 0,
        oldest_waiting_at: expect.any(String),
        paused: { reason: 'the provider is down', since: expect.any(String), until: expect.any(String) },
      }),
    ]);
    // Runs of schedules may wait beside it.
    expect(queues.document.queues[1].waiting).toBeGreaterThan(0);
    expect(status.document.controls).toMatchObject([{ kind: 'queue', name: 'default' }]);
    expect((await vambe(['status'])).out).toContain('the provider is down');
    expect(await statesOf('held')).toEqual(['queued']);

    expect(await vambeJson('resume', 'default')).toMatchObject({ code: 0, document: { was_paused: true } });
    await app.rowIn('held', 'completed');
    expect((await vambeJson('resume', 'default')).document).toMatchObject({ was_paused: false });
    const audit = await query(
      app,
      `select action, reason from vambe_worker.audit where object = 'queue:default' order by id`,
    );
    expect(audit).toEqual([
      { action: 'pause', reason: 'the provider is down' },
      { action: 'resume', reason: null },
    ]);
  });

  it('stays paused when Redis was emptied, and goes on by itself when its time is over', async () => {
    await startWorker();
    await vambe(['pause', 'default']);
    await vambe(['schedules', 'pause', 'health_check', '--reason', 'too loud']);
    await app.redis.flushdb();
    const isPaused = () => app.queues.get('default').isPaused();
    await waitFor('the pause to be back', isPaused);
    await waitFor('the other schedules to be back', async () => {
      const schedules: { name: string; next_run_at: string | null }[] = (await vambeJson('schedules')).document
        .schedules;
      return schedules.filter(({ next_run_at }) => next_run_at !== null).length === 2;
    });
    expect(await app.queues.get('default').getJobScheduler('health_check')).toBeUndefined();
    await app.ask({ task: 'ends', taskId: 'held again' });
    await query(app, `update vambe_worker.controls set until = now() where kind = 'queue'`);
    await stopWorker();
    await startWorker();
    await app.rowIn('held again', 'completed');
    expect(await isPaused()).toBe(false);
    expect(await query(app, `select 1 from vambe_worker.controls where kind = 'queue'`)).toEqual([]);
  });

  it.each([
    { args: ['pause', 'defualt'], code: 3, says: 'Did you mean default?' },
    { args: ['pause', 'default', '--until', 'tomorrow'], code: 2, says: 'how long from now' },
    { args: ['pause', 'default', '--until', '2020-01-01'], code: 2, says: 'a moment to come' },
    { args: ['schedules', 'run', 'health_chek'], code: 3, says: 'Did you mean health_check?' },
  ])('refuses $args, exit $code', async ({ args, code, says }) => {
    expect(await vambe(args)).toMatchObject({ code, out: '', err: expect.stringContaining(says) });
  });
});

describe('drain', () => {
  it('waits until nothing waits or runs', async () => {
    await startWorker();
    await app.ask({ task: 'ends', taskId: 'last one' });
    const drained = await vambe(['drain', 'default', '--timeout', '20']);
    expect(drained).toMatchObject({ code: 0, out: expect.stringContaining('default is drained') });
    expect(await statesOf('last one')).toEqual(['completed']);
  });

  it('gives up after --timeout, exit 4, and says how many are left', async () => {
    await stopWorker();
    await app.ask({ task: 'ends', taskId: 'left' });
    const { code, document, err } = await vambeJson('drain', 'default', '--timeout', '1');
    expect({ code, document }).toMatchObject({ code: 4, document: { success: false, queue: { waiting: 1 } } });
    expect(err).toContain('no worker takes from default');
  });
});

describe('schedules', () => {
  it('lists how often and when next, and tells what is paused and why', async () => {
    const { document } = await vambeJson('schedules');
    expect(document.schedules).toEqual([
      expect.objectContaining({
        name: 'health_check',
        next_run_at: null,
        paused: expect.objectContaining({ reason: 'too loud' }),
      }),
      expect.objectContaining({ name: 'purge_expired', cron: '17 3 * * *', next_run_at: expect.any(String) }),
      expect.objectContaining({
        name: 'sweep_unclassified',
        every_ms: 300_000,
        next_run_at: expect.any(String),
        paused: null,
      }),
    ]);
  });

  it('runs one now under an id of its own, also a paused one, and resumes it', async () => {
    await startWorker();
    const { code, out } = await vambe(['schedules', 'run', 'health_check', '--reason', 'to see']);
    expect(code).toBe(0);
    expect(await app.rowIn(out.trim(), 'completed')).toMatchObject({ task: 'health_check', origin: 'cli' });
    expect(await vambeJson('schedules', 'resume', 'health_check')).toMatchObject({
      code: 0,
      document: { was_paused: true },
    });
    expect(await app.queues.get('default').getJobScheduler('health_check')).toMatchObject({ name: 'health_check' });
    const audit = await query(
      app,
      `select action from vambe_worker.audit where object = 'schedule:health_check' order by id`,
    );
    expect(audit.map(({ action }) => action)).toEqual(['pause', 'run', 'resume']);
  });
});

describe('doctor', () => {
  const examine = async (environment: Record<string, string> = {}) => {
    const { code, out } = await vambe(['doctor', '--json'], { environment });
    const document = JSON.parse(out);
    const checks: { part: string; ok: boolean }[] = document.checks;
    return { code, document, partOf: (part: string) => checks.find((each) => each.part === part) };
  };

  it('has a line for each part, all of them well', async () => {
    await startWorker();
    const { code, document, partOf } = await examine();
    expect({ code, success: document.success }).toEqual({ code: 0, success: true });
    expect(document.checks.map(({ part }: { part: string }) => part)).toEqual([
      'Node.js',
      'Settings',
      'Redis',
      'PostgreSQL',
      'Workers',
      'Queues',
      'Taxonomy',
      'Classifier',
      'Data folder',
      'Embedded servers',
    ]);
    expect(partOf('Redis')).toMatchObject({
      facts: { eviction_policy: 'noeviction', persistence: expect.any(String) },
    });
    expect(partOf('PostgreSQL')).toMatchObject({
      facts: { schema_version: expect.any(Number), clock_difference_ms: expect.any(Number) },
    });
    expect(partOf('Workers')).toMatchObject({ facts: { alive: 1, silent: 0 }, warnings: [] });
  });

  it('tells what keeps failing, by its code', async () => {
    await app.ask({ task: 'ends', taskId: 'keeps-failing', dueAt: later });
    const text = `update vambe_worker.jobs set state = 'retrying', error_code = 'MODEL_UNREACHABLE' where task_id = 'keeps-failing'`;
    await query(app, text);
    const { code, partOf } = await examine();
    expect({ code, queues: partOf('Queues') }).toMatchObject({
      code: 0,
      queues: {
        facts: { retrying: 1 },
        warnings: [expect.stringContaining('MODEL_UNREACHABLE and are tried again: 1')],
      },
    });
    await vambe(['cancel', 'keeps-failing']);
    expect((await examine()).partOf('Queues')).toMatchObject({ facts: { retrying: 0 }, warnings: [] });
  });

  it('tells how many open jobs Redis does not hold (R1)', async () => {
    for (const taskId of ['is-held', 'is-lost', 'is-lost-too']) await app.ask({ task: 'ends', taskId, dueAt: later });
    await query(
      app,
      `update vambe_worker.jobs set delivered_at = now() - interval '1 minute' where state in ('queued', 'retrying')`,
    );
    const lost = await query<{ id: string; queue: string }>(
      app,
      `select id::text, queue from vambe_worker.jobs where task_id in ('is-lost', 'is-lost-too')`,
    );
    for (const { id, queue } of lost) await app.redis.del(`vambe:${queue}:j${id}-0`);
    expect((await examine()).partOf('Queues')).toMatchObject({
      facts: { lost: 2 },
      warnings: [expect.stringContaining('Open jobs that Redis does not hold: 2')],
    });
    await vambe(['cancel', 'is-held', 'is-lost', 'is-lost-too']);
    expect((await examine()).partOf('Queues')).toMatchObject({ facts: { lost: 0 }, warnings: [] });
  });

  it('goes on behind a fault, names each remedy, and ends with the exit code of the worst', async () => {
    const broken = { REDIS_URL: 'redis://127.0.0.1:1/0', TAXONOMY_FILE: join(folder, 'nowhere.yaml') };
    const { code, document, partOf } = await examine(broken);
    expect(code).toBe(5);
    expect(document).toMatchObject({ success: false, code: 'REDIS_UNREACHABLE' });
    expect(partOf('PostgreSQL')).toMatchObject({ ok: true });
    expect(partOf('Taxonomy')).toMatchObject({
      code: 'TAXONOMY_INVALID',
      error: expect.stringContaining('TAXONOMY_FILE'),
    });
    const text = await vambe(['doctor'], { environment: broken });
    expect(text.out).toMatch(/^✗ Redis .*check REDIS_URL\. \[REDIS_UNREACHABLE\]$/m);
  });

  it('starts no embedded server, which is no fault', async () => {
    const { code, partOf } = await examine({ REDIS_URL: '', DATABASE_URL: '' });
    expect(code).toBe(0);
    for (const part of ['Redis', 'PostgreSQL', 'Workers']) expect(partOf(part)).toMatchObject({ ok: true });
    expect(partOf('Embedded servers')).toMatchObject({ ok: true });
  });

  it('says what is wrong with the settings, exit 2', async () => {
    const { code, document } = await examine({ WORKER_CONCURRENCY: 'many' });
    expect({ code, document }).toMatchObject({ code: 2, document: { success: false, code: 'SETTINGS_INVALID' } });
  });
});
