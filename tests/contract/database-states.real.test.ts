/** States of PostgreSQL that pass: locks, deadlocks, faults of poolers, host names that do not resolve. No job fails for them. */
import { describe, expect, test } from 'vitest';
import { preflight } from '../../src/preflight.ts';
import { postgresError, startFaultProxy } from '../helpers/fault-proxy.ts';
import { enqueueMeetings, expectAllDoneOnce } from '../helpers/meeting-jobs.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';
import { nameThisMachine } from '../helpers/named-host.ts';
import { query, startApp, type TestApp } from '../helpers/start-app.ts';
import { createGate, createStubClassifier } from '../helpers/stub-classifier.ts';
import { useOutsideBed } from '../helpers/test-bed.ts';
import { startUntrustedTls } from '../helpers/untrusted-tls.ts';
import { waitFor } from '../helpers/wait-for.ts';

const bed = useOutsideBed();
const { started } = bed;

/** A worker in this process at this address. */
async function startWorking(postgresUrl: string) {
  const app = await startApp({ ...bed.namespace, postgresUrl }, { classifier: createStubClassifier() });
  const worker = await app.work({ concurrency: 4 });
  started.push(async () => {
    await worker.stop(0);
    await app.close();
  });
  return app;
}

async function startBehindProxy() {
  const postgres = await startFaultProxy(bed.namespace.postgresUrl);
  const app = await startWorking(postgres.url);
  started.push(() => postgres.pass());
  return { app, postgres };
}

const outageTold = (app: TestApp, code: string) =>
  waitFor(`database.down with ${code}`, () =>
    app.log.named('database.down').find(({ fields }) => fields.code === code),
  );
const someTries = async () => {
  const untilMs = performance.now() + 4_000;
  await waitFor('some tries', () => performance.now() > untilMs);
};
/** BullMQ's set of jobs that it holds for failed, by queue. */
const failedInBull = async (app: TestApp) =>
  Promise.all(app.queues.names.map((name) => app.queues.get(name).getFailedCount()));
const expectNoneFailed = async (app: TestApp) => {
  expect(await failedInBull(app)).toEqual(app.queues.names.map(() => 0));
  expect([...app.log.named('job.retry'), ...app.log.named('job.failed')]).toEqual([]);
};

describe('locks', () => {
  test.each(['public.meetings_classifications', 'public.meetings', 'vambe_worker.jobs'])(
    'with lock_timeout=300ms and %s locked, 67 jobs wait, and all are done once it is free (O3)',
    { timeout: 120_000 },
    async (table) => {
      const [{ name } = { name: '' }] = await query<{ name: string }>(bed.outside, 'select current_database() as name');
      await query(bed.outside, `alter database ${name} set lock_timeout = '300ms'`);
      started.push(() => query(bed.outside, `alter database ${name} reset lock_timeout`));
      const ids = await enqueueMeetings(bed.outside, 67);
      const gate = createGate();
      const locked = bed.outside.database.withClient(async (client) => {
        await client.query('begin');
        await client.query(`lock table ${table} in access exclusive mode`);
        await gate.wait();
        await client.query('commit');
      });
      await waitFor('the lock', () => gate.waiting === 1);
      const app = await startWorking(bed.namespace.postgresUrl);
      const { fields } = await outageTold(app, 'DATABASE_BUSY');
      expect(fields.error).toContain('55P03: canceling statement due to lock timeout');
      await someTries();
      gate.open();
      await locked;
      await expectAllDoneOnce(bed.outside, ids, { deadlineMs: 90_000 });
      await expectNoneFailed(app);
    },
  );
});

