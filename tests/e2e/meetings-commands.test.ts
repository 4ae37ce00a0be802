/** import, classify, show, export and review as a person at a shell meets them. */
import { type ExecFileException, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CommandModule } from '../../src/cli/kit/cli.ts';
import { run } from '../../src/cli/kit/program.ts';
import { importsDocument, previewDocument } from '../../src/contract/imports.ts';
import { AppError } from '../../src/core/errors.ts';
import { insertMeetings } from '../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { productProgram } from '../helpers/product.ts';
import { query, startApp, type TestApp } from '../helpers/start-app.ts';
import { createStubClassifier } from '../helpers/stub-classifier.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { makeIo } from '../unit/cli/fake-io.ts';

const header =
  'Nombre,Correo Electronico,Numero de Telefono,Fecha de la Reunion,Vendedor asignado,closed,Transcripcion\n';
const transcript =
  'Tenemos una clínica dental y las recepcionistas viven pegadas al teléfono. Nos recomendó un colega. Es urgente.';

let namespace: Namespace;
let folder: string;
let app: TestApp;
let worker: { stop(graceMs?: number): Promise<void> };
let clients = 0;

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const nowhere = { REDIS_URL: 'redis://127.0.0.1:1', DATABASE_URL: 'postgres://127.0.0.1:1/none' };

const environmentOf = (more: Record<string, string> = {}) => ({
  REDIS_URL: namespace.redisUrl,
  DATABASE_URL: namespace.postgresUrl,
  ...more,
});

/** As a process of its own, where the process itself is what is looked at. */
function vambeProcess(args: readonly string[], environment: Record<string, string>): Promise<Run> {
  const env = { PATH: process.env.PATH, HOME: folder, ...environment };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...productProgram('cli/main'), ...args],
      { cwd: folder, env, maxBuffer: 64 * 1024 ** 2 },
      (error: ExecFileException | null, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err }),
    );
  });
}

const commands = ['import', 'classify', 'show', 'export', 'review'].map((name) => ({
  name,
  load: (): Promise<CommandModule> => import(`../../src/cli/commands/${name}.ts`),
}));

/** The same command line in this process: a start of its own takes a second of a core. */
async function vambe(args: readonly string[], environment: Record<string, string> = {}): Promise<Run> {
  const { io, stdout, stderr } = makeIo({ environment: environmentOf(environment) });
  const code = await run(args, { commands, version: '1.2.3', io });
  return { code, out: stdout.text(), err: stderr.text() };
}

async function vambeJson(args: readonly string[], environment: Record<string, string> = {}) {
  const ended = await vambe([...args, '--json'], environment);
  return { ...ended, document: JSON.parse(ended.out) };
}

