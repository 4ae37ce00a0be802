/** (f) The sample meetings on embedded servers: `vambe up --exit-when-idle` on an empty folder, then once more. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export interface EmbeddedFigures {
  readonly first_start_s: number;
  readonly next_start_s: number;
}

const builtCommand = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export async function measureEmbedded(): Promise<EmbeddedFigures> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vambe-bench-'));
  try {
    return { first_start_s: await timeUp(folder), next_start_s: await timeUp(folder) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function timeUp(folder: string): Promise<number> {
  const fromMs = performance.now();
  const child = spawn(process.execPath, [builtCommand, 'up', '--exit-when-idle'], {
    cwd: folder,
    env: { PATH: process.env.PATH },
    stdio: 'ignore',
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`vambe up ended with ${code}`);
  return (performance.now() - fromMs) / 1_000;
}
