/** Labels without a value: blank in tables that the API made, null in ours, and null in everything that this program reads. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { emptyLabelFor, type LabelsWithoutValue } from '../../../src/models/api-tables.ts';
import { emptyableColumns } from '../../../src/models/classification-columns.ts';
import { readArchive, writeArchive } from '../../../src/models/queries/archive.ts';
import { listEndedClassifications } from '../../../src/models/queries/classification-jobs.ts';
import { readStandingResult } from '../../../src/models/queries/classifications.ts';
import { createJobLedger } from '../../../src/models/queries/job-ledger.ts';
import { rewriteEmptyLabels } from '../../../src/models/queries/label-form.ts';
import { findMeeting, streamMeetings } from '../../../src/models/queries/meetings.ts';
import { summarise } from '../../../src/models/queries/overview.ts';
import { saveCorrections } from '../../../src/models/queries/reviews.ts';
import { findSavedRows, findSavedVersions } from '../../../src/models/queries/saved-rows.ts';
import { findStandingMeetings } from '../../../src/models/queries/standing-labels.ts';
import { checkSchema, migrateDatabase } from '../../../src/models/schema-check.ts';
import type { Classifier } from '../../../src/services/classification/classifier.ts';
import { apiSchema } from '../../helpers/api-database.ts';
import { say, startFakeLlm } from '../../helpers/fake-llm.ts';
import { makeLlmClassifier, salesTaxonomy } from '../../helpers/llm-classifier.ts';
import { insertMeetings, spanishTranscript } from '../../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';
import { query, readDocument, startApp, type TestApp } from '../../helpers/start-app.ts';

/** Two that say next to nothing, one that says much, one that says a little in English. */
const transcripts = ['Hola.', '…', spanishTranscript, 'Thanks for your time, we will call you.'];
/** A model's reply that has no value for any field. */
const nothingSaid = JSON.stringify({
  fields: Object.fromEntries(
    salesTaxonomy.fields.map(({ id, type }) => [
      id,
      type === 'list' || type === 'phrases' ? { items: [], confidence: 0 } : { value: null, quotes: [], confidence: 0 },
    ]),
  ),
  key_topics: [],
  action_items: [],
  next_steps: null,
  summary: null,
});
const signal = new AbortController().signal;

type Row = Readonly<Record<string, unknown>>;

/** What the front end's pages do with a row, without a check for null. */
function renderPage(row: Row): string {
  const text = (name: string) => row[name] as string;
  const parts = [...emptyableColumns, 'sentiment', 'model_used'].map((name) => {
    const value = text(name);
    const words = value.toLowerCase().split('_').join(' ');
    return (
      value.charAt(0).toUpperCase() + words.slice(1) + String(value.includes('x')) + value.trim().replace(/_/g, ' ')
    );
  });
  const lists = ['categories', 'key_topics', 'action_items'].map((name) => (row[name] as string[]).join(', '));
  return [...parts, ...lists].join('\n');
}

/** A database that the API made; false: one that we made. */
async function openDatabase({ isTableOfApi }: { isTableOfApi: boolean }): Promise<Namespace> {
  const namespace = await createNamespace({ migrated: !isTableOfApi });
  if (!isTableOfApi) return namespace;
  const { createDatabase } = await import('../../../src/core/connections/database.ts');
  const url = namespace.postgresUrl;
  const database = createDatabase({ url, poolSize: 1, prepared: false, applicationName: 'tests' });
  await database.run({ name: '', text: apiSchema }, []);
  await migrateDatabase(database, { createsApiTables: false }).finally(() => database.close());
  return namespace;
}

interface Classified {
  readonly app: TestApp;
  readonly ids: readonly number[];
  readonly taskIds: readonly string[];
}

/** An app on the database that has classified the transcripts; closed when the test or the group is over. */
async function classify(
  namespace: Namespace,
  { setting = 'auto', classifier }: { setting?: LabelsWithoutValue; classifier?: Classifier } = {},
): Promise<Classified> {
  const app = await startApp(namespace, { settings: { labelsWithoutValue: setting }, classifier });
  const ids = await insertMeetings(app.database, transcripts);
  const worker = await app.work();
  const taskIds = await Promise.all(ids.map((id) => app.ask({ args: [id] })));
  for (const taskId of taskIds) await app.rowIn(taskId, 'completed');
  await worker.stop();
  return { app, ids, taskIds };
}

const rowsOf = ({ app, ids }: Classified) =>
  query<Row>(app, 'select * from public.meetings_classifications where meeting_id = any($1::int[]) order by id', [ids]);
const blanksIn = (rows: readonly Row[]) => rows.flatMap((row) => Object.values(row).filter((value) => value === ''));
const nullsIn = (rows: readonly Row[]) =>
  rows.flatMap((row) => [...emptyableColumns].filter((name) => row[name] === null));

async function startSilentModel(): Promise<Classifier> {
  const model = await startFakeLlm();
  onTestFinished(() => model.close());
  model.otherwise(say(nothingSaid));
  return makeLlmClassifier(model.baseUrl, { bounds: { wholeMs: 10_000 } });
}