describe('answers', () => {
  test.each([
    ['40001', 'DATABASE_BUSY'],
    ['40P01', 'DATABASE_BUSY'],
    ['57014', 'DATABASE_BUSY'],
    ['53200', 'DATABASE_BUSY'],
    ['58030', 'DATABASE_BUSY'],
    ['XX000', 'DATABASE_BUSY'],
    ['08P01', 'DATABASE_UNREACHABLE'],
    ['26000', 'DATABASE_UNSUITABLE'],
    ['ZZ001', 'DATABASE_BUSY'],
  ])(
    'a save that is answered with %s waits, and no attempt is counted (O3)',
    { timeout: 60_000 },
    async (state, code) => {
      const { app, postgres } = await startBehindProxy();
      postgres.answer('classification_save', postgresError(state, 'the words of a server'));
      const ids = await enqueueMeetings(bed.outside, 5);
      const { fields } = await outageTold(app, code);
      expect(fields.error).toContain(`${state}: the words of a server`);
      await postgres.pass();
      await expectAllDoneOnce(bed.outside, ids);
      await expectNoneFailed(app);
    },
  );

  test('a table that is gone for a while holds all jobs, says its name, and fails none (O1)', {
    timeout: 60_000,
  }, async () => {
    const ids = await enqueueMeetings(bed.outside, 20);
    await query(bed.outside, 'alter table vambe_worker.jobs rename to jobs_away');
    const app = await startWorking(bed.namespace.postgresUrl);
    const { fields } = await outageTold(app, 'DATABASE_UNSUITABLE');
    await query(bed.outside, 'alter table vambe_worker.jobs_away rename to jobs');
    expect(fields.error).toContain('42P01: relation "vambe_worker.jobs" does not exist');
    await expectAllDoneOnce(bed.outside, ids);
    await expectNoneFailed(app);
  });
});

describe('host names', () => {
  test.each(['EAI_AGAIN', 'ENOTFOUND', 'ESERVFAIL'])(
    'a host name that does not resolve (%s) while jobs run holds them, is told with its code, and fails none (O1)',
    { timeout: 60_000 },
    async (code) => {
      const host = nameThisMachine('postgres.test');
      const postgres = await startFaultProxy(bed.namespace.postgresUrl);
      const app = await startWorking(host.at(postgres.url));
      await expectAllDoneOnce(bed.outside, await enqueueMeetings(bed.outside, 5));
      host.fail(code);
      postgres.cut();
      await waitFor('the pool to notice', () => app.database.orm.$client.totalCount === 0);
      const ids = await enqueueMeetings(bed.outside, 67);
      const { fields } = await outageTold(app, 'DATABASE_UNREACHABLE');
      expect(fields.error).toContain(code);
      host.mend();
      await expectAllDoneOnce(bed.outside, ids);
      await expectNoneFailed(app);
    },
  );

  test('a start waits for a host name that does not resolve yet (O1)', async () => {
    const host = nameThisMachine('postgres.test');
    host.fail('EAI_AGAIN');
    const log = createMemoryLog();
    const checked = preflight({ ...options(), postgresUrl: host.at(bed.namespace.postgresUrl), log });
    const [line] = await waitFor('the warning', () => {
      const lines = log.named('database.down');
      return lines.length > 0 && lines;
    });
    expect(line?.fields).toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      error: expect.stringContaining('EAI_AGAIN: its host name cannot be resolved now'),
    });
    host.mend();
    expect((await checked).database.version).toMatch(/^15/);
    expect(log.named('database.back')).toHaveLength(1);
  });

  test('a certificate that is not trusted ends a start at once, with its code (O1)', async () => {
    const port = await startUntrustedTls({ greets: true });
    const postgresUrl = `postgres://vambe:secret-word@127.0.0.1:${port}/vambe?sslmode=verify-full`;
    await expect(preflight({ ...options(), postgresUrl })).rejects.toMatchObject({
      code: 'DATABASE_REFUSED',
      exitCode: 5,
      message: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT'),
    });
  });
});

const options = () => ({
  postgresUrl: bed.namespace.postgresUrl,
  redisUrls: [],
  patienceMs: 60_000,
  migrates: false,
  log: createMemoryLog(),
});
