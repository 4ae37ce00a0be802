import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Setting, type SettingKey, settingKeys, settings } from '../../../src/config/schema.ts';
import { emojiOf } from '../../../src/core/log-line.ts';
import { runWith } from '../cli/fake-io.ts';
import { codeSpans, proseOf, readPage, root, sectionOf, tableRows } from './pages.ts';

const source = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((each) => each.endsWith('.ts'))
  .map((each) => ({ file: each.replaceAll(path.sep, '/'), text: readFileSync(path.join(root, 'src', each), 'utf8') }));
const all = settingKeys.map((key) => ({ key, setting: settings[key] as Setting }));

describe.each([
  { page: readPage('README.md'), settingsIn: 'Settings', commandsIn: 'Commands', codesIn: 'Exit codes' },
  { page: readPage('README.es.md'), settingsIn: 'Ajustes', commandsIn: 'Comandos', codesIn: 'Códigos de salida' },
])('$page.path', ({ page, settingsIn, commandsIn, codesIn }) => {
  const section = sectionOf(page, settingsIn);
  const rows = tableRows(section).map(([name = '', unset = '']) => ({ name: name.replaceAll('`', ''), unset }));
  const idle = codeSpans(proseOf({ path: '', text: section.replaceAll(/^\|.*$/gm, '') })).filter((each) =>
    all.some(({ setting }) => setting.name === each),
  );

  it('lists every setting once, in the table or among those without effect', () => {
    const listed = rows.map(({ name }) => name);
    expect(new Set(listed).size).toBe(listed.length);
    const missing = all.map(({ setting }) => setting.name).filter((each) => ![...listed, ...idle].includes(each));
    expect(missing).toEqual([]);
    expect(listed.filter((each) => !all.some(({ setting }) => setting.name === each))).toEqual([]);
  });

  it('names each default', () => {
    for (const { setting } of all) {
      const row = rows.find(({ name }) => name === setting.name);
      if (row && setting.default !== null && setting.unset !== '') expect(row.unset).toBe(`\`${setting.unset}\``);
    }
  });

  it('lists each command', () => {
    const main = readFileSync(path.join(root, 'src/cli/main.ts'), 'utf8');
    const names = [...main.matchAll(/name: '([\w-]+)', load/g)].map(([, name]) => name);
    const listed = tableRows(sectionOf(page, commandsIn)).map(([cell = '']) => /^`vambe (\w+)/.exec(cell)?.[1]);
    expect(listed.filter((each) => each !== undefined)).toEqual(names);
  });

  it('lists the exit codes of "vambe --help"', async () => {
    const { out } = await runWith('--help', []);
    const told = [...out.matchAll(/^ {2}(\d+) {2,}/gm)].map(([, code]) => code);
    expect(told.length).toBeGreaterThan(5);
    expect(tableRows(sectionOf(page, codesIn)).map(([code]) => code)).toEqual(told);
  });
});

describe('settings without effect', () => {
  const readme = readPage('README.md');
  const said = /change nothing in this version[\s\S]*?\.\n\n/.exec(readme.text)?.[0] ?? '';
  const idle = all.filter(({ setting }) => said.includes(`\`${setting.name}\``));
  const isUsed = (key: SettingKey) =>
    source.some(({ file, text }) => !file.startsWith('config/') && new RegExp(`config\\.${key}\\b`).test(text));

  it('are read by nobody, so that whoever begins to use one is told to write it down', () => {
    expect(idle.length).toBeGreaterThan(0);
    expect(idle.filter(({ key }) => isUsed(key)).map(({ setting }) => setting.name)).toEqual([]);
  });
});

describe('docs/operations/logs.md', () => {
  const page = readPage('docs/operations/logs.md');
  const events = tableRows(sectionOf(page, 'Events')).flatMap(([cell = '']) => codeSpans(cell));
  const written = new Set(
    source.flatMap(({ text }) => [
      ...[...text.matchAll(/\b(?:log|Log|report)\.?(?:debug|info|warn|error)?\(\s*'([a-z]+\.[a-z_]+)'/g)].map(
        ([, name]) => name,
      ),
      ...[...text.matchAll(/\b#?(?:report|onEvent)\('([a-z]+\.[a-z_]+)'/g)].map(([, name]) => name),
    ]),
  );

  it('lists every event that the code writes', () => {
    expect(written.size).toBeGreaterThan(20);
    expect([...written].filter((each) => !events.includes(each ?? ''))).toEqual([]);
  });

  it('gives the emoji that an event has', () => {
    for (const [emoji = '', cell = ''] of tableRows(sectionOf(page, 'Emojis'))) {
      const [example = ''] = codeSpans(cell);
      expect(emojiOf(example.startsWith('.') ? `job${example}` : example, 'info'), example).toBe(emoji);
    }
  });
});

it('README.md shows the emojis of the log', () => {
  const shown = tableRows(sectionOf(readPage('README.md'), 'Log lines')).flatMap((cells) => [cells[0], cells[2]]);
  const known = ['worker.ready', 'redis.down', 'database.down', 'job.taken_up', 'classifier.llm', 'celery.x', 'api.x']
    .concat(['schedule.x', 'job.finished', 'job.retry', 'job.failed'])
    .map((each) => emojiOf(each, 'info'));
  expect(shown.filter(Boolean).sort()).toEqual(known.sort());
});
