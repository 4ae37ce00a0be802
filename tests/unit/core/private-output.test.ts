import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPrivateOutput, writePrivateOutput } from '../../../src/core/private-output.ts';

describe('A file with personal data', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vambe-output-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is readable by this user alone, also where a readable one was (R6)', async () => {
    await writeFile(at('page.html'), 'former');
    await chmod(at('page.html'), 0o644);
    await writePrivateOutput(at('page.html'), '--html', 'new');
    expect(await readFile(at('page.html'), 'utf8')).toBe('new');
    expect((await stat(at('page.html'))).mode & 0o777).toBe(0o600);
  });

  it('replaces a link and leaves what it pointed to (R6)', async () => {
    await writeFile(at('victim'), 'theirs');
    await symlink(at('victim'), at('page.html'));
    await writePrivateOutput(at('page.html'), '--html', 'new');
    expect((await lstat(at('page.html'))).isSymbolicLink()).toBe(false);
    expect(await readFile(at('victim'), 'utf8')).toBe('theirs');
  });

  it('is written under a name that cannot be guessed, so that a link cannot be planted there (R6)', async () => {
    const [first, second] = [
      await openPrivateOutput(at('a.csv'), '--out'),
      await openPrivateOutput(at('a.csv'), '--out'),
    ];
    expect(first.path).not.toBe(second.path);
    await Promise.all([first.discard(), second.discard()]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is refused in a sentence that names the option', async () => {
    await expect(openPrivateOutput(folder, '--out')).rejects.toThrow(`--out "${folder}" is a folder.`);
    await expect(openPrivateOutput(at('no/such'), '--html')).rejects.toThrow('cannot be written (ENOENT)');
  });
});