describe("a table that the API's migrations made", () => {
  let namespace: Namespace;
  let done: Classified;

  beforeAll(async () => {
    namespace = await openDatabase({ isTableOfApi: true });
    done = await classify(namespace);
  });
  afterAll(async () => {
    await done?.app.close();
    await namespace?.close();
  });

  test('holds rows of the offline classifier that a page without checks for null can show (S1)', async () => {
    const rows = await rowsOf(done);
    expect(rows).toHaveLength(transcripts.length);
    expect(blanksIn(rows).length).toBeGreaterThan(20);
    for (const row of rows) expect(() => renderPage(row)).not.toThrow();
  });

  test('holds rows of a model that a page without checks for null can show, language and summary too (S1)', async () => {
    const answered = await classify(namespace, { classifier: await startSilentModel() });
    onTestFinished(() => answered.app.close());
    const rows = await rowsOf(answered);
    expect(rows[0]).toMatchObject({ model_used: 'model-of-tests', language: '', summary: '', next_steps: '' });
    for (const row of rows) expect(() => renderPage(row)).not.toThrow();
  });

  test('has results in Redis of the same form, of unchanged meetings too (S1)', async () => {
    const [meetingId = 0] = done.ids;
    const [row = {}] = await rowsOf(done);
    const published = await readDocument(done.app, `classification_result:${meetingId}`);
    expect(() => renderPage(published ?? {})).not.toThrow();
    const worker = await done.app.work();
    const again = await done.app.rowIn(await done.app.ask({ args: [meetingId] }), 'completed');
    await worker.stop();
    expect(again.result).toMatchObject({ unchanged: true, classification_data: { region: row.region } });
    expect(await createJobLedger(done.app.database).resultOf(again.task_id)).toMatchObject({
      classification_data: { region: null },
    });
    expect(await readDocument(done.app, `classification_result:${meetingId}`)).toEqual(published);
  });

  test('keeps null in the run and in everything that this program reads (S1)', async () => {
    const { app, ids, taskIds } = done;
    const { database } = app;
    const runs = await query<Row>(app, 'select fields, texts from vambe_worker.runs where meeting_id = any($1)', [ids]);
    expect(JSON.stringify(runs)).toContain('"region":{"value":null');
    const exported: Row[] = [];
    for await (const row of streamMeetings(database)) exported.push({ ...row });
    const standing = await findStandingMeetings(database, ids);
    const rowIds = await query<{ id: string }>(app, 'select id::text from vambe_worker.jobs where task_id = any($1)', [
      taskIds,
    ]);
    const ended = await listEndedClassifications(
      database,
      rowIds.map(({ id }) => id),
    );
    const versions = await findSavedVersions(database, { floor: '0', since: null });
    const shadowed = await findSavedRows(database, versions.versions, { hasWorkerTables: false });
    const shown = await Promise.all(ids.map((id) => findMeeting(database, id)));
    const results = await Promise.all(ids.map((id) => readStandingResult(database, id)));
    const archived: string[] = [];
    await readArchive(database, async ({ rows }) => {
      for await (const { table, json } of rows()) if (table === 'public.meetings_classifications') archived.push(json);
    });
    const read = {
      exported,
      standing: standing.map(({ columns }) => columns ?? {}),
      ended: ended.map(({ labels }) => labels ?? {}),
      shadowed: shadowed.map(({ saved }) => saved),
      shown: shown.map((meeting) => ({ ...meeting?.classification, ...meeting?.classification?.columns })),
      results: results.map((result) => result?.classification_data ?? {}),
      archived: archived.map((json) => JSON.parse(json) as Row),
    };
    for (const [what, rows] of Object.entries(read)) {
      expect(rows.length, what).toBeGreaterThanOrEqual(transcripts.length);
      expect(blanksIn(rows), what).toEqual([]);
      expect(rows[0], what).toMatchObject({ region: null });
    }
    const { columns } = await summarise(database);
    expect(Object.values(columns).flatMap((values) => values.map(({ value }) => value))).not.toContain('');
  });

  test('gets blank for a correction to null, and a correction says that it was null before (S1)', async () => {
    const meetingId = done.ids[2] ?? 0;
    const correct = (value: string | null) =>
      saveCorrections(done.app.database, {
        meetingId,
        values: { vambe_product: value },
        reviewer: 'ana',
        reason: null,
        emptyLabel: '',
      });
    const productOf = async () => (await rowsOf({ ...done, ids: [meetingId] }))[0]?.vambe_product;
    await query(done.app, 'delete from vambe_worker.runs where meeting_id = $1', [meetingId]);
    await query(done.app, `update public.meetings_classifications set vambe_product = '' where meeting_id = $1`, [
      meetingId,
    ]);
    expect(await correct('iris')).toMatchObject([{ before: null, after: 'iris' }]);
    expect(await productOf()).toBe('iris');
    await correct(null);
    expect(await productOf()).toBe('');
    const worker = await done.app.work();
    await done.app.rowIn(await done.app.ask({ args: [meetingId, true] }), 'completed');
    await worker.stop();
    for (const row of await rowsOf(done)) expect(() => renderPage(row)).not.toThrow();
  });
});

