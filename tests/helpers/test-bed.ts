/** What a test file needs around its tests: a namespace, what its tests start, an app that looks from outside, a Redis of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { createNamespace, type Namespace } from './namespace.ts';
import { type RunningServer, startRedis } from './real-servers.ts';
import { startApp, type TestApp } from './start-app.ts';

export interface TestBed {
  readonly namespace: Namespace;
  /** Stops of what a test started; called in reverse order after it. */
  readonly started: (() => Promise<unknown>)[];
}

export interface OutsideBed extends TestBed {
  /** Looks past whatever stands between a worker and its servers. */
  readonly outside: TestApp;
}

export interface OwnRedisBed extends OutsideBed {
  readonly folder: string;
  /** Only this file uses it: what a test does to it reaches no other file. */
  readonly server: RunningServer;
}

/** Call it once, at the top of a test file. */
export function useTestBed(): TestBed {
  let namespace: Namespace | undefined;
  const started: TestBed['started'] = [];
  beforeAll(async () => {
    namespace = await createNamespace();
  });
  afterEach(async () => {
    for (const stop of started.splice(0).reverse()) await stop();
    await namespace?.clear();
  });
  afterAll(() => namespace?.close());
  return {
    started,
    get namespace() {
      return ready(namespace);
    },
  };
}

/** As `useTestBed`, with an app beside what is tested. */
export function useOutsideBed(): OutsideBed {
  const bed = useTestBed();
  let outside: TestApp | undefined;
  beforeAll(async () => {
    outside = await startApp(bed.namespace);
  });
  afterAll(() => outside?.close());
  return extend(bed, {
    get outside() {
      return ready(outside);
    },
  });
}

/** As `useOutsideBed`, on a Redis that is emptied after each test. */
export function useOwnRedisBed(): OwnRedisBed {
  const bed = useTestBed();
  let own: { readonly folder: string; readonly server: RunningServer; readonly outside: TestApp } | undefined;
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vambe-redis-'));
    const server = await startRedis(folder, { persists: false });
    own = { folder, server, outside: await startApp({ ...bed.namespace, redisUrl: server.url }) };
  });
  // Runs before the hook of `useTestBed`, which was added first: a stop of a test comes first all the same.
  afterEach(async () => {
    for (const stop of bed.started.splice(0).reverse()) await stop();
    await own?.outside.redis.flushall();
  });
  afterAll(async () => {
    await own?.outside.close();
    await own?.server.stop();
    if (own) await rm(own.folder, { recursive: true, force: true });
  });
  return extend(bed, {
    get folder() {
      return ready(own).folder;
    },
    get server() {
      return ready(own).server;
    },
    get outside() {
      return ready(own).outside;
    },
  });
}

function ready<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('used before the hook that makes it');
  return value;
}

/** Keeps the getters of both. */
function extend<A extends object, B extends object>(base: A, more: B): A & B {
  return Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(base),
      ...Object.getOwnPropertyDescriptors(more),
    },
  ) as A & B;
}
