import { afterAll, beforeAll } from 'vitest';
import type { Service } from '../../../src/core/service.ts';
import type { WorkerParts } from '../../../src/wiring.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';
import { startApp, type TestApp } from '../../helpers/start-app.ts';
import { describeStartStop } from '../../helpers/start-stop-suite.ts';

let namespace: Namespace;
let app: TestApp;
beforeAll(async () => {
  namespace = await createNamespace();
  app = await startApp(namespace);
});
afterAll(async () => {
  await app.close();
  await namespace.close();
});

const services: Readonly<Record<string, (parts: WorkerParts) => Service>> = {
  consumer: ({ consumer }) => consumer,
  housekeeping: ({ housekeeping }) => housekeeping,
  'celery-bridge': ({ bridge }) => bridge,
  'celery-node': ({ celeryNode }) => celeryNode,
  'celery-events': ({ celeryNode }) => celeryNode.events,
  taking: ({ taking }) => taking,
};

for (const [name, choose] of Object.entries(services)) {
  describeStartStop(name, async () => choose(app.createWorker({ concurrency: 2, lists: ['celery'] })));
}
