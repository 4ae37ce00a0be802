/** What commands print with --json is what src/contract says: strict schemas, so that a new key has to be written there too. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { CommandModule } from '../../src/cli/kit/cli.ts';
import { run } from '../../src/cli/kit/program.ts';
import { costDocument } from '../../src/contract/cost.ts';
import { findingsDocument } from '../../src/contract/findings.ts';
import {
  callDocument,
  callEndDocument,
  cancelDocument,
  cancelSelectionDocument,
  jobDocument,
  jobListDocument,
  retryDocument,
  retrySelectionDocument,
  selectionDocument,
  sentCallDocument,
} from '../../src/contract/jobs.ts';
import { failureDocument } from '../../src/contract/pieces.ts';
import { drainDocument, pauseDocument, queuesDocument, resumeDocument } from '../../src/contract/queues.ts';
import { schedulePauseDocument, scheduleRunDocument, schedulesDocument } from '../../src/contract/schedules.ts';
import { statusDocument } from '../../src/contract/status.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { query, startApp, type TestApp } from '../helpers/start-app.ts';
import { makeIo, makeStream } from '../unit/cli/fake-io.ts';

const taskFile = `
export default ({ defineTask, z, complete }) => [
  defineTask({ name: 'breaks', maxRetries: 0, parameters: z.object({}), run: () => { throw new Error('this always breaks'); } }),
  defineTask({ name: 'adds', parameters: z.object({ x: z.number() }), run: ({ x }) => complete({ sum: x + 1 }) }),
];`;

const commands = [
  ...['jobs', 'retry', 'cancel', 'queues', 'pause', 'resume', 'drain', 'schedules'],
  ...['status', 'check', 'doctor', 'call', 'stats'],
].map((name) => ({ name, load: (): Promise<CommandModule> => import(`../../src/cli/commands/${name}.ts`) }));

/** Small, as each command reads it. */
const taxonomy = fileURLToPath(new URL('../fixtures/small-taxonomy.yaml', import.meta.url));

let namespace: Namespace;
let folder: string;
let app: TestApp;
let worker: { stop(graceMs?: number): Promise<void> };

async function vambe(args: readonly string[], more: Record<string, string> = {}) {
  const { io, stdout, stderr } = makeIo({
    environment: {
      REDIS_URL: namespace.redisUrl,
      DATABASE_URL: namespace.postgresUrl,
      VAMBE_DATA_DIR: folder,
      TAXONOMY_FILE: taxonomy,
      ...more,
    },
    stderr: makeStream(),
  });
  const code = await run(args, { commands, version: '1.2.3', io });
  return { code, out: stdout.text(), err: stderr.text() };
}

/** The document of a command, read with its schema. */
async function read<T>(schema: z.ZodType<T>, args: readonly string[], more: Record<string, string> = {}): Promise<T> {
  const { out, err } = await vambe([...args, '--json'], more);
  const found = schema.safeParse(JSON.parse(out));
  expect(found.error?.issues ?? [], `${args.join(' ')}: ${out} ${err}`).toEqual([]);
  return found.data as T;
}

const call = async (...args: string[]) => (await read(callDocument, ['call', ...args, '--tasks', folder])).task_id;

beforeAll(async () => {
  namespace = await createNamespace();
  folder = await mkdtemp(join(tmpdir(), 'vambe-documents-'));
  await writeFile(join(folder, 'tasks.mjs'), taskFile);
  app = await startApp(namespace, { taskFolders: [folder] });
  worker = await app.work({ concurrency: 2, withHousekeeping: true });
});

afterAll(async () => {
  await worker?.stop(0);
  await app?.close();
  await namespace.close();
  await rm(folder, { recursive: true, force: true });
});

