/** A worker as a node of Celery's: remote control, worker events every 2 s, task events on demand, and a greeting to its peers. */
import { loadavg } from 'node:os';
import type { Clock } from '../core/clock.ts';
import type { ControlledWorker } from '../core/controlled-worker.ts';
import type { Lifecycle } from '../core/lifecycle.ts';
import type { Log } from '../core/logger.ts';
import type { Redis } from '../core/redis.ts';
import { createService, type Service } from '../core/service.ts';
import { createControlClient } from './control-client.ts';
import { databaseNumberOf } from './control-wire.ts';
import { isObject } from './envelope.ts';
import { workerFields } from './event-bodies.ts';
import { createEventSender } from './event-sender.ts';
import { revokedObject } from './inspect-commands.ts';
import { taskEventsOf } from './job-event-fields.ts';
import { createLamportClock } from './lamport-clock.ts';
import type { Broker, NodeContext } from './node-context.ts';
import { createRemoteControl } from './remote-control.ts';

/** Celery's own; a monitor calls a worker dead after twice that. */
const beatMs = 2_000;
const beatSeconds = beatMs / 1_000;
const startWithinMs = 1_000;
/** How long a starting worker listens for what its peers revoked, as Celery's mingle does. */
const mingleMs = 1_000;

/** All processes of a node's name together. */
export interface NodeLoad {
  readonly active: number;
  readonly processed: number;
  readonly processes: number;
  /** This process speaks for the node. */
  readonly isFirst: boolean;
}

export interface CeleryNodeOptions {
  readonly name: string;
  readonly version: string;
  readonly worker: ControlledWorker;
  readonly brokerUrl: string;
  readonly broker: Redis;
  readonly subscriber: Redis;
  /** Where processes of one node meet. */
  readonly redis: Redis;
  readonly lifecycle: Pick<Lifecycle, 'observe'>;
  /** `-E`: task events from the start, and nobody switches them off. */
  readonly sendsTaskEvents: boolean;
  readonly isInspectOnly: boolean;
  /** `isFirst` false and `processes` 0 once this process has taken its leave and no other is there. */
  readLoad(): Promise<NodeLoad>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * `start` resolves when the node can be heard, within a second also where the broker is away: it goes on trying by itself. `stop` comes
 * at the beginning of a warm stop: it says worker-offline and hears nothing any more. Task events still go out.
 */
export interface CeleryNode extends Service {
  /** Task events; stopped when the last job has ended. */
  readonly events: Service;
}

export function createCeleryNode(options: CeleryNodeOptions): CeleryNode {
  const { name, worker, broker, clock, log, lifecycle, sendsTaskEvents } = options;
  const database = databaseNumberOf(options.brokerUrl);
  const lamport = createLamportClock();
  const sender = createEventSender({ broker, database, node: name, lamport, clock, isOn: sendsTaskEvents });
  const startedMs = clock.monotonicMs();
  let timer: NodeJS.Timeout | undefined;
  let load: NodeLoad = { active: 0, processed: 0, processes: 1, isFirst: true };
  let hasLeft = false;
  const signals = new Map<string, number>();

  const readLoad = async () => {
    load = await options.readLoad().catch(() => load);
    return load;
  };
  const sayWorker = (type: string, freq = beatSeconds) =>
    sender.sendWorkerEvent(type, workerFields({ freq, ...load, loadavg: loadavg(), version: options.version }));

  const context: NodeContext = {
    node: name,
    worker,
    clock: lamport,
    events: {
      enable() {
        const wasOff = !sender.isOn;
        sender.switchOn(true);
        return wasOff;
      },
      disable() {
        const wasOn = sender.isOn && !sendsTaskEvents;
        if (wasOn) sender.switchOn(false);
        return wasOn;
      },
      beat: (freq) => void sayWorker('worker-heartbeat', freq),
    },
    signals,
    broker: describeBroker(options.brokerUrl),
    isInspectOnly: options.isInspectOnly,
    pid: process.pid,
    software: `vambe-ai-worker ${options.version} on Node.js ${process.versions.node}, ${process.platform} ${process.arch}`,
    uptimeSeconds: () => (clock.monotonicMs() - startedMs) / 1_000,
  };
  const control = createRemoteControl({
    context,
    subscriber: options.subscriber,
    broker,
    redis: options.redis,
    database,
    countProcesses: async () => (await readLoad()).processes,
    clock,
    log,
  });

  /** Once every 2 s: an emptied Redis has forgotten the binding, and monitors want a sign of life. */
  const beat = async (type: 'worker-online' | 'worker-heartbeat') => {
    if (broker.status === 'ready') {
      await readLoad();
      await control.bind();
      if (load.isFirst && !hasLeft) await sayWorker(type);
    }
  };
  const turn = (type: 'worker-online' | 'worker-heartbeat') => {
    beat(type)
      .catch((error) => log.debug('celery.beat_failed', { error: error instanceof Error ? error.message : 'unknown' }))
      .finally(() => {
        if (!hasLeft) timer = setTimeout(turn, beatMs, 'worker-heartbeat');
      });
  };

  /** Mingle: ids that peers revoked while this worker was away. */
  const mingle = async () => {
    const client = createControlClient({ redis: broker, database, clock });
    const { answers } = await client.ask('hello', {
      arguments: { from_node: name, revoked: revokedObject(worker.revokedIds()) },
      timeoutMs: mingleMs,
    });
    for (const answer of Object.values(answers)) {
      if (!isObject(answer)) continue;
      lamport.adjust(answer.clock);
      if (isObject(answer.revoked)) worker.mergeRevoked(Object.keys(answer.revoked));
    }
    log.debug('celery.mingled', { nodes: Object.keys(answers).length });
  };

  const stopListening = lifecycle.observe((event) => {
    const signum = event.kind === 'cancelled' ? signals.get(event.job.taskId) : undefined;
    if (event.kind === 'cancelled') signals.delete(event.job.taskId);
    if (sender.isOn) for (const { type, fields } of taskEventsOf(event, signum)) sender.noteTaskEvent(type, fields);
  });

  const service = createService('celery-node', {
    async start() {
      let timeout: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timeout = setTimeout(resolve, startWithinMs);
      });
      await Promise.race([control.start(), late]);
      clearTimeout(timeout);
      if (hasLeft) return;
      turn('worker-online');
      mingle().catch((error) => {
        log.debug('celery.mingle_failed', { error: error instanceof Error ? error.message : 'unknown' });
      });
    },
    async stop() {
      hasLeft = true;
      clearTimeout(timer);
      const { processes } = await readLoad();
      if (processes === 0) {
        await sayWorker('worker-offline');
        await control.unbind();
      }
      await control.stop();
    },
  });
  const events = createService('celery-events', {
    start: () => undefined,
    async stop() {
      stopListening();
      await sender.flush();
    },
  });
  return { ...service, events };
}

function describeBroker(url: string): Broker {
  const { hostname, port, protocol, username } = new URL(url);
  return {
    hostname,
    port: Number(port || 6379),
    database: databaseNumberOf(url),
    user: username === '' ? null : decodeURIComponent(username),
    isTls: protocol === 'rediss:',
  };
}
