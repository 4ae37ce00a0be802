/** What a worker does while PostgreSQL refuses, freezes, is full or read-only, or loses rows under it: jobs wait, none fails for it. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createDatabase } from '../../src/core/connections/database.ts';
import { postgresError, startFaultProxy } from '../helpers/fault-proxy.ts';
import { enqueueMeetings, expectAllDoneOnce } from '../helpers/meeting-jobs.ts';
import { insertMeetings, spanishTranscript } from '../helpers/meetings.ts';
import { query, readJob, startApp, type TestApp, type TestAppOptions } from '../helpers/start-app.ts';
import { createGate, createStubClassifier } from '../helpers/stub-classifier.ts';
import { useOutsideBed } from '../helpers/test-bed.ts';
import { waitFor } from '../helpers/wait-for.ts';

const bed = useOutsideBed();
const { started } = bed;

/** A worker in this process, behind a proxy; 5 ms a job. */
async function startWorking(options: TestAppOptions & { postgresUrl?: string; concurrency?: number } = {}) {
  const postgres = await startFaultProxy(options.postgresUrl ?? bed.namespace.postgresUrl);
  const classifier = createStubClassifier({ before: () => new Promise((resolve) => setTimeout(resolve, 5)) });
  const app = await startApp({ ...bed.namespace, postgresUrl: postgres.url }, { classifier, ...options });
  const worker = await app.work({ concurrency: options.concurrency ?? 4 });
  started.push(async () => {
    await postgres.pass();
    await worker.stop(0);
    await app.close();
  });
  return { app, postgres };
}

/** A role that may do what a worker does. */
async function createRole(): Promise<{ role: string; url: string }> {
  const role = `worker_${randomBytes(4).toString('hex')}`;
  for (const text of [
    `create role ${role} login password 'only-for-tests'`,
    `grant usage on schema public, vambe_worker to ${role}`,
    `grant all on all tables in schema public, vambe_worker to ${role}`,
    `grant all on all sequences in schema public, vambe_worker to ${role}`,
  ])
    await query(bed.outside, text);
  started.push(async () => {
    await query(bed.outside, `drop owned by ${role}`);
    await query(bed.outside, `drop role ${role}`);
  });
  const url = new URL(bed.namespace.postgresUrl);
  url.username = role;
  url.password = 'only-for-tests';
  return { role, url: url.href };
}

const enqueue = (count: number) => enqueueMeetings(bed.outside, count);
const outageTold = (app: TestApp, code: string) =>
  waitFor(`database.down with ${code}`, () =>
    app.log.named('database.down').find(({ fields }) => fields.code === code),
  );
const newMeeting = async () => (await insertMeetings(bed.outside.database, [spanishTranscript]))[0] ?? 0;

