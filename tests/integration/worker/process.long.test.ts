/** Signals, late servers and exit codes of a worker process. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { enqueueMeetings, expectAllDoneOnce } from '../../helpers/meeting-jobs.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';
import { type SpawnOptions, spawnWorker } from '../../helpers/spawn-worker.ts';
import { readJob, startApp, type TestApp, untilItRuns } from '../../helpers/start-app.ts';
import { makeTaskFolder } from '../../helpers/task-folder.ts';

/** `nap` lasts as many ms as asked, and heeds its signal. */
const napTask = `export default ({ defineTask, z, complete }) => defineTask({ name: 'nap', parameters: z.object({ ms: z.number() }),
  run: ({ ms }, { signal }) => new Promise((resolve, reject) => {
    setTimeout(() => resolve(complete({ ms })), ms);
    signal.addEventListener('abort', () => reject(signal.reason));
  }) });`;

let namespace: Namespace;
let app: TestApp;
let folder: string;

beforeAll(async () => {
  namespace = await createNamespace();
});
beforeEach(async () => {
  folder = await makeTaskFolder({ 'nap.mjs': napTask });
  app = await startApp(namespace, { taskFolders: [folder] });
});
afterEach(async () => {
  await app.close();
  await namespace.clear();
});
afterAll(() => namespace?.close());

const spawn = (options: Partial<SpawnOptions> = {}) => spawnWorker({ ...namespace, ...options });
const spawnWithNaps = (...args: string[]) => spawn({ args: ['--tasks', folder, ...args] });

test('A2 SIGTERM lets a running job finish, takes no other, and ends with 0', async () => {
  const worker = spawnWithNaps('--concurrency', '1');
  await worker.logged('worker.ready');
  const [running, waiting] = [await app.ask({ task: 'nap', args: [1_500] }), await app.ask({ task: 'nap', args: [1] })];
  await untilItRuns(app, running);
  worker.kill('SIGTERM');
  await worker.logged('worker.finishing');
  expect(await worker.exited).toBe(0);
  expect((await readJob(app, running))?.state).toBe('completed');
  expect(await readJob(app, waiting)).toMatchObject({ state: 'queued', attempt: 0 });
  expect(worker.events.at(-1)).toMatchObject({ event: 'worker.stopped' });
});

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('A3 a second %s hands the running job back and ends at once with %i', async (signal, code) => {
  const worker = spawnWithNaps();
  await worker.logged('worker.ready');
  const taskId = await app.ask({ task: 'nap', args: [3_600_000] });
  await untilItRuns(app, taskId);
  worker.kill(signal);
  await worker.logged('worker.finishing');
  worker.kill(signal);
  worker.kill(signal);
  expect(await worker.exited).toBe(code);
  const row = await readJob(app, taskId);
  expect(row).toMatchObject({ state: 'queued', attempt: 0 });
  const job = await app.queues.get('default').getJob(`j${row?.id}-${row?.delivery}`);
  expect(await job?.getState()).toMatch(/waiting|prioritized/);
});

test('A3 SIGTERM before it is ready does no harm', async () => {
  const worker = spawn({ redisUrl: 'redis://127.0.0.1:1' });
  await worker.logged('redis.down');
  worker.kill('SIGTERM');
  expect(await worker.exited).toBe(0);
});

test('B1 C1 a worker that is started before its servers waits for them, then works', async () => {
  // The servers' own addresses behind doors that are opened later.
  const [postgres, redis] = [await openDoor(namespace.postgresUrl), await openDoor(namespace.redisUrl)];
  const worker = spawn({ postgresUrl: postgres.url, redisUrl: redis.url });
  expect(await worker.logged('redis.down')).toMatchObject({
    code: 'REDIS_UNREACHABLE',
    error: expect.stringContaining('ECONNREFUSED'),
  });
  expect(await worker.logged('database.down')).toMatchObject({ code: 'DATABASE_UNREACHABLE' });
  const ids = await enqueueMeetings(app, 3);
  await Promise.all([postgres.open(), redis.open()]);
  await worker.logged('worker.ready');
  await expectAllDoneOnce(app, ids);
});

test('B8 what a server refuses ends the process with 5, in words on stderr and without the password', async () => {
  const url = new URL(namespace.redisUrl);
  url.password = 'wrong-secret-word';
  const worker = spawn({ redisUrl: url.href });
  expect(await worker.exited).toBe(5);
  expect(worker.output()).toMatch(/^vambe: Redis at redis:.* refused the user or password .*REDIS_URL/m);
  expect(worker.output()).not.toContain('wrong-secret-word');
});

test('G9 wrong, unknown and contradictory settings end the process with 2, all in one list, before anything is opened', async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const servers = { redisUrl: `redis://127.0.0.1:${port}`, postgresUrl: `postgres://127.0.0.1:${port}/vambe` };
  const wrong = { WORKER_CONCURRENCY: 'many', LOG_LEVEL: 'loud', WORKER_CONCURENCY: '3' };
  const worker = spawn({ ...servers, environment: wrong });
  expect(await worker.exited).toBe(2);
  for (const name of Object.keys(wrong)) expect(worker.output()).toContain(name);
  expect(worker.output()).toContain('Did you mean WORKER_CONCURRENCY?');
  const contradictory = spawn({ ...servers, environment: { CLASSIFIER: 'llm' } });
  expect(await contradictory.exited).toBe(2);
  expect(contradictory.output()).toContain('CLASSIFIER');
  expect(connections).toBe(0);
});

/** A port in front of a server that refuses until it is opened. */
async function openDoor(serverUrl: string): Promise<{ url: string; open(): Promise<void> }> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  const door = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    client.pipe(server).pipe(client);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const { port } = door.address() as AddressInfo;
  await new Promise((resolve) => door.close(resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    door.close();
  });
  const url = new URL(serverUrl);
  url.port = String(port);
  return { url: url.href, open: () => new Promise((resolve) => door.listen(port, '127.0.0.1', resolve)) };
}
