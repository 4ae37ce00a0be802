import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run } from '../../../../src/cli/kit/program.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import { makeIo, makeStream } from '../fake-io.ts';

const folder = mkdtempSync(join(tmpdir(), 'vambe-status-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const commands = [{ name: 'status', load: () => import('../../../../src/cli/commands/status.ts') }];

/** Embedded servers that do not run: a status that needs no server. */
function start(args: readonly string[], isTTY: boolean) {
  const stdout = makeStream({ isTTY, columns: 80 });
  const fake = makeIo({ environment: { VAMBE_DATA_DIR: folder }, stdout });
  return { ...fake, ended: run(args, { commands, version: '1.2.3', io: fake.io }) };
}

describe('vambe status --watch', () => {
  it('draws the status again until Ctrl-C, which ends it with 0 and without a word (N8)', async () => {
    const { stdout, stderr, signals, ended } = start(['status', '--watch'], true);
    await waitFor('a second drawing', () => stdout.text().split('Ctrl-C ends it').length > 2);
    signals.emit('SIGINT', 'SIGINT');
    expect(await ended).toBe(0);
    expect(stderr.text()).toBe('');
    const [, first = ''] = stdout.text().split('\u001b[H\u001b[2J');
    expect(first).toContain('No worker is registered.');
    expect(Math.max(...first.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it.each([
    [['status', '--watch'], false],
    [['status', '--watch', '--json'], true],
  ])('is refused where there is no terminal to draw on: %j', async (args, isTTY) => {
    const { ended, stderr } = start(args, isTTY);
    expect(await ended).toBe(2);
    expect(stderr.text()).toContain('--watch draws on a terminal.');
  });
});
