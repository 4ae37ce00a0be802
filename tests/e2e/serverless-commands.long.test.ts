/** classify --file, eval and taxonomy check: commands that need no server. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandModule } from '../../src/cli/kit/cli.ts';
import { run } from '../../src/cli/kit/program.ts';
import { productProgram } from '../helpers/product.ts';
import { makeIo } from '../unit/cli/fake-io.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const taxonomy = join(root, 'taxonomies/sales-meeting.yaml');
const transcript = 'Tenemos una clínica dental y las recepcionistas viven pegadas al teléfono. Es urgente.';

let folder: string;

const commands = ['classify', 'eval', 'taxonomy'].map((name) => ({
  name,
  load: (): Promise<CommandModule> => import(`../../src/cli/commands/${name}.ts`),
}));

async function vambe(...args: readonly string[]) {
  const { io, stdout, stderr } = makeIo();
  const code = await run(args, { commands, version: '1.2.3', io });
  return { code, out: stdout.text(), err: stderr.text() };
}

async function vambeJson(...args: readonly string[]) {
  const ended = await vambe(...args, '--json');
  return { ...ended, document: JSON.parse(ended.out) };
}

async function write(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vambe-serverless-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('vambe classify --file', () => {
  it('prints labels with quotes that stand in the transcript', async () => {
    const { code, document } = await vambeJson('classify', '--file', await write('t.txt', transcript));
    expect(code).toBe(0);
    expect(document.fields.urgency.value).toBe(true);
    for (const { value, evidence } of Object.values<{ value: unknown; evidence: { quote: string }[] }>(
      document.fields,
    )) {
      if (value === null) expect(evidence).toEqual([]);
      for (const { quote } of evidence) expect(transcript).toContain(quote);
    }
    expect((await vambe('classify', '--file', join(folder, 't.txt'))).out).toContain('urgency\ttrue');
  });

  it('gives the same labels for the same words in UTF-8 and Windows-1252', async () => {
    const utf8 = await vambeJson('classify', '--file', await write('utf8.txt', transcript));
    const latin = await vambeJson('classify', '--file', await write('latin.txt', Buffer.from(transcript, 'latin1')));
    expect(latin.document.fields).toEqual(utf8.document.fields);
  });

  it('reads standard input, in an empty folder, and starts nothing there', async () => {
    const empty = await mkdtemp(join(folder, 'empty-'));
    const child: ChildProcess = spawn(
      process.execPath,
      [...productProgram('cli/main'), 'classify', '--file', '-', '--json'],
      {
        cwd: empty,
        env: { PATH: process.env.PATH },
      },
    );
    let out = '';
    child.stdout?.on('data', (piece) => {
      out += piece;
    });
    child.stdin?.end(transcript);
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(0);
    expect(JSON.parse(out).fields.language.value).toBe('es');
    const { readdir } = await import('node:fs/promises');
    expect(await readdir(empty)).toEqual([]);
  });

  it('tells a file that is none, empty, blank or binary in one sentence, exit 2', async () => {
    const faults: [string, string][] = [
      [join(folder, 'nowhere.txt'), 'does not exist'],
      [folder, 'is a folder'],
      [await write('empty.txt', ''), 'is empty'],
      [await write('blank.txt', ' \n\t'), 'nothing but blanks'],
      [await write('binary.txt', Buffer.from([1, 0, 2, 0, 3])), 'is no text'],
    ];
    for (const [path, words] of faults) {
      const { code, out, err } = await vambe('classify', '--file', path);
      expect(code).toBe(2);
      expect(out).toBe('');
      expect(err).toMatch(new RegExp(`^vambe: [^\\n]*${words}[^\\n]*\\n$`));
    }
  });
});

describe('vambe eval', () => {
  const rows = [
    { id: 'a', transcript, labels: { urgency: true, region: null, business_sector: 'mining' } },
    { id: 'b', transcript: 'No hay apuro, lo vemos el próximo año.', labels: { urgency: false, region: null } },
    { id: 'c', transcript },
  ];

  it('scores rows that have labels and predicts them all', async () => {
    const path = await write('rows.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
    const { code, document } = await vambeJson('eval', path);
    expect(code).toBe(0);
    expect(document).toMatchObject({ success: true, rows: 3, scored: 2 });
    expect(document.predictions.map(({ id }: { id: string }) => id)).toEqual(['a', 'b', 'c']);
    expect(document.predictions[0].labels.urgency).toBe(true);
    const byField = Object.fromEntries(document.fields.map((score: { field: string }) => [score.field, score]));
    expect(byField.region).toMatchObject({ rows: 2, lenient: 1, gold_nulls: 2, nulls_kept: 2 });
    expect(byField.business_sector).toMatchObject({
      rows: 1,
      lenient: 0,
      disagreements: [{ id: 'a', gold: 'mining' }],
    });
  });

  it('shows accuracy beside the commonest value, and disagreements with --verbose alone', async () => {
    const path = join(folder, 'rows.jsonl');
    const brief = await vambe('eval', path);
    expect(brief.out).toMatch(/field\trows\taccuracy\tinterval\tstrict\tmacro-F1\tabstained\tcommonest/);
    expect(brief.out).not.toContain('Disagreements');
    expect((await vambe('eval', path, '--verbose')).out).toMatch(/Disagreements:\n.*\na\tbusiness_sector\tmining/);
  });

  it('names labels of fields that the taxonomy does not have', async () => {
    const path = await write('unknown.jsonl', JSON.stringify({ ...rows[0], labels: { urgencia: true } }));
    expect((await vambe('eval', path)).err).toContain('not scored: urgencia');
  });

  it('names labels that the taxonomy has no value for', async () => {
    const labels = { business_sector: 'retial', concerns: ['Personalization', 'prise'], urgency: true };
    const path = await write('values.jsonl', JSON.stringify({ ...rows[0], labels }));
    const { err } = await vambe('eval', path);
    expect(err).toContain('no value for count as wrong: business_sector "retial", concerns "prise".');
    expect((await vambe('eval', join(folder, 'rows.jsonl'))).err).not.toContain('no value for');
  });

  it.each([
    ['no labels', {}],
    ['empty labels', { labels: {} }],
    ['labels of other fields', { labels: { urgencia: true } }],
  ])('says in one sentence, without tables, that rows with %s are not scored', async (name, more) => {
    const path = await write(`${name}.jsonl`, JSON.stringify({ id: 'a', transcript, ...more }));
    const page = join(folder, 'nothing.html');
    const sentence = 'No row has a label of a field that the taxonomy has, so nothing was scored';
    const single = await vambe('eval', path, '--html', page);
    expect(single.code).toBe(0);
    expect(single.out).toMatch(new RegExp(`^.*\\n${sentence}.*\\nA meeting took .*\\n$`));
    const compared = await vambe('eval', path, '--compare', 'offline', 'offline');
    expect(compared.code).toBe(0);
    expect(compared.out).toMatch(new RegExp(`^.*\\n${sentence}.*\\n$`));
    expect(await readFile(page, 'utf8')).toContain(sentence);
    await vambe('eval', path, '--html', page, '--compare', 'offline', 'offline');
    expect(await readFile(page, 'utf8')).not.toContain('McNemar');
  });

  it('tells a bad line by its number without its words, exit 2', async () => {
    const path = await write('bad.jsonl', `${JSON.stringify(rows[0])}\n{"id": "secret words"\n`);
    const { code, out, err } = await vambe('eval', path);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain('line 2');
    expect(err).not.toContain('secret');
  });

  it('quotes each disagreement, and tells calibration and that nothing was paid', async () => {
    const { document } = await vambeJson('eval', join(folder, 'rows.jsonl'));
    const sector = document.fields.find(({ field }: { field: string }) => field === 'business_sector');
    expect(transcript).toContain(sector.disagreements[0].quotes[0]);
    expect(document.calibration.answers).toBe(3);
    expect(document.calibration.ece).toBeGreaterThan(0);
    expect(document.cost).toBeNull();
    const out = (await vambe('eval', join(folder, 'rows.jsonl'), '--verbose')).out;
    expect(out).toMatch(/macro-F1\tabstained/);
    expect(out).toContain('ECE, 3 answers');
  });

  it('compares two taxonomies on the same meetings, and writes one page without scripts or links', async () => {
    const changed = (await readFile(taxonomy, 'utf8')).replaceAll('urgente|', '');
    const other = await write('other.yaml', changed);
    const page = join(folder, 'report.html');
    const path = join(folder, 'rows.jsonl');
    const { code, document } = await vambeJson('eval', path, '--html', page, '--compare', taxonomy, other);
    expect(code).toBe(0);
    expect(document.compared.map(({ name }: { name: string }) => name)).toEqual(['sales-meeting.yaml', 'other.yaml']);
    const urgency = document.comparison.fields.find(({ field }: { field: string }) => field === 'urgency');
    expect(urgency).toEqual({
      field: 'urgency',
      rows: 2,
      first: 1,
      second: 0.5,
      only_first: 1,
      only_second: 0,
      p_value: 1,
    });
    expect(await readFile(page, 'utf8')).toMatch(/^<!doctype html>.*<svg.*other\.yaml/s);
    expect((await vambe('eval', path, '--compare', 'offline', 'offline')).out).toContain(
      '+0.0 points, 95 % of resamples between +0.0 and +0.0.',
    );
  });

  it('refuses to compare one, and a page that cannot be written', async () => {
    const path = join(folder, 'rows.jsonl');
    expect(await vambe('eval', path, '--compare', 'offline')).toMatchObject({ code: 2, out: '' });
    const failed = await vambe('eval', path, '--html', join(folder, 'no', 'such', 'folder.html'));
    expect(failed).toMatchObject({ code: 2, out: '' });
    expect(failed.err).toContain('cannot be written (ENOENT)');
    expect(failed.err).not.toContain('classifying');
  });

  it.each([
    ['lllm', '"lllm" is neither offline nor llm. Did you mean llm?'],
    ['no-such.yaml', 'The taxonomy file no-such.yaml cannot be read (ENOENT)'],
    ['llm', 'CLASSIFIER is llm, but neither a key nor a server is set.'],
  ])('refuses to compare with %s before it classifies anything', async (other, sentence) => {
    const failed = await vambe('eval', join(folder, 'rows.jsonl'), '--compare', 'offline', other);
    expect(failed).toMatchObject({ code: 2, out: '' });
    expect(failed.err).toContain(sentence);
    expect(failed.err).not.toContain('classifying');
  });
});

describe('vambe taxonomy check', () => {
  it('says what a right file holds', async () => {
    const { code, document } = await vambeJson('taxonomy', 'check', taxonomy);
    expect(code).toBe(0);
    expect(document).toMatchObject({ success: true, id: 'sales-meeting', faults: [] });
  });

  it('lists every fault with its line, exit 2', async () => {
    const text = await readFile(taxonomy, 'utf8');
    const broken = text
      .replace(/^ {4}type: enum$/m, '    type: enumeration')
      .replace(/^fields:$/m, 'surprise: 1\nfields:');
    const path = await write('broken.yaml', broken);
    const { code, document } = await vambeJson('taxonomy', 'check', path);
    expect(code).toBe(2);
    const lines = broken.split('\n');
    const lineOf = (words: string) => lines.findIndex((line) => line.includes(words)) + 1;
    expect(document.faults.map(({ line }: { line: number }) => line)).toEqual(
      expect.arrayContaining([lineOf('surprise'), lineOf('enumeration')]),
    );
    expect((await vambe('taxonomy', 'check', path)).out).toContain(`${path}:${lineOf('surprise')}:`);
  });

  it('tells a missing file and one that is no YAML, exit 2', async () => {
    expect(await vambe('taxonomy', 'check', join(folder, 'no.yaml'))).toMatchObject({ code: 2, out: '' });
    expect((await vambe('taxonomy', 'check', await write('no-yaml.yaml', 'a: [1, 2'))).code).toBe(2);
    const table = 'id,words: a\n'.repeat(200);
    const { document } = await vambeJson('taxonomy', 'check', await write('table.yaml', table));
    expect(document.faults.length).toBeLessThanOrEqual(10);
  });

  it('says what is missing', async () => {
    const { out } = await vambe('taxonomy', 'check', await write('thin.yaml', 'id: thin\n'));
    expect(out).toContain('fields: is missing, expected an array');
  });
});
