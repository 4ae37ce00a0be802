/** Our worker with the stub tasks, and a Python client of the same app, on servers of one test file. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createRedis, type Redis } from '../../src/core/connections/redis.ts';
import type { RuntimeOverrides } from '../../src/core/runtime-overrides.ts';
import { readVector } from '../helpers/celery-vectors.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { startApp, type TestApp, type TestAppOptions } from '../helpers/start-app.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { type PythonClient, startPython } from './python.ts';

export const stubTasks = fileURLToPath(new URL('./tasks', import.meta.url));
export const allLists = ['classification', 'default', 'celery', 'vambe_tasks'] as const;

export interface Meta {
  readonly status: string;
  readonly result: unknown;
  readonly traceback: string | null;
  readonly children: readonly unknown[];
  readonly date_done: string | null;
  readonly task_id: string;
  readonly group_id?: string;
  readonly parent_id?: string;
}

export interface CeleryBench {
  readonly namespace: Namespace;
  readonly app: TestApp;
  readonly redis: Redis;
  readonly python: PythonClient;
  /** Takes from all four lists until `stop`. */
  work(options?: {
    concurrency?: number;
    givesBack?: boolean;
  }): Promise<{ readonly overrides: RuntimeOverrides; stop(graceMs?: number): Promise<void> }>;
  /** LPUSHes a captured message under a new id; its id. */
  push(vector: string, change?: (raw: string) => string): Promise<string>;
  meta(id: string): Promise<Meta | undefined>;
  /** The document, as soon as it is in one of these states. */
  metaIn(id: string, ...states: string[]): Promise<Meta>;
  close(): Promise<void>;
}

export async function startBench(options: TestAppOptions = {}): Promise<CeleryBench> {
  const namespace = await createNamespace();
  const app = await startApp(namespace, { taskFolders: [stubTasks], ...options });
  const redis = createRedis({ url: namespace.redisUrl, name: 'tests', use: 'commands' });
  const python = startPython(namespace.redisUrl);
  const meta = async (id: string) => {
    const text = await redis.get(`celery-task-meta-${id}`);
    return text === null ? undefined : (JSON.parse(text) as Meta);
  };
  return {
    namespace,
    app,
    redis,
    python,
    work: ({ concurrency = 20, givesBack } = {}) => app.work({ concurrency, lists: allLists, givesBack }),
    async push(name, change = (raw) => raw) {
      const { raw, redis_key } = readVector(name);
      const known = /"id": ?"([^"]+)"/.exec(raw)?.[1];
      const id = randomUUID();
      await redis.lpush(redis_key, change(known === undefined ? raw : raw.replaceAll(known, id)));
      return known === undefined ? '' : id;
    },
    meta,
    metaIn: (id, ...states) =>
      waitFor(`the document of ${id} to say ${states.join(' or ')}`, async () => {
        const found = await meta(id);
        return found && states.includes(found.status) ? found : undefined;
      }),
    async close() {
      python.stop();
      redis.disconnect();
      await app.close();
      await namespace.close();
    },
  };
}

/** Length of everything that stands in the lists or between them and their rows. */
export async function countUndone(redis: Redis): Promise<number> {
  const keys = allLists.flatMap((list) => [list, ...[3, 6, 9].map((step) => `${list}\x06\x16${step}`)]);
  const lengths = await Promise.all(keys.map((key) => redis.llen(key)));
  const inflight = await redis.keys('vambe:inflight:*');
  const held = await Promise.all(inflight.map((key) => redis.hlen(key)));
  return [...lengths, ...held].reduce((sum, each) => sum + each, 0);
}
