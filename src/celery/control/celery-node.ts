/** This worker as a Celery node: remote control, a worker event every 2 s, task events on demand, and mingle at its start. */
import { loadavg } from 'node:os';
import type { Clock } from '../../core/clock.ts';
import type { Redis } from '../../core/connections/redis.ts';
import { endsWithin } from '../../core/deadline.ts';
import { messageOf } from '../../core/errors.ts';
import type { Lifecycle } from '../../core/lifecycle.ts';
import type { Log } from '../../core/log/logger.ts';
import type { ControlledWorker } from '../../core/process/controlled-worker.ts';
import { createService, type Service } from '../../core/service.ts';
import { workerFields } from '../events/event-bodies.ts';
import { createEventSender, type EventSender } from '../events/event-sender.ts';
import { taskEventsOf } from '../events/job-event-fields.ts';
import { databaseNumberOf } from '../protocol/control-wire.ts';
import { createLamportClock, type LamportClock } from '../protocol/lamport-clock.ts';
import { mingle } from './mingle.ts';
import type { Broker, NodeContext } from './node-context.ts';
import { createRemoteControl } from './remote-control.ts';

/** As in Celery: a monitor shows a worker as offline after two missed heartbeats. */
const beatMs = 2_000;
const beatSeconds = beatMs / 1_000;
/** A start does not wait longer for a broker that is away. */
const startTimeoutMs = 1_000;

/** The sum of all processes of one node name. */
export interface NodeLoad {
  readonly active: number;
  readonly processed: number;
  readonly processes: number;
  /** This process sends the worker events of the node. */
  readonly isFirst: boolean;
}

export interface CeleryNodeOptions {
  readonly name: string;
  readonly version: string;
  readonly worker: ControlledWorker;
  readonly brokerUrl: string;
  readonly broker: Redis;
  readonly subscriber: Redis;
  /** Shared by the processes of one node. */
  readonly redis: Redis;
  readonly lifecycle: Pick<Lifecycle, 'observe'>;
  /** `-E`: task events from the start; remote control cannot switch them off. */
  readonly sendsTaskEvents: boolean;
  readonly isInspectOnly: boolean;
  /** Without this process after its stop: `isFirst` false, and `processes` 0 if there is no other. */
  readLoad(): Promise<NodeLoad>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * `start` resolves when it listens, or after a second: a broker that is away is tried again in the background. `stop`, at the
 * beginning of a warm stop, sends worker-offline and stops listening. Task events are still sent.
 */
export interface CeleryNode extends Service {
  /** Task events; stopped after the last job. */
  readonly events: Service;
}

export function createCeleryNode(options: CeleryNodeOptions): CeleryNode {
  const { name, worker, broker, clock, log, lifecycle, sendsTaskEvents } = options;
  const database = databaseNumberOf(options.brokerUrl);
  const lamport = createLamportClock();
  const sender = createEventSender({ broker, database, node: name, lamport, clock, isOn: sendsTaskEvents });
  let timer: NodeJS.Timeout | undefined;
  let load: NodeLoad = { active: 0, processed: 0, processes: 1, isFirst: true };
  let hasLeft = false;
  const signals = new Map<string, number>();

  const readLoad = async () => {
    load = await options.readLoad().catch(() => load);
    return load;
  };
  const sendWorkerEvent = (type: string, freq = beatSeconds) =>
    sender.sendWorkerEvent(type, workerFields({ freq, ...load, loadavg: loadavg(), version: options.version }));

  const context = createNodeContext(options, { lamport, sender, signals, sendWorkerEvent });
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

  /** Every 2 s: renews the binding, which an emptied Redis has lost, and sends a heartbeat to monitors. */
  const beat = async (type: 'worker-online' | 'worker-heartbeat') => {
    if (broker.status === 'ready') {
      await readLoad();
      await control.bind();
      if (load.isFirst && !hasLeft) await sendWorkerEvent(type);
    }
  };
  const turn = (type: 'worker-online' | 'worker-heartbeat') => {
    beat(type)
      .catch((error) => log.debug('celery.beat_failed', { error: messageOf(error) }))
      .finally(() => {
        if (!hasLeft) timer = setTimeout(turn, beatMs, 'worker-heartbeat');
      });
  };

  const stopListening = lifecycle.observe((event) => {
    const signum = event.kind === 'cancelled' ? signals.get(event.job.taskId) : undefined;
    if (event.kind === 'cancelled') signals.delete(event.job.taskId);
    if (sender.isOn) for (const { type, fields } of taskEventsOf(event, signum)) sender.noteTaskEvent(type, fields);
  });

  const service = createService('celery-node', {
    async start() {
      await endsWithin(startTimeoutMs, control.start());
      if (hasLeft) return;
      turn('worker-online');
      mingle({ node: name, worker, broker, database, lamport, clock, log }).catch((error) => {
        log.debug('celery.mingle_failed', { error: messageOf(error) });
      });
    },
    async stop() {
      hasLeft = true;
      clearTimeout(timer);
      const { processes } = await readLoad();
      if (processes === 0) {
        await sendWorkerEvent('worker-offline');
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

interface NodeParts {
  readonly lamport: LamportClock;
  readonly sender: EventSender;
  readonly signals: Map<string, number>;
  sendWorkerEvent(type: string, freqSeconds: number): Promise<void>;
}

function createNodeContext(
  options: CeleryNodeOptions,
  { lamport, sender, signals, sendWorkerEvent }: NodeParts,
): NodeContext {
  const { name, worker, version, clock, brokerUrl, isInspectOnly, sendsTaskEvents } = options;
  const startedMs = clock.monotonicMs();
  return {
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
      beat: (freq) => void sendWorkerEvent('worker-heartbeat', freq),
    },
    signals,
    broker: describeBroker(brokerUrl),
    isInspectOnly,
    pid: process.pid,
    software: `vambe-ai-worker ${version} on Node.js ${process.versions.node}, ${process.platform} ${process.arch}`,
    uptimeSeconds: () => (clock.monotonicMs() - startedMs) / 1_000,
  };
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