async function write(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** A row of a client of its own. */
function rowOf(cells: { email?: string; date?: string; closed?: string; transcript?: string } = {}): string {
  clients += 1;
  const { email = `client${clients}@example.com`, date = '2024-02-10', closed = '1' } = cells;
  const text = (cells.transcript ?? transcript).replaceAll('"', '""');
  return `Clínica ${clients},${email},+56 9 1234,${date},Ana Pérez,${closed},"${text}"\n`;
}

/** Meetings that are stored and not queued; their ids. */
async function store(...rows: readonly string[]): Promise<number[]> {
  const before = await lastMeetingId();
  const path = await write('stored.csv', header + rows.join(''));
  expect((await vambe(['import', path, '--no-classify'])).code).toBe(0);
  const found = await query<{ id: number }>(app, 'select id from public.meetings where id > $1 order by id', [before]);
  return found.map(({ id }) => id);
}

async function lastMeetingId(): Promise<number> {
  const [row] = await query<{ id: number }>(app, 'select coalesce(max(id), 0)::int as id from public.meetings');
  return row?.id ?? 0;
}

beforeAll(async () => {
  namespace = await createNamespace();
  folder = await mkdtemp(join(tmpdir(), 'vambe-meetings-'));
  app = await startApp(namespace);
  worker = await app.work({ concurrency: 4 });
});

afterAll(async () => {
  await worker?.stop();
  await app?.close();
  await namespace?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('vambe import', () => {
  it('stores what is new, queues it, and says so once more when nothing is', async () => {
    const path = await write('two.csv', header + rowOf() + rowOf());
    const first = await vambeJson(['import', path]);
    expect(first).toMatchObject({
      code: 0,
      document: { success: true, read: 2, inserted: 2, queued: 2, existing: 0, encoding: 'UTF-8', delimiter: 'comma' },
    });
    const again = await vambeJson(['import', path]);
    expect(again).toMatchObject({ code: 0, document: { read: 2, inserted: 0, existing: 2, queued: 0 } });
  });

  it('names line and reason of each rejected row, exits with 4, and its rejects file can be mended and imported', async () => {
    const path = await write('bad.csv', header + rowOf({ date: '2024-02-30' }) + rowOf() + rowOf({ closed: 'maybe' }));
    const rejects = join(folder, 'rejected.csv');
    const { code, document, err } = await vambeJson(['import', path, '--no-classify', '--rejects', rejects]);
    expect(code).toBe(4);
    expect(document).toMatchObject({ success: false, inserted: 1, rejected: [{ line: 2 }, { line: 4 }] });
    expect(document.rejected[0].reason).toContain('2024-02-30');
    expect(err).toContain(rejects);
    const mended = (await readFile(rejects, 'utf8')).replace('2024-02-30', '2024-02-29').replace('maybe', 'no');
    const again = await vambeJson(['import', await write('mended.csv', mended), '--no-classify']);
    expect(again).toMatchObject({ code: 0, document: { inserted: 2 } });
  });

  it('lists a row that differs from the stored meeting, which it keeps', async () => {
    const email = 'differs@example.com';
    const rows = rowOf({ email, transcript: 'Primera versión.' }) + rowOf({ email, transcript: 'Segunda versión.' });
    const { code, document } = await vambeJson(['import', await write('differs.csv', header + rows), '--no-classify']);
    expect(code).toBe(0);
    expect(document).toMatchObject({ inserted: 1, differing: [{ line: 3 }] });
    const { document: shown } = await vambeJson(['show', String(document.differing[0].meeting_id)]);
    expect(shown.meeting.transcript).toBe('Primera versión.');
  });

  it('queues no meeting without a transcript', async () => {
    const path = await write('blank.csv', header + rowOf({ transcript: ' ' }) + rowOf());
    const { document } = await vambeJson(['import', path]);
    expect(document).toMatchObject({ inserted: 2, without_transcript: 1, queued: 1 });
  });

  it('reads Windows-1252 with semicolons', async () => {
    const text = (header + rowOf({ transcript: 'Señor; ¿cuándo?' })).replace(/,(?=.)/g, ';');
    const { document } = await vambeJson([
      'import',
      await write('latin.csv', Buffer.from(text, 'latin1')),
      '--no-classify',
    ]);
    expect(document).toMatchObject({ encoding: 'Windows-1252', delimiter: 'semicolon', inserted: 1, rejected: [] });
    const { document: shown } = await vambeJson(['show', String(await lastMeetingId())]);
    expect(shown.meeting.transcript).toBe('Señor; ¿cuándo?');
  });

  it('stores nothing with --dry-run, and shows what was recognised and five rows (--dry-run)', async () => {
    const before = await lastMeetingId();
    const rows = Array.from({ length: 7 }, () => rowOf({ date: '13/02/2024' })).join('');
    const path = await write('dry.csv', `Reporte\n${header.replace('closed', 'Ganado')}${rows}`);
    const { code, document } = await vambeJson(['import', path, '--dry-run'], nowhere);
    expect(code).toBe(0);
    expect(previewDocument.parse(document)).toMatchObject({
      success: true,
      dry_run: true,
      files: [
        {
          file: path,
          encoding: 'UTF-8',
          delimiter: 'comma',
          header_line: 2,
          columns: { closed: 'Ganado' },
          dates_read_as: 'day-month-year',
          would_be_stored: 7,
          rows: Array.from({ length: 5 }, () => ({ meeting_at: '2024-02-13T00:00:00.000Z', closed: true, transcript })),
        },
      ],
    });
    const { out, err } = await vambe(['import', path, '--dry-run'], nowhere);
    expect(out).toContain('dates read as\tday-month-year');
    expect(out.match(/^client\t/gm)).toHaveLength(5);
    expect(err).toContain('nothing was stored');
    expect((await vambe(['import', path, '--dry-run', '--no-classify'])).code).toBe(2);
    expect(await lastMeetingId()).toBe(before);
  });

  it('imports several files in one call, with one document of all (several files)', async () => {
    const table = await write('one.csv', header + rowOf());
    const call = await write('call.vtt', `WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ana>${transcript}\n`);
    const options = ['--client', 'Ana Ruiz', '--seller', 'Camila Rojas', '--date', '2024-05-02'];
    const { code, document } = await vambeJson(['import', table, call, ...options]);
    expect(code).toBe(0);
    expect(importsDocument.parse(document)).toMatchObject({
      success: true,
      inserted: 2,
      queued: 2,
      files: [{ file: table }, { file: call }],
    });
    const { document: shown } = await vambeJson(['show', String(await lastMeetingId())]);
    expect(shown.meeting).toMatchObject({ client: { name: 'Ana Ruiz' }, seller: { name: 'Camila Rojas' } });
    expect(shown.meeting.transcript).toContain('00:01.000 --> 00:02.000');
  });

  it('takes --map, --group-by and --encoding (CSV options)', async () => {
    const mapped = await write('map.csv', header.replace('Transcripcion', 'Words') + rowOf());
    expect(
      (await vambeJson(['import', mapped, '--no-classify', '--map', 'Transcripcion=Words'])).document,
    ).toMatchObject({ inserted: 1 });
    const { code, err } = await vambe(['import', mapped, '--map', 'Palabras=Words']);
    expect(code).toBe(2);
    expect(err).toContain('Columns: Nombre, ');
    const said = await write('said.csv', `call_id,speaker,text\n1,Ana,Hola\n1,Luis,Buenas\n`);
    const given = ['--client', 'Zoe', '--seller', 'Luis', '--date', '2024-05-03', '--closed', 'no', '--no-classify'];
    const { document } = await vambeJson(['import', said, '--group-by', 'call_id', '--encoding', 'utf-8', ...given]);
    expect(document).toMatchObject({ inserted: 1, read: 1 });
  });

  it('writes rejects as the input was, or for Excel (--excel)', async () => {
    const text = header.replaceAll(',', ';') + rowOf({ date: '2024-02-30' }).replaceAll(/,(?! )/g, ';');
    const path = await write('like.csv', `\uFEFF${text}`);
    const rejects = join(folder, 'like-rejects.csv');
    await vambe(['import', path, '--no-classify', '--rejects', rejects]);
    expect(await readFile(rejects, 'utf8')).toMatch(/^\uFEFFNombre;Correo/);
    await vambe([
      'import',
      await write('plain.csv', header + rowOf({ date: 'x' })),
      '--no-classify',
      '--rejects',
      rejects,
    ]);
    expect(await readFile(rejects, 'utf8')).toMatch(/^Nombre,Correo/);
    await vambe(['import', join(folder, 'plain.csv'), '--no-classify', '--rejects', rejects, '--excel']);
    expect(await readFile(rejects, 'utf8')).toMatch(/^\uFEFFNombre;Correo/);
  });

  it('tells a file fault in one sentence, exit 2, though no server answers', async () => {
    const unreachable = { REDIS_URL: 'redis://127.0.0.1:1', DATABASE_URL: 'postgres://127.0.0.1:1/none' };
    await mkdir(join(folder, 'a-folder'), { recursive: true });
    const faults: [string, string][] = [
      [join(folder, 'nowhere.csv'), 'does not exist'],
      [join(folder, 'a-folder'), 'is a folder'],
      [await write('empty.csv', ''), 'is empty'],
      [await write('header.csv', header), 'no rows'],
      [await write('other.csv', 'Nombre,Fecha\nAna,2024-01-01\n'), 'lacks the columns'],
    ];
    for (const [path, words] of faults) {
      const { code, out, err } = await vambe(['import', path], unreachable);
      expect(code).toBe(2);
      expect(out).toBe('');
      expect(err).toMatch(new RegExp(`^vambe: [^\\n]*${words}[^\\n]*\\n$`));
    }
  });

  it('says in which form it read the dates, and rejects a row of another form by its line', async () => {
    const rows = ['5/2/2024', '02/13/2024', '2024-02-10', '3/4/2024'].map((date) => rowOf({ date }));
    const path = await write('month-first.csv', header + rows.join(''));
    const { code, document } = await vambeJson(['import', path, '--no-classify']);
    expect(code).toBe(4);
    expect(document).toMatchObject({
      inserted: 3,
      dates_read_as: 'month-day-year',
      rejected: [{ line: 4, reason: expect.stringContaining('the dates of this file are read as month-day-year') }],
    });
    expect((await vambe(['import', path, '--no-classify'])).out).toContain('dates read as\tmonth-day-year');
  });

  it('refuses dates that fit two orders, exit 2, and imports them with --date-order', async () => {
    const before = await lastMeetingId();
    const path = await write('unclear.csv', header + rowOf({ date: '5/2/2024' }) + rowOf({ date: '3/4/2024' }));
    const refused = await vambe(['import', path, '--no-classify']);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain('"5/2/2024" in line 2');
    expect(refused.err).toContain('--date-order dmy or --date-order mdy');
    expect(await lastMeetingId()).toBe(before);
    const { document } = await vambeJson(['import', path, '--no-classify', '--date-order', 'mdy']);
    expect(document).toMatchObject({ inserted: 2, dates_read_as: 'month-day-year' });
    const days = await query<{ day: string }>(
      app,
      "select to_char(meeting_at at time zone 'utc', 'YYYY-MM-DD') as day from public.meetings where id > $1 order by id",
      [before],
    );
    expect(days).toEqual([{ day: '2024-05-02' }, { day: '2024-03-04' }]);
    expect((await vambe(['import', path, '--date-order', 'dym'])).code).toBe(2);
    expect((await vambe(['import', 'all.vambe', '--date-order', 'dmy'])).err).toContain('--date-order has no meaning');
  });

  it('needs no Redis with --no-classify', async () => {
    const path = await write('no-redis.csv', header + rowOf());
    const { code, document } = await vambeJson(['import', path, '--no-classify'], { REDIS_URL: 'redis://127.0.0.1:1' });
    expect(code).toBe(0);
    expect(document).toMatchObject({ inserted: 1, queued: 0 });
  });

  it('keeps data and messages apart as a process of its own', async () => {
    const path = await write('process.csv', header + rowOf());
    const { code, out, err } = await vambeProcess(['import', path], environmentOf());
    expect(code).toBe(0);
    expect(out).toContain('inserted\t1');
    expect(err).toContain('classifies them');
    expect(out).not.toContain('classifies them');
  });
});

describe('vambe classify', () => {
  it('waits for the end and gives the labels of each meeting', async () => {
    const ids = await store(rowOf(), rowOf());
    const { code, document } = await vambeJson(['classify', ...ids.map(String), '--wait']);
    expect(code).toBe(0);
    expect(document).toMatchObject({ success: true, accepted: 2, completed: 2, unchanged: 0, failed: 0 });
    const [first] = document.results;
    expect(first).toMatchObject({ meeting_id: ids[0], state: 'completed', labels: { language: 'es' } });
  });

  it('says what had not changed, unless it is forced', async () => {
    const [id] = await store(rowOf());
    await vambe(['classify', String(id), '--wait']);
    const again = await vambeJson(['classify', String(id), '--wait']);
    expect(again.document).toMatchObject({ completed: 1, unchanged: 1 });
    const forced = await vambeJson(['classify', String(id), '--wait', '--force']);
    expect(forced.document).toMatchObject({ completed: 1, unchanged: 0 });
  });

  it('counts an id once and tells known from unknown: exit 4, or 3 where none is known', async () => {
    const [id] = await store(rowOf());
    const some = await vambeJson(['classify', String(id), String(id), '2000000000']);
    expect(some).toMatchObject({ code: 4, document: { success: false, accepted: 1, unknown: [2000000000] } });
    const none = await vambeJson(['classify', '2000000000', '2000000001']);
    expect(none).toMatchObject({ code: 3, document: { accepted: 0, unknown: [2000000000, 2000000001] } });
  });

  it('classifies whatever has no classification', async () => {
    const ids = await store(rowOf(), rowOf(), rowOf({ transcript: '' }));
    const { code, document } = await vambeJson(['classify', '--unclassified', '--wait']);
    expect(code).toBe(0);
    const classified = document.results.map(({ meeting_id }: { meeting_id: number }) => meeting_id);
    expect(classified).toEqual(expect.arrayContaining(ids.slice(0, 2)));
    expect(classified).not.toContain(ids[2]);
    expect((await vambeJson(['classify', '--unclassified'])).document).toMatchObject({ accepted: 0 });
  });

  it('tells a meeting that cannot be classified with its reason, exit 4', async () => {
    const [blank, good] = await store(rowOf({ transcript: '' }), rowOf());
    const { code, document } = await vambeJson(['classify', String(blank), String(good), '--wait']);
    expect(code).toBe(4);
    expect(document).toMatchObject({ success: false, completed: 1, failed: 1 });
    expect(document.results[0]).toMatchObject({ meeting_id: blank, state: 'failed', error_code: 'TRANSCRIPT_EMPTY' });
  });

  it('refuses what is no id and more than one choice, before any server', async () => {
    const unreachable = { REDIS_URL: 'redis://127.0.0.1:1', DATABASE_URL: 'postgres://127.0.0.1:1/none' };
    for (const args of [
      ['0'],
      ['-1'],
      ['1.5'],
      ['2147483648'],
      ['abc'],
      [],
      ['1', '--all'],
      ['--all', '--unclassified'],
    ]) {
      const { code, out } = await vambe(['classify', ...args], unreachable);
      expect(code, args.join(' ')).toBe(2);
      expect(out).toBe('');
    }
  });

  it('with --wait says what jobs failed with that are tried again', async () => {
    const troubled = await createNamespace();
    const classifier = createStubClassifier({
      before: () => {
        throw new AppError('MODEL_UNREACHABLE', "The model's server m.example.com cannot be reached (ECONNREFUSED).");
      },
    });
    const failing = await startApp(troubled, { classifier, settings: { retryDelaySeconds: 600 } });
    const failingWorker = await failing.work({ withHousekeeping: true });
    try {
      const environment = { REDIS_URL: troubled.redisUrl, DATABASE_URL: troubled.postgresUrl };
      const [id] = await insertMeetings(failing.database, [transcript]);
      const { io, stderr, signals } = makeIo({ environment });
      const ended = run(['classify', String(id), '--wait'], { commands, version: '1.2.3', io });
      await waitFor('the note', () => stderr.text().includes('[MODEL_UNREACHABLE]'));
      expect(stderr.text()).toContain('1 job failed, to be tried again: The model');
      signals.emit('SIGINT', 'SIGINT');
      expect(await ended).toBe(130);
    } finally {
      await failingWorker.stop();
      await failing.close();
      await troubled.close();
    }
  });

  it('with --wait and no worker says so and goes on waiting; Ctrl-C leaves the jobs queued', async () => {
    const [id] = await store(rowOf());
    const lonely = await createNamespace();
    try {
      const environment = environmentOf({ REDIS_URL: lonely.redisUrl });
      const { io, stderr, signals } = makeIo({ environment });
      const ended = run(['classify', String(id), '--wait'], { commands, version: '1.2.3', io });
      await waitFor('the note', () => stderr.text().includes('no worker is running'));
      signals.emit('SIGINT', 'SIGINT');
      expect(await ended).toBe(130);
      expect(stderr.text()).toContain('1 job stays queued');
    } finally {
      await lonely.close();
    }
  });
});

describe('a classified meeting', () => {
  let id: number;

  beforeEach(async () => {
    [id = 0] = await store(rowOf());
    await vambe(['classify', String(id), '--wait']);
  });

  it('is shown with quotes that stand in its transcript, and with its history', async () => {
    const { code, document } = await vambeJson(['show', String(id)]);
    expect(code).toBe(0);
    const { meeting, classification, history } = document;
    expect(meeting).toMatchObject({
      id,
      seller: { name: 'Ana Pérez' },
      meeting_at: '2024-02-10T00:00:00.000Z',
      transcript,
    });
    const evidence = Object.values<{ evidence: { quote: string; start: number; end: number }[] }>(
      classification.fields,
    ).flatMap((field) => field.evidence);
    expect(evidence.length).toBeGreaterThan(0);
    for (const { quote, start, end } of evidence) expect(transcript.slice(start, end)).toBe(quote);
    expect(history.runs).toHaveLength(1);
    expect(history.jobs[0]).toMatchObject({ state: 'completed', origin: 'cli' });
    const text = await vambe(['show', String(id)]);
    expect(text.out).toContain('urgency\ttrue');
    expect(text.out).toContain(transcript);
  });

  it('stores a correction with who, before, after and why on record, until a forced classification', async () => {
    const args = ['review', String(id), 'urgency=false', 'business_sector=null', '--by', 'Camila', '--reason', 'sure'];
    const { code, document } = await vambeJson(args);
    expect(code).toBe(0);
    expect(document.corrections).toMatchObject([
      { field: 'urgency', before: true, after: false },
      { field: 'business_sector', after: null },
    ]);
    await vambe(['classify', String(id), '--wait']);
    const shown = (await vambeJson(['show', String(id)])).document;
    expect(shown.classification.fields.urgency).toMatchObject({ value: false, is_corrected: true, answered: true });
    expect(shown.history.reviews).toMatchObject([
      { field: 'business_sector', reviewer: 'Camila', reason: 'sure' },
      { field: 'urgency', before: true, after: false },
    ]);
    const [row] = await query(
      app,
      'select urgency, business_sector from public.meetings_classifications where meeting_id = $1',
      [id],
    );
    expect(row).toEqual({ urgency: false, business_sector: null });
    const audit = await query(app, `select actor, before, after, reason from vambe_worker.audit where object = $1`, [
      `meeting:${id}`,
    ]);
    expect(audit).toMatchObject([
      { actor: 'Camila', after: { urgency: false, business_sector: null }, reason: 'sure' },
    ]);
    await vambe(['classify', String(id), '--wait', '--force']);
    const { classification } = (await vambeJson(['show', String(id)])).document;
    expect(classification.fields.urgency).toMatchObject({ value: true, is_corrected: false });
  });

  it('stores a null correction of a column that cannot be null as the default of that column', async () => {
    expect((await vambe(['review', String(id), 'sentiment=null', 'categories='])).code).toBe(0);
    const [row] = await query(
      app,
      'select sentiment, categories from public.meetings_classifications where meeting_id = $1',
      [id],
    );
    expect(row).toEqual({ sentiment: 'neutral', categories: [] });
    const { classification } = (await vambeJson(['show', String(id)])).document;
    expect(classification.fields.sentiment).toMatchObject({ value: null, is_corrected: true });
  });

  it('shows its correction to clients that read the copy in Redis', async () => {
    await vambe(['review', String(id), 'urgency=false']);
    const copy = JSON.parse((await app.redis.get(`classification_result:${id}`)) ?? '{}');
    expect(copy).toMatchObject({ meeting_id: id, urgency: false });
    expect(await app.redis.ttl(`classification_result:${id}`)).toBeGreaterThan(0);
  });

  it('keeps both a correction and a save that meet', async () => {
    const sectors = ['retail', 'energy', 'mining'];
    let areReviewed = false;
    const reviewing = Promise.all(
      sectors.map((sector) => vambe(['review', String(id), `business_sector=${sector}`])),
    ).finally(() => {
      areReviewed = true;
    });
    let saves = 0;
    for (; !areReviewed; saves += 1) {
      await query(app, `update public.meetings set transcript = transcript || ' Eso.' where id = $1`, [id]);
      await app.rowIn(await app.ask({ args: [id] }), 'completed');
    }
    expect(saves).toBeGreaterThan(1);
    const reviews = await reviewing;
    expect(reviews.map(({ code, err }) => [code, err])).toEqual(sectors.map(() => [0, '']));
    const [row] = await query<{ column: string; kept: string }>(
      app,
      `select mc.business_sector as column, c.corrected->>'business_sector' as kept
from public.meetings_classifications mc join vambe_worker.current c using (meeting_id) where meeting_id = $1`,
      [id],
    );
    expect(sectors).toContain(row?.kept);
    expect(row?.column).toBe(row?.kept);
  });

  it('refuses an unknown field, value or meeting, each with its exit code', async () => {
    expect(await vambe(['review', String(id), 'urgencia=true'])).toMatchObject({ code: 2, out: '' });
    expect((await vambe(['review', String(id), 'business_sector=retai'])).err).toContain('Did you mean "retail"?');
    expect((await vambe(['review', String(id), 'urgency=true', 'urgency=false'])).code).toBe(2);
    expect((await vambe(['review', '2000000000', 'urgency=true'])).code).toBe(3);
    const [bare] = await store(rowOf());
    const { code, err } = await vambe(['review', String(bare), 'urgency=true']);
    expect(code).toBe(3);
    expect(err).toContain(`Meeting ${bare} has no classification to correct.`);
  });
});

describe('a classification that another worker made', () => {
  it('can be shown and corrected, and the correction outlives our own classification', async () => {
    const [id] = await store(rowOf());
    await query(
      app,
      `insert into public.meetings_classifications (meeting_id, urgency, sentiment, model_used) values ($1, false, 'positive', 'gpt-4o-mini')`,
      [id],
    );
    const before = (await vambeJson(['show', String(id)])).document.classification;
    expect(before.fields.urgency).toMatchObject({ value: false, confidence: null, evidence: [] });
    expect((await vambe(['review', String(id), 'lead_source=seo'])).code).toBe(0);
    await vambe(['classify', String(id), '--wait']);
    const after = (await vambeJson(['show', String(id)])).document.classification;
    expect(after.fields).toMatchObject({ urgency: { value: true }, lead_source: { value: 'seo', is_corrected: true } });
  });
});

it('show of an unknown meeting exits with 3', async () => {
  expect(await vambeJson(['show', '2000000000'])).toMatchObject({ code: 3, document: { code: 'NOT_FOUND' } });
});

describe('vambe export', () => {
  it('gives every meeting once in each format, page after page', async () => {
    await store(rowOf());
    await query(
      app,
      `insert into public.meetings (client_id, seller_id, meeting_at, transcript)
select (select min(id) from public.clients), (select min(id) from public.sellers), timestamptz '2020-01-01' + n * interval '1 day', 'Texto ' || n
from generate_series(1, 1200) n`,
    );
    const [{ count } = { count: 0 }] = await query<{ count: number }>(
      app,
      'select count(*)::int as count from public.meetings',
    );
    const lines = (await vambe(['export', '--format', 'jsonl'])).out.trimEnd().split('\n');
    const ids = lines.map((line) => JSON.parse(line).meeting_id);
    expect(ids).toHaveLength(count);
    expect(new Set(ids).size).toBe(count);
    expect(JSON.parse((await vambe(['export', '--json'])).out)).toHaveLength(count);
    const csv = (await vambe(['export'])).out;
    expect(csv).toMatch(/^meeting_id,client_name,.*,transcript\n/);
    await query(app, `delete from public.meetings where transcript like 'Texto %'`);
  });

  it('gives transcripts that are too large for one page', async () => {
    const large = 'palabra '.repeat(250_000);
    const ids = await store(...Array.from({ length: 3 }, () => rowOf({ transcript: large })));
    const { code, out } = await vambe(['export', '--format', 'jsonl']);
    expect(code).toBe(0);
    const lengths = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ meeting_id }) => ids.includes(meeting_id))
      .map((row) => row.transcript.length);
    expect(lengths).toEqual(ids.map(() => large.length));
    await query(app, 'delete from public.meetings where id = any($1)', [ids]);
  });

  it('writes a file whole or not at all', async () => {
    const out = join(folder, 'all.csv');
    expect(await vambeJson(['export', '--out', out])).toMatchObject({
      code: 0,
      document: { file: out, format: 'csv' },
    });
    const whole = await readFile(out, 'utf8');
    const failed = await vambe(['export', '--out', out], { DATABASE_URL: `${namespace.postgresUrl}_gone` });
    expect(failed.code).toBe(5);
    expect(await readFile(out, 'utf8')).toBe(whole);
  });

  it('refuses a folder as target, and --json with a format that is no document', async () => {
    expect(await vambeJson(['export', '--format', 'archive'])).toMatchObject({ code: 2, document: { code: 'USAGE' } });
    expect((await vambe(['export', '--out', folder])).err).toContain('is a folder');
    expect(await vambeJson(['export', '--format', 'csv'])).toMatchObject({ code: 2, document: { code: 'USAGE' } });
  });

  it('ends in peace when its reader has had enough', async () => {
    await store(...Array.from({ length: 4 }, () => rowOf({ transcript: 'palabra '.repeat(100_000) })));
    const env = { PATH: process.env.PATH, ...environmentOf() };
    const child = spawn(process.execPath, [...productProgram('cli/main'), 'export', '--format', 'jsonl'], {
      cwd: folder,
      env,
    });
    let err = '';
    child.stderr.on('data', (piece) => {
      err += piece;
    });
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.on('exit', resolve));
    expect(code).toBe(0);
    expect(err).toBe('');
  });
});
