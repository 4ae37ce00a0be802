/** With every server away a worker process asks little, says little, and goes on by itself when they are back. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../helpers/fault-proxy.ts';
import { enqueueMeetings, expectAllDoneOnce } from '../helpers/meeting-jobs.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { spawnWorker } from '../helpers/spawn-worker.ts';
import { startApp, type TestApp } from '../helpers/start-app.ts';
import { waitFor } from '../helpers/wait-for.ts';

let namespace: Namespace;
/** Accepts and looks, past the proxies; it runs nothing. */
let app: TestApp;

beforeAll(async () => {
  namespace = await createNamespace();
  app = await startApp(namespace);
});
afterAll(async () => {
  await app?.close();
  await namespace?.close();
});

const passed = (ms: number) => {
  const untilMs = performance.now() + ms;
  return waitFor(`${ms} ms of outage`, () => performance.now() > untilMs, 2 * ms);
};
const mostTriesASecond = 5;

test('B1 C1 while Redis, PostgreSQL and the Celery broker are all away, each is tried at most five times a second and told once', {
  timeout: 90_000,
}, async () => {
  const proxies = {
    redis: await startFaultProxy(namespace.redisUrl),
    postgres: await startFaultProxy(namespace.postgresUrl),
    broker: await startFaultProxy(namespace.redisUrl),
  };
  const all: readonly FaultProxy[] = Object.values(proxies);
  const worker = spawnWorker({
    postgresUrl: proxies.postgres.url,
    redisUrl: proxies.redis.url,
    environment: { CELERY_BROKER_URL: proxies.broker.url },
  });
  await worker.logged('worker.ready');
  // So many that some are being taken and saved when the servers go.
  const ids = await enqueueMeetings(app, 1_500);
  const finished = () => worker.events.filter(({ event }) => event === 'job.finished');
  await waitFor('all slots to be busy', () => finished().length > 100);
  for (const proxy of all) proxy.refuse();
  await passed(2_000);
  const [before, fromMs] = [all.map(({ tries }) => tries), performance.now()];
  await passed(8_000);
  const seconds = (performance.now() - fromMs) / 1_000;
  for (const [index, { tries }] of all.entries()) {
    const aSecond = (tries - (before[index] ?? 0)) / seconds;
    // None at all would be a worker that never finds its servers again.
    expect(aSecond, Object.keys(proxies)[index]).toBeGreaterThan(0.2);
    expect(aSecond, Object.keys(proxies)[index]).toBeLessThan(mostTriesASecond);
  }
  const told = worker.events
    .filter(({ level }) => level === 'warn' || level === 'error')
    .map(({ event, url = '' }) => `${event} ${url}`);
  expect(told).toEqual(expect.arrayContaining([expect.stringMatching(/^redis\.down/), 'database.down ']));
  expect(new Set(told).size, told.join(', ')).toBe(told.length);
  expect(told.length).toBeLessThanOrEqual(all.length);
  for (const proxy of all) await proxy.pass();
  await expectAllDoneOnce(app, ids);
  worker.kill('SIGTERM');
  expect(await worker.exited, JSON.stringify(worker.events.at(-1))).toBe(0);
});
