import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createDatabase } from '../../src/core/connections/database.ts';
import { createJobLedger } from '../../src/models/queries/job-ledger.ts';
import { createNamespace } from '../helpers/namespace.ts';
import { describeJobLedger } from './job-ledger.suite.ts';

describeJobLedger('an installed PostgreSQL');

/** PostgreSQL plans a named statement anew five times, then may keep a plan that suits all values. */
const plansBeforeOneIsKept = 5;

test('plans that were kept while the table was small still find rows by index', async () => {
  const namespace = await createNamespace();
  const database = createDatabase({
    url: namespace.postgresUrl,
    poolSize: 1,
    prepared: true,
    applicationName: 'tests',
  });
  try {
    const ledger = createJobLedger(database);
    const acceptOne = () =>
      ledger.accept([
        {
          taskId: randomUUID(),
          task: 'health_check',
          queue: 'default',
          parameters: {},
          subjectId: null,
          origin: 'tests',
          priority: 1,
          dueAt: null,
        },
      ]);
    // Tables that were looked at while small are taken for small; a table that never was, for ten pages.
    await database.run({ name: '', text: 'analyze vambe_worker.jobs' }, []);
    for (let calls = 0; calls <= plansBeforeOneIsKept; calls++) {
      const [job] = await acceptOne();
      await ledger.complete([
        { rowId: job?.rowId ?? '', runId: '1', startedAt: new Date().toISOString(), result: null, worker: 'w' },
      ]);
    }
    const planOf = async (statement: string) =>
      database.withClient(async (client) => {
        const { rows } = await client.query(`explain execute ${statement}`);
        return rows.map((row: Record<string, string>) => row['QUERY PLAN']).join('\n');
      });
    const plans = [await planOf(`job_accept('[]', '{}')`), await planOf(`job_complete('[]', '{}')`)];
    for (const plan of plans) {
      expect(plan).toMatch(/Index (Only )?Scan|Bitmap Index Scan/);
      expect(plan).not.toContain('Seq Scan on jobs');
    }
    const [loose] = await database.runLoosely<{ enable_seqscan: string }>(
      { name: '', text: 'show enable_seqscan' },
      [],
    );
    expect(loose?.enable_seqscan).toBe('off');
  } finally {
    await database.close();
    await namespace.close();
  }
});
