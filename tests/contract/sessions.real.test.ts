/** Poolers in between, and databases whose defaults for a session are not ours: each meeting is done, and its dates are read. */
import { describe, expect, test } from 'vitest';
import { createDatabase } from '../../src/core/connections/database.ts';
import { preflight } from '../../src/preflight.ts';
import { enqueueMeetings, expectAllDoneOnce } from '../helpers/meeting-jobs.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';
import { startPgBouncer } from '../helpers/pgbouncer.ts';
import { query, startApp } from '../helpers/start-app.ts';
import { createStubClassifier } from '../helpers/stub-classifier.ts';
import { useOutsideBed } from '../helpers/test-bed.ts';

const bed = useOutsideBed();
const { started } = bed;

async function work(postgresUrl: string, settings: Parameters<typeof startApp>[1] = {}) {
  const app = await startApp({ ...bed.namespace, postgresUrl }, { classifier: createStubClassifier(), ...settings });
  const worker = await app.work({ concurrency: 8 });
  started.push(async () => {
    await worker.stop(0);
    await app.close();
  });
  return app;
}

const checked = (postgresUrl: string) =>
  preflight({ postgresUrl, redisUrls: [], patienceMs: 5_000, migrates: false, log: createMemoryLog() });

const databaseName = async () => {
  const [row] = await query<{ name: string }>(bed.outside, 'select current_database() as name');
  return row?.name ?? '';
};

describe('PgBouncer', () => {
  test.each([
    ['transaction', ''],
    ['transaction', 'ignore_startup_parameters = extra_float_digits,options'],
    ['session', ''],
  ] as const)(
    'with pool_mode=%s and "%s" needs no setting: it is recognised, and 60 meetings are done (O7)',
    { timeout: 120_000 },
    async (poolMode, more) => {
      const bouncer = await startPgBouncer(bed.namespace.postgresUrl, { poolMode, more });
      started.push(() => bouncer.stop());
      await checked(bouncer.url);
      const app = await work(bouncer.url);
      const ids = await enqueueMeetings(bed.outside, 60);
      await expectAllDoneOnce(bed.outside, ids);
      expect([
        ...app.log.named('job.retry'),
        ...app.log.named('job.failed'),
        ...app.log.named('database.down'),
      ]).toEqual([]);
    },
  );
});

const hostile = {
  DateStyle: `'SQL, DMY'`,
  IntervalStyle: `'sql_standard'`,
  TimeZone: `'Asia/Kolkata'`,
  extra_float_digits: '-15',
  bytea_output: `'escape'`,
  standard_conforming_strings: 'off',
  search_path: `'nowhere'`,
} as const;

describe('defaults of the database', () => {
  test.each(Object.entries(hostile))(
    '%s = %s change nothing: tables are found, meetings are done, and dates are read (O8)',
    { timeout: 60_000 },
    async (name, value) => {
      const database = await databaseName();
      await query(bed.outside, `alter database ${database} set ${name} = ${value}`);
      started.push(() => query(bed.outside, `alter database ${database} reset ${name}`));
      await checked(bed.namespace.postgresUrl);
      const ids = await enqueueMeetings(bed.outside, 3);
      const app = await work(bed.namespace.postgresUrl);
      await expectAllDoneOnce(bed.outside, ids);
      const [row] = await query<{ at: string; real: number; path: string }>(
        app,
        `select to_char(now(), 'YYYY') || '' as year, now()::text as at, 0.1::real + 0.2::real as real, current_setting('search_path') as path`,
      );
      expect(row?.at).toMatch(/^\d{4}-\d\d-\d\d .*\+00$/);
      expect(row?.path).toBe('public');
    },
  );

  test('reach through PgBouncer as far as it lets them, and dates are still read (O8)', async () => {
    const database = await databaseName();
    await query(bed.outside, `alter database ${database} set DateStyle = 'SQL, DMY'`);
    started.push(() => query(bed.outside, `alter database ${database} reset DateStyle`));
    const bouncer = await startPgBouncer(bed.namespace.postgresUrl);
    started.push(() => bouncer.stop());
    const through = createDatabase({ url: bouncer.url, poolSize: 1, applicationName: 'tests' });
    started.push(() => through.close());
    const [row] = await through.run<{ at: string }>({ name: '', text: 'select now()::text as at' }, []);
    expect(row?.at).toMatch(/^\d{4}-\d\d-\d\d .*\+00$/);
  });
});
