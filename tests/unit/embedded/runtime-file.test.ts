import { chmodSync, chownSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { knowProcess } from '../../../src/embedded/process-identity.ts';
import { findRuntime, writeRuntime } from '../../../src/embedded/runtime-file.ts';

describe('The addresses of running servers', () => {
  let folder: string;
  const file = () => join(folder, 'runtime.json');
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vambe-runtime-'));
    const postgresUrl = 'postgresql://127.0.0.1:1/vambe';
    writeRuntime(folder, { host: knowProcess(process.pid), since: 'now', postgresUrl, redisUrl: null });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are read from a file of this user', () => {
    expect(findRuntime(folder)).toMatchObject({ postgresUrl: 'postgresql://127.0.0.1:1/vambe' });
  });

  const refusal = (reason: string) =>
    expect.objectContaining({ code: 'DATA_FOLDER_UNUSABLE', message: expect.stringContaining(reason) });

  it('are refused from a file of another user (R5)', () => {
    const ourId = process.getuid?.() ?? 0;
    // Only root may give a file away; any other user becomes another one for this process alone.
    if (ourId === 0) chownSync(file(), 12_345, 12_345);
    else vi.spyOn(process, 'getuid').mockReturnValue(ourId + 1);
    expect(() => findRuntime(folder)).toThrowError(refusal('belongs to another user'));
  });

  it('are refused from a file that others may write, and through a link (R5)', () => {
    chmodSync(file(), 0o622);
    expect(() => findRuntime(folder)).toThrowError(refusal('other users may write it'));
    chmodSync(file(), 0o600);
    renameSync(file(), `${file()}.real`);
    symlinkSync(`${file()}.real`, file());
    expect(() => findRuntime(folder)).toThrowError(refusal('it is a link'));
  });
});