describe('with --json, src/contract/jobs.ts describes what is printed by', () => {
  it('call, and call --wait for a job that completes and one that fails', async () => {
    const waits = ['--wait', '--tasks', folder];
    expect(await read(callEndDocument, ['call', 'adds', '--args', '[2]', ...waits])).toMatchObject({
      state: 'completed',
      result: { sum: 3 },
    });
    expect(await read(callEndDocument, ['call', 'breaks', ...waits])).toMatchObject({ state: 'failed' });
    await read(sentCallDocument, ['call', 'reports.build', '--queue', 'reports']);
    await read(failureDocument, ['call', 'no_such_task']);
  });

  it('jobs, by state and by filter, and jobs of one id or the beginning of it', async () => {
    const id = await call('adds', '--args', '[1]');
    const page = await read(jobListDocument, ['jobs', '--limit', '2']);
    expect(page.jobs[0]?.task_id).toBe(id);
    await read(jobListDocument, ['jobs', '--state', 'running']);
    await read(jobListDocument, ['jobs', '--filter', 'state=failed,completed task=adds']);
    await read(jobDocument, ['jobs', id]);
    expect((await read(jobDocument, ['jobs', id.slice(0, 8)])).job.task_id).toBe(id);
    await read(failureDocument, ['jobs', 'no-such-job']);
  });

  it('retry and cancel, by id and by filter', async () => {
    const { task_id: failed } = await read(callEndDocument, ['call', 'breaks', '--wait', '--tasks', folder]);
    const later = await call('adds', '--args', '[1]', '--countdown', '3600');
    await read(selectionDocument, ['retry', '--filter', 'state=failed', '--dry-run', '--tasks', folder]);
    await read(retryDocument, ['retry', failed.slice(0, 8), 'no-such-job', '--tasks', folder]);
    await read(retrySelectionDocument, ['retry', '--filter', 'state=failed', '--yes', '--tasks', folder]);
    await read(selectionDocument, ['cancel', '--filter', 'task=nothing', '--yes']);
    expect(await read(cancelDocument, ['cancel', later.slice(0, 8)])).toMatchObject({ success: true, cancelled: 1 });
    await call('adds', '--args', '[1]', '--countdown', '3600');
    await read(cancelSelectionDocument, ['cancel', '--filter', 'task=adds', '--yes']);
    const { job } = await read(jobDocument, ['jobs', later]);
    expect(job.changes).toHaveLength(1);
  });
});

describe('a beginning that several ids have', () => {
  it('is answered with five of them, and nothing is done (N5)', async () => {
    for (let n = 0; n < 7; n++) await call('adds', '--args', '[1]', '--countdown', '3600', '--task-id', `same-${n}`);
    const { error, code } = await read(failureDocument, ['cancel', 'same']);
    expect(code).toBe('USAGE');
    expect(error).toBe(
      'Several task ids begin with "same": same-6, same-5, same-4, same-3, same-2 and more. Give more characters of one.',
    );
    const rows = await query<{ state: string }>(app, `select state from vambe_worker.jobs where task_id like 'same-%'`);
    expect(rows.every(({ state }) => state === 'queued')).toBe(true);
    // Too short to be meant as a beginning.
    expect(await read(cancelDocument, ['cancel', 'sam'])).toMatchObject({ jobs: [{ answer: 'unknown' }] });
    await read(cancelSelectionDocument, ['cancel', '--filter', 'state=queued', '--yes']);
  });
});

describe('with --json, src/contract describes what is printed by', () => {
  it('queues, pause, resume and drain', async () => {
    await read(drainDocument, ['drain', 'default', '--timeout', '30', '--tasks', folder]);
    await read(pauseDocument, ['pause', 'default', '--until', '2h', '--reason', 'a test']);
    const { queues } = await read(queuesDocument, ['queues']);
    expect(queues.find(({ name }) => name === 'default')?.paused).toMatchObject({ reason: 'a test' });
    await read(resumeDocument, ['resume', 'default']);
    await read(failureDocument, ['resume', 'defualt']);
  });

  it('schedules and its subcommands', async () => {
    await read(schedulesDocument, ['schedules']);
    await read(schedulePauseDocument, ['schedules', 'pause', 'purge_expired', '--until', '1d']);
    const { schedules } = await read(schedulesDocument, ['schedules']);
    expect(schedules.find(({ name }) => name === 'purge_expired')?.paused).not.toBeNull();
    await read(scheduleRunDocument, ['schedules', 'run', 'purge_expired']);
    await read(schedulePauseDocument, ['schedules', 'resume', 'purge_expired']);
  });

  it('status, with servers that answer and with one that does not', async () => {
    const found = await read(statusDocument, ['status']);
    expect(found.workers.alive).toHaveLength(1);
    const away = await read(statusDocument, ['status'], { REDIS_URL: 'redis://127.0.0.1:1/0' });
    expect(away).toMatchObject({ success: false, code: 'REDIS_UNREACHABLE', queues: null });
  });

  it('check and doctor', async () => {
    await read(findingsDocument, ['check']);
    await read(findingsDocument, ['check', 'redis'], { REDIS_URL: 'redis://127.0.0.1:1/0' });
    await read(findingsDocument, ['doctor']);
    expect(await read(findingsDocument, ['doctor'], { REDIS_URL: 'nowhere' })).toMatchObject({ success: false });
  });

  it('stats cost', async () => {
    await query(
      app,
      `insert into vambe_worker.llm_calls (model, outcome, input_tokens, output_tokens, cost_usd, latency_ms)
       values ('a-model', 'whole', 10, 5, 0.01, 100)`,
    );
    for (const by of ['day', 'model', 'seller']) await read(costDocument, ['stats', 'cost', '--by', by]);
  });
});
