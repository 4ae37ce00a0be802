/** A taxonomy of one's own from the file to the export, and what changing it would change. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandModule } from '../../src/cli/kit/cli.ts';
import { run } from '../../src/cli/kit/program.ts';
import { loadTaxonomy } from '../../src/models/taxonomy.ts';
import { insertMeetings } from '../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { query, startApp, type TestApp } from '../helpers/start-app.ts';
import { makeIo } from '../unit/cli/fake-io.ts';

const supportFile = fileURLToPath(new URL('../../taxonomies/support-call.yaml', import.meta.url));
const salesFile = fileURLToPath(new URL('../../taxonomies/sales-meeting.yaml', import.meta.url));
const taxonomy = loadTaxonomy(readFileSync(supportFile, 'utf8'), 'support-call.yaml');
const commands = ['classify', 'export', 'show'].map((name) => ({
  name,
  load: (): Promise<CommandModule> => import(`../../src/cli/commands/${name}.ts`),
}));
const transcript =
  'Cliente: Somos una ferretería. El router se reinicia unas cuatro veces al día y no podemos vender. Sale código de error 503.';

let namespace: Namespace;
let app: TestApp;
let ids: readonly number[];

async function vambe(args: readonly string[], environment: Record<string, string> = {}) {
  const { io, stdout, stderr } = makeIo({
    environment: {
      REDIS_URL: namespace.redisUrl,
      DATABASE_URL: namespace.postgresUrl,
      TAXONOMY_FILE: supportFile,
      ...environment,
    },
  });
  const code = await run(args, { commands, version: '1.2.3', io });
  return { code, out: stdout.text(), err: stderr.text() };
}

beforeAll(async () => {
  namespace = await createNamespace();
  app = await startApp(namespace, { taxonomy });
  ids = await insertMeetings(app.database, [transcript, `${transcript} Otra vez.`, 'Cliente: hola.']);
  const worker = await app.work({ concurrency: 2 });
  for (const id of ids.slice(0, 2)) await app.rowIn(await app.ask({ args: [id] }), 'completed');
  await worker.stop();
});

afterAll(async () => {
  await app?.close();
  await namespace?.close();
});

describe('a taxonomy of one’s own', () => {
  it('is what meetings are classified by, shown and exported with', async () => {
    const shown = await vambe(['show', String(ids[0])]);
    expect(shown.out).toContain('severity\tcritical');
    const [row] = JSON.parse((await vambe(['export', '--json'])).out);
    expect(row).toMatchObject({
      business_sector: null,
      language: 'es',
      other_fields: {
        product_area: 'device',
        severity: 'critical',
        incident_frequency: { count: 4, period: 'day', approx: true },
        error_codes: ['503'],
      },
    });
    expect(Object.keys(row.other_fields)).not.toContain('language');
    expect((await vambe(['export'])).out).toMatch(/other_fields.*\n.*""severity"":""critical""/);
  });
});

/** Every row of our tables and the API's, and every key in Redis with its content, but the worker's that expire by themselves meanwhile. */
async function everything() {
  const tables = await query<{ name: string }>(
    app,
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'vambe_worker') order by 1`,
  );
  const rows: unknown[] = [];
  for (const { name } of tables)
    rows.push([name, await query(app, `select to_jsonb(t)::text as row from ${name} t order by 1`)]);
  const keys = (await app.redis.keys('*')).filter((key) => !key.endsWith(':stalled-check')).sort();
  const dumps = await Promise.all(keys.map((key) => app.redis.dump(key)));
  return { rows, keys, dumps: dumps.map(String) };
}

describe('vambe classify --dry-run', () => {
  it('counts what another taxonomy would change, with examples, and writes neither a row nor a key', async () => {
    const before = await everything();
    expect(before.rows.length).toBeGreaterThan(8);
    const { code, out } = await vambe(['classify', '--all', '--dry-run', '--taxonomy', salesFile, '--json']);
    const document = JSON.parse(out);
    expect(code).toBe(0);
    expect(document).toMatchObject({ dry_run: true, meetings: 3, unclassified: 1, changed: 2 });
    expect(document.taxonomy_version).toMatch(/^sales-meeting-/);
    expect(document.fields_gone).toContain('severity');
    const sector = document.fields.find(({ field }: { field: string }) => field === 'business_sector');
    expect(sector).toMatchObject({ filled: 2, unchanged: 0, replaced: 0, emptied: 0, kept: 0 });
    expect(sector.examples[0]).toMatchObject({ meeting_id: ids[0], before: null, after: 'retail' });
    expect(transcript).toContain(sector.examples[0].evidence[0].quote);
    expect(await everything()).toEqual(before);
  });

  it('finds nothing to change under the taxonomy that stands', async () => {
    const { code, out, err } = await vambe(['classify', ...ids.map(String), '999999', '--dry-run']);
    expect(code).toBe(4);
    expect(out).toContain('0 of 3 meetings would change');
    expect(err).toContain('999999');
    expect(err).toContain('nothing was written');
  });

  it('refuses options that would mean something else, and a model that is paid for', async () => {
    for (const args of [['--dry-run', '--wait'], ['--dry-run', '--force'], ['--taxonomy', salesFile], ['--yes']])
      expect((await vambe(['classify', '--all', ...args])).code).toBe(2);
    const paid = await vambe(['classify', '--all', '--dry-run'], { OPENAI_API_KEY: 'sk-none', CLASSIFIER: 'llm' });
    expect(paid.code).toBe(2);
    expect(paid.err).toContain('--yes');
  });
});
