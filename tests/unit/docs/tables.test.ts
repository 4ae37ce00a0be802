import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands } from '../../../src/cli/command-list.ts';
import { type SettingKey, settingKeys, settings } from '../../../src/config/schema.ts';
import type { Setting } from '../../../src/config/setting.ts';
import { emojiOf } from '../../../src/core/log/log-line.ts';
import { runWith } from '../cli/fake-io.ts';
import { codeSpans, readPage, root, sectionOf, tableRows } from './pages.ts';

const source = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((each) => each.endsWith('.ts'))
  .map((each) => ({ file: each.replaceAll(path.sep, '/'), text: readFileSync(path.join(root, 'src', each), 'utf8') }));
const all = settingKeys.map((key) => ({ key, setting: settings[key] as Setting }));

describe.each([
  { page: readPage('docs/operations/settings.md'), idleIn: 'Settings without effect' },
  { page: readPage('docs/operations/settings.es.md'), idleIn: 'Ajustes sin efecto' },
])('$page.path', ({ page, idleIn }) => {
  const rows = tableRows(page.text).map(([name = '', unset = '']) => ({ name: name.replaceAll('`', ''), unset }));
  const idle = all.filter(({ setting }) => codeSpans(sectionOf(page, idleIn)).includes(setting.name));

  it('lists every setting once, in a table or among those without effect', () => {
    const listed = rows.map(({ name }) => name);
    expect(new Set(listed).size).toBe(listed.length);
    const known = [...listed, ...idle.map(({ setting }) => setting.name)];
    expect(all.map(({ setting }) => setting.name).filter((each) => !known.includes(each))).toEqual([]);
    expect(listed.filter((each) => !all.some(({ setting }) => setting.name === each))).toEqual([]);
  });

  it('names each default', () => {
    for (const { setting } of all) {
      const row = rows.find(({ name }) => name === setting.name);
      if (row && setting.default !== null && setting.unset !== '') expect(row.unset).toBe(`\`${setting.unset}\``);
    }
  });

  it('calls only settings without effect that no code reads', () => {
    const isUsed = (key: SettingKey) =>
      source.some(({ file, text }) => !file.startsWith('config/') && new RegExp(`config\\.${key}\\b`).test(text));
    const withoutEffect = idle.filter(({ setting }) => setting.name !== 'FAILPOINTS');
    expect(withoutEffect.length).toBeGreaterThan(0);
    expect(withoutEffect.filter(({ key }) => isUsed(key)).map(({ setting }) => setting.name)).toEqual([]);
  });
});

describe.each([
  { page: readPage('docs/reference/commands.md'), codesIn: 'Exit codes' },
  { page: readPage('docs/reference/commands.es.md'), codesIn: 'Códigos de salida' },
])('$page.path', ({ page, codesIn }) => {
  it('lists each command once', () => {
    const names = commands.map(({ name }) => name);
    const listed = tableRows(page.text).map(([cell = '']) => /^`vambe (\w+)/.exec(cell)?.[1]);
    expect(listed.filter((each) => each !== undefined).sort()).toEqual(names.sort());
  });

  it('lists the exit codes of "vambe --help"', async () => {
    const { out } = await runWith('--help', []);
    const told = [...out.matchAll(/^ {2}(\d+) {2,}/gm)].map(([, code]) => code);
    expect(told.length).toBeGreaterThan(5);
    expect(tableRows(sectionOf(page, codesIn)).map(([code]) => code)).toEqual(told);
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
