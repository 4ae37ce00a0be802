/** meetings, stats labels and export --for eval over meetings that were classified and reviewed. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandModule } from '../../src/cli/kit/cli.ts';
import { run } from '../../src/cli/kit/program.ts';
import { exportDocument } from '../../src/contract/exports.ts';
import { labelStatsDocument, meetingListDocument } from '../../src/contract/meeting-list.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { startApp, type TestApp } from '../helpers/start-app.ts';
import { makeIo } from '../unit/cli/fake-io.ts';

const header =
  'Nombre,Correo Electronico,Numero de Telefono,Fecha de la Reunion,Vendedor asignado,closed,Transcripcion\n';
const clinic =
  'Tenemos una clínica dental y las recepcionistas viven pegadas al teléfono. Nos recomendó un colega. Es urgente.';
const shop = 'Somos una tienda de ropa y usamos WhatsApp. Nos encontraron por Instagram.';

let namespace: Namespace;
let folder: string;
let app: TestApp;
let worker: { stop(graceMs?: number): Promise<void> };

const commands = ['import', 'classify', 'meetings', 'stats', 'export', 'review', 'eval'].map((name) => ({
  name,
  load: (): Promise<CommandModule> => import(`../../src/cli/commands/${name}.ts`),
}));

async function vambe(...args: string[]) {
  const environment = { REDIS_URL: namespace.redisUrl, DATABASE_URL: namespace.postgresUrl };
  const { io, stdout, stderr } = makeIo({ environment });
  const code = await run(args, { commands, version: '1.2.3', io });
  return { code, out: stdout.text(), err: stderr.text() };
}

async function list(...args: string[]) {
  const { out, err } = await vambe('meetings', ...args, '--json');
  const found = meetingListDocument.safeParse(JSON.parse(out));
  expect(found.error?.issues ?? [], `${out} ${err}`).toEqual([]);
  if (found.data === undefined) throw new Error('no document');
  return { ...found.data, names: found.data.meetings.map(({ client_name }) => client_name) };
}

beforeAll(async () => {
  namespace = await createNamespace();
  folder = await mkdtemp(join(tmpdir(), 'vambe-finding-'));
  app = await startApp(namespace);
  worker = await app.work({ concurrency: 4 });
  const path = join(folder, 'meetings.csv');
  const rows = [
    `Clínica Norte,norte@example.com,,2024-03-01,Ana Pérez,1,"${clinic}"`,
    `Tienda Sur,sur@example.com,,2024-04-01,José Soto,0,"${shop}"`,
    'Sin Texto,,,2024-05-01,José Soto,0,',
  ];
  await writeFile(path, `${header}${rows.join('\n')}\n`);
  expect((await vambe('import', path, '--no-classify')).code).toBe(0);
  expect((await vambe('classify', '--unclassified', '--wait')).code).toBe(0);
}, 120_000);

afterAll(async () => {
  await worker?.stop();
  await app?.close();
  await namespace?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('vambe meetings', () => {
  it('lists newest first with labels, and goes on by cursor (N2)', async () => {
    const first = await list('--limit', '2');
    expect(first.names).toEqual(['Sin Texto', 'Tienda Sur']);
    expect(first).toMatchObject({ total: 3, meetings: [{ classified: false, labels: {} }, { classified: true }] });
    const rest = await list('--limit', '2', '--cursor', String(first.next_cursor));
    expect(rest).toMatchObject({ names: ['Clínica Norte'], next_cursor: null });
  });

  it.each([
    [['clinica'], ['Clínica Norte']],
    [['soto', 'SUR'], ['Tienda Sur']],
    [['sur@example'], ['Tienda Sur']],
    [['--sector', 'healthcare'], ['Clínica Norte']],
    [['--filter', 'sector!=healthcare classified=yes'], ['Tienda Sur']],
    [['--filter', 'urgency=true'], ['Clínica Norte']],
    [['--filter', 'text=whatsapp'], ['Tienda Sur']],
    [['--filter', 'text="viven pegadas al telefono"'], ['Clínica Norte']],
    [['--filter', 'confidence<=1 seller="jose soto"'], ['Tienda Sur']],
    [['--filter', 'lead_source=null,referral sector=healthcare'], ['Clínica Norte']],
    [['--closed', 'yes'], ['Clínica Norte']],
    [['--closed', 'no', '--from', '2024-04-15'], ['Sin Texto']],
    [['--from', '2024-03-15', '--to', '2024-04-15'], ['Tienda Sur']],
    [['--filter', 'classified=no'], ['Sin Texto']],
    [['--filter', 'email=norte@example.com,x'], ['Clínica Norte']],
    [['nadie'], []],
  ])('finds by %j (N2)', async (args, names) => {
    expect((await list(...args)).names).toEqual(names);
  });

  it('refuses a slip with what was meant, exit 2 (N2)', async () => {
    const { code, err } = await vambe('meetings', '--sector', 'helthcare');
    expect(code).toBe(2);
    expect(err).toContain('Did you mean healthcare');
  });
});

describe('vambe stats labels', () => {
  it('counts the labels of a field, with those not said (N3)', async () => {
    const { out } = await vambe('stats', 'labels', 'business_sector', 'urgency', '--json');
    const document = labelStatsDocument.parse(JSON.parse(out));
    expect(document).toMatchObject({ meetings: 3, classified: 2 });
    expect(document.fields.map(({ field }) => field).sort()).toEqual(['business_sector', 'urgency']);
    const sector = document.fields.find(({ field }) => field === 'business_sector');
    expect(sector?.values).toContainEqual({ value: 'healthcare', meetings: 1, closed: 1 });
    expect((sector?.not_said ?? 0) + (sector?.values ?? []).reduce((sum, { meetings }) => sum + meetings, 0)).toBe(2);
    expect(sector?.mean_confidence).toBeGreaterThan(0);
    const text = await vambe('stats', 'labels', '--filter', 'closed=yes');
    expect(text.out).toContain('business_sector\thealthcare\t1\t1\t100 %');
    expect((await vambe('stats', 'labels', 'sectr')).code).toBe(2);
  });
});

describe('reviewed meetings', () => {
  it('are marked, exported with their fields, and given to eval as gold (--for eval)', async () => {
    const { meetings } = await list('clinica');
    const id = meetings[0]?.id ?? 0;
    expect((await vambe('review', String(id), 'urgency=false', 'region=null')).code).toBe(0);
    expect((await list('--filter', 'corrected=yes urgency=false')).meetings).toMatchObject([
      { id, corrected_fields: ['region', 'urgency'], labels: { urgency: false, region: null } },
    ]);
    const exported = exportDocument.parse(JSON.parse((await vambe('export', '--format', 'json')).out));
    const row = exported.find(({ meeting_id }) => meeting_id === id);
    expect(row?.reviewed_fields).toEqual(['region', 'urgency']);
    expect(row?.confidence_by_field?.business_sector).toBeGreaterThan(0);
    expect(row?.confidence_by_field).not.toHaveProperty('urgency');
    expect(exported.find(({ client_name }) => client_name === 'Sin Texto')).toMatchObject({ reviewed_fields: null });

    const path = join(folder, 'reviewed.jsonl');
    expect((await vambe('export', '--for', 'eval', '--out', path)).code).toBe(0);
    const gold = (await readFile(path, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(gold).toEqual([{ id: String(id), transcript: clinic, labels: { urgency: false, region: null } }]);
    const { code, out } = await vambe('eval', path, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ rows: 1, scored: 1 });
    expect((await vambe('export', '--for', 'eval', '--format', 'csv')).code).toBe(2);
    expect((await vambe('export', '--excel')).out).toMatch(/^\uFEFFmeeting_id;client_name/);
  });
});
