/** Wires what a worker has of Celery: the bridge that takes messages, and the node that Celery's tools see. */
import { randomUUID } from 'node:crypto';
import { type Bridge, createBridge } from './celery/bridge/bridge.ts';
import { type CeleryNode, createCeleryNode } from './celery/control/celery-node.ts';
import { endsWithin } from './core/deadline.ts';
import type { Consumer } from './core/queue/consumer.ts';
import type { HousekeepingOptions } from './core/queue/housekeeping.ts';
import { listWorkers, readNode } from './core/queue/presence.ts';
import { countWaiting } from './core/queue/queue-counts.ts';
import type { TaskRates } from './core/queue/rate-limits.ts';
import type { RuntimeOverrides } from './core/runtime-overrides.ts';
import { createService, type Service } from './core/service.ts';
import { type ControlledWorkerOptions, createControlledWorker } from './services/observe/controlled-worker.ts';
import { readVersion } from './version.ts';
import type { WorkerSettings, WorkerWiring } from './wiring.ts';

/** Of a stop, for messages that were taken and not begun. */
const returnMs = 1_500;

export function wireBridge(
  wiring: WorkerWiring,
  { overrides, rates, consumer }: { overrides: RuntimeOverrides; rates: TaskRates; consumer: Consumer },
): Bridge {
  const { registry, queues, ledger, lifecycle, followUps, redis, broker, brokerUrl, clock, log, workerName } = wiring;
  return createBridge({
    broker,
    brokerUrl,
    bridgeId: `${workerName}#${process.pid}#${randomUUID().slice(0, 8)}`,
    registry,
    ledger,
    queues,
    lifecycle,
    followUps,
    steering: overrides,
    clock,
    log,
    async countBusy() {
      const waiting = await Promise.all([
        ...queues.names.map((name) => countWaiting(queues, name)),
        // As in Celery: else a slow task's messages would all be taken away from other workers.
        rates.countWaiting(),
      ]);
      return waiting.reduce((sum, count) => sum + count, consumer.running().length);
    },
    // Asked when this process is no longer present.
    queuesOfOthers: async () => (await listWorkers(redis, clock)).flatMap((worker) => worker.queues),
  });
}

export function wireCeleryNode(
  wiring: WorkerWiring,
  settings: WorkerSettings,
  parts: Pick<ControlledWorkerOptions, 'overrides' | 'rates' | 'queueNames'> & {
    readonly consumer: Consumer;
    readonly state: HousekeepingOptions['state'];
    readonly conf: ControlledWorkerOptions['settings'];
  },
): CeleryNode {
  const { registry, queues, database, redis, lifecycle, broker, brokerUrl, config, clock, log, workerName } = wiring;
  const { state, conf, ...shared } = parts;
  return createCeleryNode({
    name: workerName,
    version: readVersion(),
    worker: createControlledWorker({
      ...shared,
      name: workerName,
      registry,
      queues,
      database,
      redis,
      lifecycle,
      maxRetries: config.maxRetries,
      settings: conf,
      clock,
      log,
      shutDown: () => settings.onShutDown?.(),
    }),
    brokerUrl,
    broker,
    subscriber: wiring.subscriber,
    redis,
    lifecycle,
    sendsTaskEvents: settings.sendsTaskEvents ?? false,
    isInspectOnly: config.celeryControl === 'inspect-only',
    async readLoad() {
      const { processes, state: node } = await readNode(redis, workerName, clock);
      // Its own figures are fresher than those of its last beat.
      const shown = processes > 1 && node ? node : state();
      const processed = Object.values(shown.processed).reduce((sum, count) => sum + count, 0);
      return { active: shown.active.length, processed, processes, isFirst: shown.pid === process.pid };
    },
    clock,
    log,
  });
}

/** Stopped when no job runs any more; where one hung, its messages are left to recovery. */
export function untouchedMessages(bridge: Bridge, consumer: Consumer): Service {
  return createService('untouched-messages', {
    start: () => undefined,
    async stop() {
      if (consumer.prefetched() === 0) await endsWithin(returnMs, bridge.returnToCeleryList());
    },
  });
}
