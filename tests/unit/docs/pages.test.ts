import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../../../src/cli/command-list.ts';
import type { CommandModule } from '../../../src/cli/kit/cli.ts';
import { createCli } from '../../../src/cli/kit/create-cli.ts';
import { errorCodes } from '../../../src/core/errors.ts';
import { makeIo } from '../cli/fake-io.ts';
import { codeSpans, type Page, proseOf, readPage, readPages, root, snippetsOf } from './pages.ts';

const pages = readPages();
const widestProse = 165;

/** As GitHub makes it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

function anchorsOf(page: Page): string[] {
  return [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

function linksOf(page: Page): string[] {
  const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links.filter((each) => !/^[a-z]+:/.test(each));
}

describe.each(pages)('$path', (page) => {
  it('links to pages and headings that exist', () => {
    for (const link of linksOf(page)) {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? page.path : path.posix.join(path.posix.dirname(page.path), file);
      expect(existsSync(path.join(root, target)), `${link} leads nowhere`).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(readPage(target)), `${link} has no such heading`).toContain(anchor);
    }
  });

  it('is wrapped', () => {
    const long = proseOf(page)
      .split('\n')
      .filter((line) => line.length > widestProse && !line.startsWith('|'));
    expect(long).toEqual([]);
  });

  it('names files of the repository that exist', () => {
    const files = codeSpans(proseOf(page))
      .filter((each) => /^(src|tests|docs|scripts|samples|taxonomies|bench)\/[\w./-]+$/.test(each))
      // What a contributor is told to write.
      .filter((each) => !/\b(count-words|greet)\b/.test(each));
    for (const file of files) expect(existsSync(path.join(root, file)), `${file} does not exist`).toBe(true);
  });
});

it('every page of docs/ is listed in docs/README.md', () => {
  const listed = linksOf(readPage('docs/README.md')).map((each) => path.posix.join('docs', each.split('#')[0] ?? ''));
  const all = pages.map((each) => each.path).filter((each) => each.startsWith('docs/') && each !== 'docs/README.md');
  expect(listed).toEqual(expect.arrayContaining(all));
});

it('every error code that a page names exists', () => {
  const prefixes = new Set(Object.keys(errorCodes).map((each) => each.split('_')[0]));
  // Settings and codes are written alike; a setting is one that .env.example lists.
  const settings = readFileSync(path.join(root, '.env.example'), 'utf8');
  const named = pages.flatMap((page) =>
    codeSpans(page.text)
      .filter((each) => /^[A-Z]+(_[A-Z]+)+$/.test(each) && prefixes.has(each.split('_')[0]))
      .filter((each) => !new RegExp(`^# ${each}=`, 'm').test(settings)),
  );
  expect(Object.keys(errorCodes)).toEqual(expect.arrayContaining([...new Set(named)]));
});

describe('commands', () => {
  const program = new Command('vambe').option('--json').option('--version').option('--help');
  const folder = path.join(root, 'src/cli/commands');
  const listed = commands.map(({ name }) => name);

  beforeAll(async () => {
    const handle = createCli(makeIo().io, { json: false });
    for (const file of readdirSync(folder).filter((each) => each.endsWith('.ts'))) {
      const command: CommandModule = await import(path.join(folder, file));
      command.register(program, handle.cli);
    }
    handle.release();
  });

  /** `vambe …` in code spans and shell snippets, one a line, without the prompt and what follows a pipe. */
  const linesOf = (page: Page): string[] => {
    const shell = snippetsOf(page).filter((each) => each.language === 'bash' || each.language === 'text');
    const written = [...codeSpans(proseOf(page)), ...shell.flatMap((each) => each.code.split('\n'))];
    return written.flatMap((line) => {
      const found = /(?:^|\s)(?:\.\/)?vambe ((?:[a-z]+|--[a-z]+)\b.*)$/.exec(
        line.replace(/\s#.*$/, '').replaceAll('\\|', '|'),
      );
      const isCall = /^\s*(\$ |[A-Z_]+=\S+ |docker .*\b)*(\.\/)?vambe /.test(line);
      return found?.[1] === undefined || !isCall ? [] : [found[1].split(/[|>]/)[0] ?? ''];
    });
  };

  const calls = pages.flatMap((page) => linesOf(page).map((line) => ({ page: page.path, line })));

  it('are found in the pages', () => {
    expect(calls.length).toBeGreaterThan(50);
  });

  it.each(calls)('$page: vambe $line', ({ line }) => {
    const words = line.split(/\s+/).filter(Boolean);
    let command: Command = program;
    for (const word of words) command = command.commands.find((each) => each.name() === word) ?? command;
    if (!words[0]?.startsWith('--')) expect(listed).toContain(words[0]);
    const known = [command, program].flatMap((each) => each.options.flatMap(({ long, short }) => [long, short]));
    for (const option of words.filter((each) => /^--?[a-z]/.test(each))) {
      expect([...known, '--help'], `vambe ${line}`).toContain(option);
    }
  });
});
