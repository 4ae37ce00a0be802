/** A batch of 100,000 ids on the command line: each known one is accepted once, in little memory, and holds up nobody else. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertMeetings, manyTranscripts } from '../../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';
import { productProgram } from '../../helpers/product.ts';
import { query, startApp, type TestApp } from '../../helpers/start-app.ts';
import { createStubClassifier } from '../../helpers/stub-classifier.ts';

const known = process.env.TEST_FULL === '1' ? 50_000 : 5_000;
/** As many as fit on a command line, with each id twice. */
const given = 100_000;

let namespace: Namespace;
let app: TestApp;

beforeAll(async () => {
  namespace = await createNamespace();
  const classifier = createStubClassifier({ before: () => new Promise((resolve) => setTimeout(resolve, 50)) });
  app = await startApp(namespace, { classifier });
});
afterAll(async () => {
  await app?.close();
  await namespace?.close();
});

/** The most memory that it held, where the system tells (Linux). */
async function peakMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}

test('100,000 ids: repeats count once, strangers are told, memory stays small, and a single request goes first (E4)', {
  timeout: 300_000,
}, async () => {
  const ids = await insertMeetings(app.database, manyTranscripts(known));
  const [single = 0] = await insertMeetings(app.database, ['Una reunión que alguien espera.']);
  // Every known id, each of them again, and strangers up to the number.
  const strangers = Array.from({ length: given / 2 - known }, (_each, n) => 1_000_000 + n);
  const half = [...ids, ...strangers];
  const child = spawn(
    process.execPath,
    [...productProgram('cli/main'), 'classify', '--json', ...[...half, ...half].map(String)],
    {
      cwd: fileURLToPath(new URL('../../fixtures', import.meta.url)),
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        DATABASE_URL: namespace.postgresUrl,
        REDIS_URL: namespace.redisUrl,
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  let peak = 0;
  const watch = setInterval(() => {
    if (child.pid !== undefined)
      void peakMiB(child.pid).then((now) => {
        peak = Math.max(peak, now);
      });
  }, 50);
  const [code] = await once(child, 'close');
  clearInterval(watch);
  const told = JSON.parse(Buffer.concat(pieces).toString());
  expect(told).toMatchObject({ accepted: known });
  expect(told.unknown).toHaveLength(strangers.length);
  expect(code).toBe(strangers.length > 0 ? 4 : 0);
  expect(peak).toBeLessThan(256);

  const worker = await app.work({ concurrency: 2 });
  await app.rowIn(await app.ask({ args: [single] }), 'completed');
  const [row] = await query<{ done: number }>(
    app,
    `select count(*)::int as done from vambe_worker.jobs where state = 'completed' and origin = 'cli'`,
  );
  await worker.stop(0);
  // It waited for those that ran already, and for no other.
  expect(row?.done).toBeLessThan(known / 10);
});
