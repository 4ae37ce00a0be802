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

/** Of the variant whose median is lowest, milliseconds. */
export interface ReferenceLatency {
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly rows: unknown;
}

/** The worker as the specification has it, and with a prefetch of 4. */
const variants = 'seed,prefork_c2_p4';

/** It needs no more to be at its best, as nothing of it is compiled; also what its own program takes unless told. */
export const referenceMeetings = 2_000;

/** What it says of `count` meetings in a queue. */
export async function measureReference(surroundings: Surroundings, count: number): Promise<ReferenceFigures> {
  const rows = await runReference<{ drained_per_s: Median }>(surroundings, 'classify', ['--classify-n', String(count)]);
  return { meetings_per_s: Math.max(...rows.map(({ drained_per_s }) => drained_per_s.median)), rows };
}

/** From just before its client's call to `classification_result:<id>`, in an open loop as ours. */
export async function measureReferenceLatency(
  surroundings: Surroundings,
  { jobs, ratePerS }: { jobs: number; ratePerS: number },
): Promise<ReferenceLatency> {
  const rows = await runReference<{ p50_ms: Median; p99_ms: Median }>(surroundings, 'latency', [
    ...['--latency-n', String(jobs), '--rate', String(ratePerS)],
  ]);
  const best = rows.reduce((one, other) => (other.p50_ms.median < one.p50_ms.median ? other : one));
  return { p50_ms: best.p50_ms.median, p99_ms: best.p99_ms.median, rows };
}

interface Median {
  readonly median: number;
}

/** Its report on one case, a row for each variant. */
async function runReference<Row>(
  { redisUrl, postgresUrl }: Surroundings,
  what: string,
  options: readonly string[],
): Promise<Row[]> {
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
  const args = [program, '--external', '--wipe', '--runs', '1', '--cases', what, ...options];
  await run('/usr/bin/python3', [...args, '--variants', variants, '--out', out], {
    env,
    maxBuffer: 64 * 1_048_576,
  });
  const text = await readFile(out, 'utf8');
  await rm(out);
  const report: Record<string, Record<string, Row>> = JSON.parse(text);
  return Object.values(report[what] ?? {});
}
