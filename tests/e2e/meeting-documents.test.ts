/** What each command of meetings says with --json, held to the schema of its document in src/contract. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { CommandModule } from '../../src/cli/kit/cli.ts';
import { run } from '../../src/cli/kit/program.ts';
import {
  dryRunDocument,
  endedDocument,
  queuedDocument,
  transcriptDocument,
} from '../../src/contract/classifications.ts';
import { comparisonDocument, evaluationDocument } from '../../src/contract/evaluation.ts';
import { exportDocument, exportedMeeting, exportFileDocument } from '../../src/contract/exports.ts';
import { importDocument } from '../../src/contract/imports.ts';
import { meetingDocument, reviewDocument } from '../../src/contract/meetings.ts';
import {
  migrationDocument,
  settingsCheckDocument,
  settingsDocument,
  taxonomyDocument,
} from '../../src/contract/settings.ts';
import { shadowDocument } from '../../src/contract/shadow.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { query, startApp, type TestApp } from '../helpers/start-app.ts';
import { makeIo } from '../unit/cli/fake-io.ts';

const taxonomyFile = fileURLToPath(new URL('../../taxonomies/sales-meeting.yaml', import.meta.url));
const names = ['import', 'classify', 'show', 'export', 'review', 'eval', 'shadow', 'config', 'taxonomy', 'migrate'];
const commands = names.map((name) => ({
  name,
  load: (): Promise<CommandModule> => import(`../../src/cli/commands/${name}.ts`),
}));
const header =
  'Nombre,Correo Electronico,Numero de Telefono,Fecha de la Reunion,Vendedor asignado,closed,Transcripcion';
const transcript = 'Tenemos una clínica dental. Nos recomendó un colega. Es urgente.';

let namespace: Namespace;
let app: TestApp;
let worker: { stop(graceMs?: number): Promise<void> };
let folder: string;
let csv: string;

async function vambe(args: readonly string[], environment: Record<string, string> = {}) {
  const { io, stdout, stderr } = makeIo({
    environment: { REDIS_URL: namespace.redisUrl, DATABASE_URL: namespace.postgresUrl, ...environment },
  });
  const code = await run(args, { commands, version: '1.2.3', io });
  return { code, out: stdout.text(), err: stderr.text() };
}

/** Parses the document of a command; a key that the schema does not know fails too. */
async function parsed<T extends z.ZodType>(schema: T, ...args: readonly string[]): Promise<z.infer<T>> {
  const { out, err } = await vambe([...args, '--json']);
  const result = schema.safeParse(JSON.parse(out || '{}'));
  expect(result.error?.issues ?? [], `vambe ${args.join(' ')}: ${err}`).toEqual([]);
  return result.data as z.infer<T>;
}

async function write(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

beforeAll(async () => {
  namespace = await createNamespace();
  folder = await mkdtemp(join(tmpdir(), 'vambe-documents-'));
  app = await startApp(namespace);
  worker = await app.work({ concurrency: 2 });
  csv = await write(
    'two.csv',
    `${header}\nClínica Norte,norte@x.cl,,2024-02-10,Ana,1,${transcript}\nHotel Sur,sur@x.cl,,2024-02-11,Ana,0,\nMal,m@x.cl,,2024-02-31,Ana,1,x\n`,
  );
});

afterAll(async () => {
  await worker?.stop();
  await app?.close();
  await namespace?.close();
  await rm(folder, { recursive: true, force: true });
});

async function importedId(): Promise<number> {
  await vambe(['import', csv, '--no-classify']);
  const [row] = await query<{ id: number }>(app, 'select min(id)::int as id from public.meetings');
  return row?.id ?? 0;
}

describe('The --json document', () => {
  it('of import fits its schema, with the ids of the new meetings (N2)', async () => {
    const document = await parsed(importDocument, 'import', csv, '--no-classify');
    expect(document).toMatchObject({ inserted: 2, rejected: [{ line: 4 }] });
    expect(document.last_id).toBe((document.first_id ?? 0) + 1);
    expect(await parsed(importDocument, 'import', csv)).toMatchObject({ existing: 2, first_id: null, last_id: null });
  });

  it('of classify fits its schema, queued, waited for, tried and of a bare transcript', async () => {
    const id = String(await importedId());
    await parsed(queuedDocument, 'classify', id, '2000000000');
    await parsed(endedDocument, 'classify', id, '--wait', '--force');
    await parsed(dryRunDocument, 'classify', '--all', '--dry-run');
    await parsed(transcriptDocument, 'classify', '--file', await write('a.txt', transcript));
  });

  it('of show and review fits its schema, before and after a correction', async () => {
    const id = await importedId();
    await parsed(meetingDocument, 'show', String(id + 1));
    await vambe(['classify', String(id), '--wait']);
    await parsed(reviewDocument, 'review', String(id), 'urgency=false', 'lead_source=null', 'categories=');
    const { classification, history } = await parsed(meetingDocument, 'show', String(id));
    expect(classification?.fields.urgency).toMatchObject({ value: false, is_corrected: true });
    expect(history.reviews.length).toBeGreaterThan(0);
  });

  it('of export fits its schema, each line of jsonl fits that of one meeting', async () => {
    await importedId();
    await parsed(exportDocument, 'export');
    await parsed(exportFileDocument, 'export', '--out', join(folder, 'all.csv'));
    const { out } = await vambe(['export', '--format', 'jsonl']);
    for (const line of out.trimEnd().split('\n'))
      expect(exportedMeeting.safeParse(JSON.parse(line)).error).toBeUndefined();
  });

  it('of eval fits its schema, with one classifier and with two', async () => {
    const rows = [
      { id: '1', transcript, labels: { urgency: true, lead_source: null, categories: ['closed_won'] } },
      { id: '2', transcript: 'Hola.', labels: { urgency: true, business_sector: 'retail' } },
    ];
    const file = await write('labelled.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
    await parsed(evaluationDocument, 'eval', file);
    await parsed(comparisonDocument, 'eval', file, '--compare', 'offline', taxonomyFile);
  });

  it('of shadow fits its schema', async () => {
    const id = await importedId();
    await query(
      app,
      `insert into public.meetings_classifications (meeting_id, urgency, sentiment, model_used, processing_time_ms)
       select id, false, 'positive', 'gpt-4o-mini', 900 from public.meetings where transcript ~ 'clínica' and id <> $1
       on conflict do nothing`,
      [id],
    );
    await parsed(shadowDocument, 'shadow', '--since', '1d');
  });

  it('of config, taxonomy check and migrate fits its schema', async () => {
    await parsed(settingsDocument, 'config');
    await parsed(settingsCheckDocument, 'config', '--check');
    await parsed(taxonomyDocument, 'taxonomy', 'check', taxonomyFile);
    await parsed(taxonomyDocument, 'taxonomy', 'check', await write('bad.yaml', 'id: 3\n'));
    await parsed(migrationDocument, 'migrate', '--labels-without-value', 'null');
  });
});

describe('vambe show', () => {
  it('takes a piece of a client’s name that fits one meeting, without accents, and lists several (N2)', async () => {
    const id = await importedId();
    expect(await parsed(meetingDocument, 'show', 'clinica nor')).toMatchObject({ meeting: { id } });
    const several = await vambe(['show', 'r']);
    expect(several).toMatchObject({ code: 2, out: '' });
    expect(several.err).toContain('"r" fits 2 meetings:');
    expect((await vambe(['show', 'no such client'])).code).toBe(3);
    expect((await vambe(['show', '0'])).code).toBe(2);
    expect((await vambe(['show', '%'])).code).toBe(3);
  });
});
