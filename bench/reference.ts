/** The Python/Celery worker on the same servers and meetings, by its own bench program; absent where that is not at hand. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Surroundings } from './surroundings.ts';

const program = fileURLToPath(new URL('../../shared/reference/run.py', import.meta.url));
const run = promisify(execFile);

export function hasReference(): boolean {
  return existsSync(program);
}

/** Meetings a second of its better variant, and the raw rows of its report. */
export interface ReferenceFigures {
  readonly meetings_per_s: number;
  readonly rows: unknown;
}

/** What it says of `count` meetings in a queue: its worker as the specification has it, and with a prefetch of 4. */
export async function measureReference(
  { redisUrl, postgresUrl }: Surroundings,
  count?: number,
): Promise<ReferenceFigures> {
  const postgres = new URL(postgresUrl);
  const redis = new URL(redisUrl);
  redis.pathname = '/1';
  const out = path.join(tmpdir(), `vambe-reference-${process.pid}.json`);
  const env = {
    PATH: `/usr/bin:${process.env.PATH}`,
    REDIS_URL: redis.href,
    POSTGRES_HOST: postgres.hostname,
    POSTGRES_PORT: postgres.port,
    POSTGRES_DB: postgres.pathname.slice(1),
    POSTGRES_USER: postgres.username,
    POSTGRES_PASSWORD: postgres.password,
  };
  const args = [
    program,
    '--external',
    '--wipe',
    '--runs',
    '1',
    '--cases',
    'classify',
    ...(count === undefined ? [] : ['--classify-n', String(count)]),
    '--variants',
    'seed,prefork_c2_p4',
    '--out',
    out,
  ];
  await run('/usr/bin/python3', args, { env, maxBuffer: 64 * 1_048_576 });
  const text = await readFile(out, 'utf8');
  await rm(out);
  const rows: { classify: Record<string, { drained_per_s: { median: number } }> } = JSON.parse(text);
  const rates = Object.values(rows.classify).map(({ drained_per_s }) => drained_per_s.median);
  return { meetings_per_s: Math.max(...rates), rows };
}
