/** `vambe control rate_limit` on tasks that share a queue: each has its own slots, and the others go on. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { CommandModule } from '../../../src/cli/kit/cli.ts';
import { run } from '../../../src/cli/kit/program.ts';
import { createTaskRates } from '../../../src/core/queue/rate-limits.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';
import { query, readJob, startApp, type TestApp } from '../../helpers/start-app.ts';
import { makeTaskFolder } from '../../helpers/task-folder.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { makeIo } from '../../unit/cli/fake-io.ts';

const tasks = `export default ({ defineTask, z, complete }) => ['slow', 'quick'].map((name) =>
  defineTask({ name, aliases: ['old.' + name], parameters: z.object({}), run: async () => complete({}) }));`;
const commands = [
  { name: 'control', load: (): Promise<CommandModule> => import('../../../src/cli/commands/control.ts') },
];
const hourMs = 3_600_000;

describe('rate limits of tasks that share a queue', () => {
  let namespace: Namespace;
  beforeAll(async () => {
    namespace = await createNamespace();
  });
  afterAll(() => namespace?.close());

  const open = async (): Promise<TestApp> => {
    const app = await startApp(namespace, { taskFolders: [await makeTaskFolder({ 'two.mjs': tasks })] });
    onTestFinished(async () => {
      await query(app, 'truncate vambe_worker.jobs');
      await app.close();
      await namespace.clear();
    });
    return app;
  };
  const work = async (app: TestApp) => {
    const worker = await app.work({ withHousekeeping: true });
    onTestFinished(() => worker.stop(0));
  };
  const limit = async (task: string, rate: string): Promise<string> => {
    const environment = { REDIS_URL: namespace.redisUrl, DATABASE_URL: namespace.postgresUrl };
    const { io, stdout } = makeIo({ environment });
    await run(['control', 'rate_limit', task, rate], { commands, version: '1.2.3', io });
    return stdout.text();
  };
  const delayed = (app: TestApp) => app.queues.get('default').getDelayed();
  const heldOf = async (app: TestApp, task: string) => (await delayed(app)).filter(({ name }) => name === task);

  it('a job beyond the limit waits for its slot untouched, jobs of another task go on, and without a limit it runs at once', async () => {
    const app = await open();
    await work(app);
    expect(await limit('old.slow', '2/h')).toContain('new rate limit set successfully');
    const ids = [];
    for (let n = 0; n < 3; n++) ids.push(await app.ask({ task: 'slow' }));
    const held = await waitFor('two to be held back', async () => {
      const found = await heldOf(app, 'slow');
      return found.length === 2 && found;
    });
    const waitsMs = held.map(({ delay }) => delay).sort((a, b) => a - b);
    expect(waitsMs.map((ms) => Math.round(ms / 60_000))).toEqual([30, 60]);
    await app.rowIn(await app.ask({ task: 'quick' }), 'completed');
    const rows = await Promise.all(ids.map((id) => readJob(app, id)));
    expect(rows.map((row) => row?.state).sort()).toEqual(['completed', 'queued', 'queued']);
    expect(rows.filter((row) => row?.state === 'queued').map((row) => [row?.run_id, row?.attempts])).toEqual([
      [null, []],
      [null, []],
    ]);
    expect(await limit('slow', '0')).toContain('new rate limit set successfully');
    for (const id of ids) await app.rowIn(id, 'completed');
  });

  it('it holds for workers that start later, and the same limit said twice gives no slot away', async () => {
    const app = await open();
    const rates = createTaskRates({ redis: app.redis, queues: app.queues, registry: app.registry });
    await rates.limit('slow', { max: 1, durationMs: hourMs });
    expect(await rates.read('slow')).toBe('1/h');
    await work(app);
    await app.rowIn(await app.ask({ task: 'slow' }), 'completed');
    await rates.limit('slow', { max: 1, durationMs: hourMs });
    await app.ask({ task: 'slow' });
    await waitFor('it to be held back', async () => (await heldOf(app, 'slow')).length === 1);
    expect(await rates.countWaiting()).toBe(1);
  });

  it('a slot is kept for the job that has it, given up when it starts, and follows the last one of another', async () => {
    const app = await open();
    const rates = createTaskRates({ redis: app.redis, queues: app.queues, registry: app.registry });
    expect(rates.hasSlots('slow')).toBe(false);
    await rates.limit('slow', { max: 2, durationMs: hourMs });
    const slotOf = async (id: string) => Math.round((await rates.msToSlot({ id, name: 'slow' })) / 60_000);
    expect([await slotOf('a'), await slotOf('b'), await slotOf('c'), await slotOf('b')]).toEqual([0, 30, 60, 30]);
    expect(await slotOf('a')).toBe(90);
    expect(await rates.msToSlot({ id: 'd', name: 'quick' })).toBe(0);
  });
});
