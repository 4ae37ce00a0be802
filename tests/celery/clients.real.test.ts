/** The npm clients celery-ts and celery-node as producers of ours, and the existing API's path through celery-ts. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createRedis, type Redis } from '../../src/core/connections/redis.ts';
import { insertMeetings, manyTranscripts } from '../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { type RunningServer, startRedis } from '../helpers/real-servers.ts';
import { startApp, type TestApp } from '../helpers/start-app.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { allLists, stubTasks } from './fixture.ts';

const folder = new URL('./clients/', import.meta.url);
const isInstalled = existsSync(new URL('./node_modules/celery-ts/package.json', folder));
const requireClient = createRequire(new URL('./package.json', folder));

/** What the tests use of the packages, which have no ESM and lack types for this. */
interface CeleryTs {
  createClient(options: { brokerUrl: string; resultBackend: string }): {
    createTask(name: string): {
      applyAsync(options: { args: unknown[]; kwargs: object; queue?: string }): { get(): Promise<unknown> };
    };
    end(): Promise<void>;
  };
}
interface CeleryNode {
  createClient(
    broker: string,
    backend: string,
    queue: string,
  ): {
    createTask(name: string): {
      applyAsync(args: unknown[]): { taskId: string; get(timeoutMs?: number): Promise<unknown> };
    };
    disconnect(): Promise<void>;
  };
}

// npm ci in tests/celery/clients installs them. A Redis of their own: celery-ts dies of a channel of any other test's task id.
describe.skipIf(!isInstalled)('npm clients', () => {
  let files: string;
  let server: RunningServer;
  let namespace: Namespace;
  let redis: Redis;
  let app: TestApp;
  const servers = () => ({ postgresUrl: namespace.postgresUrl, redisUrl: server.url });

  beforeAll(async () => {
    files = await mkdtemp(join(tmpdir(), 'vambe-clients-'));
    server = await startRedis(files, { persists: false });
    namespace = await createNamespace();
    redis = createRedis({ url: server.url, name: 'tests', use: 'commands' });
  });
  afterAll(async () => {
    redis?.disconnect();
    await server?.stop();
    await namespace?.close();
    await rm(files, { recursive: true, force: true });
  });

  const startWorker = async (taskFolders: readonly string[]) => {
    app = await startApp(servers(), { taskFolders });
    const { stop, overrides } = await app.work({ lists: allLists });
    onTestFinished(async () => {
      await stop();
      await app.close();
    });
    return overrides;
  };

  const connectTs = () => {
    const { createClient }: CeleryTs = requireClient('celery-ts');
    const client = createClient({ brokerUrl: server.url, resultBackend: server.url });
    onTestFinished(() => client.end());
    return client;
  };

  it('celery-ts gets the final result, not STARTED (38)', async () => {
    await startWorker([stubTasks]);
    const task = connectTs().createTask('classify_meeting');
    const results = ['m1', 'sleep:1', 'm3'].map((id) => task.applyAsync({ args: [id], kwargs: {} }).get());
    expect(await Promise.all(results)).toEqual(
      ['m1', 'sleep:1', 'm3'].map((meeting_id) => ({ status: 'ok', meeting_id, force: false })),
    );
  });

  it('celery-node gets values, and errors with the class of the exception (40)', async () => {
    const overrides = await startWorker([stubTasks]);
    const { createClient }: CeleryNode = requireClient('celery-node');
    const client = createClient(server.url, server.url, 'classification');
    onTestFinished(() => client.disconnect());
    const task = client.createTask('classify_meeting');
    expect(await task.applyAsync(['m1']).get(10_000)).toMatchObject({ meeting_id: 'm1' });
    await expect(task.applyAsync(['fail']).get(10_000)).rejects.toMatchObject({
      message: 'FAILURE',
      exc_type: 'ClassifyError',
    });
    const busy = Array.from({ length: 40 }, () => task.applyAsync(['sleep:1']));
    const last = task.applyAsync(['m9']);
    overrides.revoke([last.taskId]);
    await expect(last.get(10_000)).rejects.toMatchObject({ message: 'REVOKED', exc_type: 'TaskRevokedError' });
    await Promise.all(busy.map((each) => each.get(20_000)));
  });

  it("the existing API's path: 60 meetings through celery-ts to the list celery, polled by task_status", async () => {
    await startWorker([]);
    const ids = await insertMeetings(app.database, manyTranscripts(60));
    const task = connectTs().createTask('classify_meeting');
    const sent = ids.map((meetingId) => ({ meetingId, apiTaskId: randomUUID() }));
    for (const { meetingId, apiTaskId } of sent) {
      await redis.setex(`task_mapping:${apiTaskId}`, 3_600, meetingId);
      task.applyAsync({ args: [meetingId, false, null, apiTaskId], kwargs: {}, queue: 'celery' });
    }
    for (const { meetingId, apiTaskId } of sent) {
      const status = await waitFor(`task_status of ${meetingId}`, async () => {
        const text = await redis.get(`task_status:${apiTaskId}`);
        const document: { status?: string; meeting_id?: number } = text === null ? {} : JSON.parse(text);
        return document.status === 'completed' && document;
      });
      expect(status).toMatchObject({ status: 'completed', meeting_id: meetingId });
      expect(JSON.parse((await redis.get(`classification_result:${meetingId}`)) ?? 'null')).toMatchObject({
        meeting_id: meetingId,
      });
    }
    expect(await redis.llen('celery')).toBe(0);
  });
});