describe('a table that this program made', () => {
  test('holds null, and blank where the setting says so (S1)', async () => {
    const namespace = await openDatabase({ isTableOfApi: false });
    onTestFinished(() => namespace.close());
    for (const [setting, nulls, blanks] of [
      ['auto', true, false],
      ['blank', false, true],
      ['null', true, false],
    ] as const) {
      const one = await classify(namespace, { setting });
      const rows = await rowsOf(one);
      expect({ setting, nulls: nullsIn(rows).length > 0, blanks: blanksIn(rows).length > 0 }).toEqual({
        setting,
        nulls,
        blanks,
      });
      await one.app.close();
    }
  });

  test.each([
    ['ours', '', false],
    ['ours with columns that were added', 'alter table public.meetings_classifications add column mood text', false],
    ['ours whose users table came later', 'create table public.users (id serial primary key)', false],
    ['dropped and made by the API', `drop schema public cascade; create schema public; ${apiSchema}`, true],
    [
      'dropped and made by the API with serial keys and columns that were added',
      `drop schema public cascade; create schema public; ${apiSchema.replaceAll('integer generated by default as identity', 'serial')};
       alter table meetings_classifications add column mood text`,
      true,
    ],
  ])('is told from one of the API: %s (S1)', async (_what, change, isTableOfApi) => {
    const namespace = await openDatabase({ isTableOfApi: false });
    onTestFinished(() => namespace.close());
    const app = await startApp(namespace);
    onTestFinished(() => app.close());
    if (change !== '') await query(app, change);
    const facts = await checkSchema(app.database);
    expect(facts.isTableOfApi).toBe(isTableOfApi);
    expect(emptyLabelFor('auto', facts)).toBe(isTableOfApi ? '' : null);
    expect([emptyLabelFor('null', facts), emptyLabelFor('blank', facts)]).toEqual([null, '']);
  });
});

test('rows that are there are brought to either form in pages, once, and stay ours for a shadow (S1)', async () => {
  const namespace = await openDatabase({ isTableOfApi: false });
  onTestFinished(() => namespace.close());
  const one = await classify(namespace);
  onTestFinished(() => one.app.close());
  const { database } = one.app;
  await query(
    one.app,
    `with many as (insert into public.meetings (client_id, seller_id, meeting_at, transcript)
       select m.client_id, m.seller_id, now(), 'texto' from (select * from public.meetings limit 1) m, generate_series(1, 1201) returning id)
     insert into public.meetings_classifications (meeting_id, sentiment, model_used) select id, 'neutral', 'python' from many`,
  );
  const all = () => query<Row>(one.app, 'select * from public.meetings_classifications order by id');
  const others = async () => {
    const { versions } = await findSavedVersions(database, { floor: '0', since: null });
    const rows = await findSavedRows(database, versions, { hasWorkerTables: true });
    return rows.length;
  };
  const before = await all();
  expect(await rewriteEmptyLabels(database, { emptyLabel: '', signal })).toBe(before.length);
  expect(await rewriteEmptyLabels(database, { emptyLabel: '', signal })).toBe(0);
  const blank = await all();
  expect(nullsIn(blank)).toEqual([]);
  for (const row of blank) expect(() => renderPage(row)).not.toThrow();
  expect(await others()).toBe(1201);
  expect(await rewriteEmptyLabels(database, { emptyLabel: null, signal })).toBe(before.length);
  expect(await rewriteEmptyLabels(database, { emptyLabel: null, signal })).toBe(0);
  expect(await all()).toEqual(before);
  expect(await others()).toBe(1201);
});

test('an archive of either form becomes the form of the database it goes into (S1)', async () => {
  const [from, to] = await Promise.all([true, false].map((isTableOfApi) => openDatabase({ isTableOfApi })));
  if (from === undefined || to === undefined) throw new Error('two databases were opened');
  onTestFinished(() => from.close());
  onTestFinished(() => to.close());
  const one = await classify(from);
  onTestFinished(() => one.app.close());
  const target = await startApp(to);
  onTestFinished(() => target.close());
  await query(one.app, `update public.meetings_classifications set region = null where meeting_id = $1`, [one.ids[0]]);
  const copyWith = (emptyLabel: '' | null) =>
    readArchive(one.app.database, ({ rows, tables }) =>
      writeArchive(target.database, emptyLabel, async ({ insert }) => {
        const columnsOf = new Map(tables.map(({ name, columns }) => [name, columns]));
        for await (const { table, json } of rows()) await insert(table, columnsOf.get(table) ?? [], [json]);
      }),
    );
  const copied = () => query<Row>(target, 'select * from public.meetings_classifications');
  await copyWith(null);
  expect(blanksIn(await copied())).toEqual([]);
  await query(
    target,
    `truncate public.clients, public.sellers, public.meetings, vambe_worker.jobs, vambe_worker.runs, vambe_worker.current cascade`,
  );
  await copyWith('');
  expect(nullsIn(await copied())).toEqual([]);
});
