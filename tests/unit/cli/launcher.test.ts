import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { launcherName } from '../../../src/cli/launcher.ts';
import { root } from '../docs/pages.ts';

function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'vambe launcher-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('the next command is ./vambe in a checkout, .\\vambe there on Windows, and vambe elsewhere (N1)', () => {
  const folder = makeFolder();
  expect(launcherName({ cwd: folder, root: folder, platform: 'linux' })).toBe('vambe');
  writeFileSync(path.join(folder, 'vambe'), '');
  expect(launcherName({ cwd: folder, root: folder, platform: 'linux' })).toBe('./vambe');
  expect(launcherName({ cwd: folder, root: folder, platform: 'win32' })).toBe('.\\vambe');
  expect(launcherName({ cwd: tmpdir(), root: folder, platform: 'linux' })).toBe('vambe');
});

describe.skipIf(process.platform === 'win32')('the launcher ./vambe', () => {
  const folderWith = (main?: string) => {
    const folder = makeFolder();
    cpSync(path.join(root, 'vambe'), path.join(folder, 'vambe'));
    mkdirSync(path.join(folder, 'dist/cli'), { recursive: true });
    if (main !== undefined) writeFileSync(path.join(folder, 'dist/cli/main.js'), main);
    return folder;
  };

  test('runs dist/cli/main.js with the arguments as they are, also through a link from another folder (N1)', () => {
    const folder = folderWith('console.log(JSON.stringify(process.argv.slice(2)))');
    const link = path.join(makeFolder(), 'linked');
    symlinkSync(path.join(folder, 'vambe'), link);
    const args = ['call', '--args', '["a  b", "$x"]', ''];
    for (const program of [path.join(folder, 'vambe'), link]) {
      const output = execFileSync(program, args, { encoding: 'utf8', cwd: tmpdir() });
      expect(JSON.parse(output)).toEqual(args);
    }
  });

  test('gives its exit code on', () => {
    expect(() => execFileSync(path.join(folderWith('process.exit(4)'), 'vambe'))).toThrow(
      expect.objectContaining({ status: 4 }),
    );
  });

  test('says that nothing is built yet', () => {
    expect(() => execFileSync(path.join(folderWith(), 'vambe'), { stdio: 'pipe', encoding: 'utf8' })).toThrow(
      expect.objectContaining({ status: 2, stderr: expect.stringContaining('Run "npm ci"') }),
    );
  });
});