describe('connections', () => {
  test.each(['before', 'after'] as const)(
    'C2 a connection that is cut %s the server saw the save costs nothing: it is repeated, and shows once',
    async (when) => {
      const { app, postgres } = await startWorking();
      const ids = await enqueue(20);
      postgres.cutAt('meetings_classifications', when);
      await expectAllDoneOnce(bed.outside, ids);
      expect(app.log.named('database.down')).toHaveLength(1);
      expect(app.log.named('job.retry')).toEqual([]);
    },
  );

  test('C1 C3 while PostgreSQL refuses, nothing is tried more than five times a second, one line is told, and jobs wait', {
    timeout: 60_000,
  }, async () => {
    const { app, postgres } = await startWorking();
    postgres.refuse();
    const taskIds = await Promise.all([1, 2, 3].map(async () => bed.outside.ask({ args: [await newMeeting()] })));
    await outageTold(app, 'DATABASE_UNREACHABLE');
    const untilMs = performance.now() + 2_000;
    await waitFor('two seconds of outage', () => performance.now() > untilMs);
    const [before, fromMs] = [postgres.tries, performance.now()];
    await waitFor('six seconds more', () => performance.now() - fromMs > 6_000);
    expect((postgres.tries - before) / ((performance.now() - fromMs) / 1_000)).toBeLessThan(5);
    expect(app.log.events.filter(({ level }) => level === 'warn' || level === 'error')).toHaveLength(1);
    for (const taskId of taskIds)
      expect(await readJob(bed.outside, taskId)).toMatchObject({ state: 'queued', attempt: 0 });
    await postgres.pass();
    for (const taskId of taskIds) expect(await bed.outside.rowIn(taskId, 'completed')).toMatchObject({ attempt: 0 });
  });

  test('C8 with every connection of the pool taken a job waits, no attempt is counted, and it goes on', {
    timeout: 60_000,
  }, async () => {
    const { app } = await startWorking();
    const gate = createGate();
    const holders = Array.from({ length: 8 }, () => app.database.withClient(() => gate.wait()).catch(() => undefined));
    // The pool that reads jobs is another one: the save finds none free.
    await waitFor('the pool to be empty', () => gate.waiting === 6);
    const taskId = await bed.outside.ask({ args: [await newMeeting()] });
    await outageTold(app, 'DATABASE_BUSY');
    gate.open();
    await Promise.all(holders);
    expect(await bed.outside.rowIn(taskId, 'completed')).toMatchObject({ attempt: 0 });
  });

  test('C9 where the role may open no more connections, jobs wait and the limit is named', {
    timeout: 60_000,
  }, async () => {
    const { role, url } = await createRole();
    const { app } = await startWorking({ postgresUrl: url });
    const others = createDatabase({ url, poolSize: 2, prepared: false, applicationName: 'others' });
    started.push(() => others.close());
    const gate = createGate();
    const holders = Promise.allSettled([1, 2].map(() => others.withClient(() => gate.wait())));
    started.push(async () => gate.open());
    await waitFor('the connections to be taken', () => gate.waiting === 2);
    await query(bed.outside, `alter role ${role} connection limit 2`);
    await query(
      bed.outside,
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and application_name = 'vambe'`,
      [role],
    );
    const taskId = await bed.outside.ask({ args: [await newMeeting()] });
    const { fields } = await outageTold(app, 'DATABASE_BUSY');
    expect(fields.error).toContain('the limit of the role');
    gate.open();
    await holders;
    await query(bed.outside, `alter role ${role} connection limit 20`);
    expect(await bed.outside.rowIn(taskId, 'completed')).toMatchObject({ attempt: 0 });
  });

  test('C11 what is sent to a server that freezes ends on our side, and may be sent again although the server did it later', async () => {
    const postgres = await startFaultProxy(bed.namespace.postgresUrl);
    const database = createDatabase({
      url: postgres.url,
      poolSize: 1,
      prepared: true,
      applicationName: 'tests',
      queryTimeoutMs: 500,
    });
    started.push(() => database.close());
    await query(bed.outside, 'create table if not exists written (id int primary key)');
    const write = () =>
      database.run({ name: 'write', text: 'insert into written values ($1) on conflict do nothing' }, [1]);
    await database.testConnection();
    const opened = postgres.tries;
    postgres.freezeAnswers();
    await expect(write()).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    await waitFor(
      'the server to have done it',
      async () => (await query(bed.outside, 'select id from written')).length === 1,
    );
    await postgres.pass();
    await write();
    expect(postgres.tries).toBe(opened + 1);
    expect(await query(bed.outside, 'select id from written')).toHaveLength(1);
  });
});

describe('refusals', () => {
  test('C10 a server that turns read-only is left and found again, told once, and no job fails', {
    timeout: 60_000,
  }, async () => {
    const { role, url } = await createRole();
    const { app } = await startWorking({ postgresUrl: url });
    await expectAllDoneOnce(bed.outside, await enqueue(5));
    // As after a failover: old connections end, new ones meet a server that takes no writes.
    await query(bed.outside, `alter role ${role} set default_transaction_read_only = on`);
    await query(bed.outside, 'select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [role]);
    const ids = await enqueue(20);
    await waitFor('two probes', () => app.log.named('database.down').length > 0);
    const untilMs = performance.now() + 5_000;
    await waitFor('some probes', () => performance.now() > untilMs);
    await query(bed.outside, `alter role ${role} reset default_transaction_read_only`);
    await expectAllDoneOnce(bed.outside, ids);
    expect(app.log.named('database.down')).toHaveLength(1);
    expect(app.log.named('job.retry')).toEqual([]);
  });

  test('C10 a server without disk space is tried once a second and told once', { timeout: 60_000 }, async () => {
    const { app, postgres } = await startWorking();
    postgres.answer('classification_save', postgresError('53100', 'could not extend file: No space left on device'));
    const ids = await enqueue(10);
    await outageTold(app, 'DATABASE_FULL');
    const untilMs = performance.now() + 6_000;
    await waitFor('some tries', () => performance.now() > untilMs);
    expect(app.log.events.filter(({ level }) => level !== 'debug' && level !== 'info')).toHaveLength(1);
    await postgres.pass();
    await expectAllDoneOnce(bed.outside, ids);
  });
});

describe('rows that go or come under a job', () => {
  test('C4 two jobs of one meeting that answer at once both complete, with one row between them', async () => {
    const gate = createGate();
    const { app } = await startWorking({ classifier: createStubClassifier({ before: () => gate.wait() }) });
    const meetingId = await newMeeting();
    const taskIds = [await bed.outside.ask({ args: [meetingId] }), await bed.outside.ask({ args: [meetingId] })];
    await waitFor('both to be asked', () => gate.waiting === 2);
    gate.open();
    for (const taskId of taskIds) expect(await bed.outside.rowIn(taskId, 'completed')).toMatchObject({ attempt: 0 });
    const rows = await query(bed.outside, 'select id from public.meetings_classifications where meeting_id = $1', [
      meetingId,
    ]);
    expect(rows).toHaveLength(1);
    expect(app.log.events.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  test('C5 E6 a meeting whose client is deleted while it is being classified fails for good, and leaves no classification', async () => {
    const meetingId = await newMeeting();
    const classifier = createStubClassifier({
      async before() {
        await query(
          bed.outside,
          'delete from public.clients where id = (select client_id from public.meetings where id = $1)',
          [meetingId],
        );
        // As if accepted long ago: its transaction cannot be open any more.
        await query(
          bed.outside,
          `update vambe_worker.jobs set accepted_at = now() - interval '1 minute' where meeting_id = $1`,
          [meetingId],
        );
      },
    });
    await startWorking({ classifier });
    await bed.outside.redis.set(`classification_result:${meetingId}`, '{}');
    const taskId = await bed.outside.ask({ args: [meetingId] });
    expect(await bed.outside.rowIn(taskId, 'failed')).toMatchObject({ error_code: 'MEETING_NOT_FOUND', attempt: 1 });
    await waitFor(
      'its cached result to go',
      async () => !(await bed.outside.redis.exists(`classification_result:${meetingId}`)),
    );
  });
});
