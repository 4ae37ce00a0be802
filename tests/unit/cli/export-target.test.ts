import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTarget } from '../../../src/cli/export-target.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vambe-target-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(path: string, text: string) {
  const target = await openTarget(path);
  await new Promise<void>((resolve) => target.stream.end(text, resolve));
  return target;
}

describe('The file of an export', () => {
  it('takes the place of a former one when it is whole, for this user alone', async () => {
    const path = join(folder, 'a.csv');
    await writeFile(path, 'former');
    const target = await write(path, 'new');
    expect(await readFile(path, 'utf8')).toBe('former');
    await target.keep();
    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('leaves nothing behind when it is discarded', async () => {
    const path = join(folder, 'b.csv');
    await (await write(path, 'half')).discard();
    await (await openTarget(path)).discard();
    expect((await readdir(folder)).filter((name) => name.startsWith('b.csv'))).toEqual([]);
  });

  it('is refused where it cannot be', async () => {
    await expect(openTarget(folder)).rejects.toThrow('is a folder');
    await expect(openTarget(join(folder, 'none', 'c.csv'))).rejects.toThrow('cannot be written (ENOENT)');
  });
});
