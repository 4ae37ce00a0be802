import { readdirSync } from 'node:fs';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { commands } from '../../../src/cli/command-list.ts';
import type { CommandModule } from '../../../src/cli/kit/cli.ts';
import { createCli } from '../../../src/cli/kit/create-cli.ts';
import { makeIo, makeStream, runWith } from './fake-io.ts';

const folder = new URL('../../../src/cli/commands/', import.meta.url);
const files = readdirSync(folder).filter((each) => each.endsWith('.ts'));
const load = (file: string): Promise<CommandModule> => import(new URL(file, folder).href);

async function namesIn(file: string): Promise<string[]> {
  const program = new Command();
  const handle = createCli(makeIo().io, { json: false });
  (await load(file)).register(program, handle.cli);
  handle.release();
  return program.commands.map((each) => each.name());
}

describe.each(files)('commands/%s', (file) => {
  it('is in the list of commands under the name of each of its commands', async () => {
    const module = await load(file);
    const loaded = await Promise.all(commands.map(async (entry) => ({ name: entry.name, module: await entry.load() })));
    const names = loaded.filter((each) => each.module === module).map(({ name }) => name);
    expect(names).toEqual(await namesIn(file));
  });

  it('fits its help into 80 columns (N5)', async () => {
    for (const name of await namesIn(file)) {
      const stdout = makeStream({ columns: 80 });
      const { out } = await runWith(`${name} --help`, [{ name, load: () => load(file) }], { stdout });
      // Examples are for copying: they are not broken.
      const lines = out.split('\n').filter((line) => !line.startsWith('  $ '));
      expect(lines.filter((line) => line.length > 80)).toEqual([]);
    }
  });

  it('ends the help of each of its commands with an example', async () => {
    for (const name of await namesIn(file)) {
      const { out, exitCode } = await runWith(`${name} --help`, [{ name, load: () => load(file) }]);
      expect(exitCode).toBe(0);
      expect(out, name).toMatch(new RegExp(`Examples?:\\n(.*\\n)*? {2}\\$ .*vambe ${name}\\b`));
    }
  });
});

it('each summary fits into a line of the list', () => {
  for (const { name, summary = '' } of commands) {
    expect(summary, name).not.toBe('');
    expect(summary.length, name).toBeLessThanOrEqual(66);
  }
});
