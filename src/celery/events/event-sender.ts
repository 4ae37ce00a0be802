/** Publishes events: worker events at once, task events in batches while they are switched on. No job depends on them. */
import type { Clock } from '../../core/clock.ts';
import type { Redis } from '../../core/connections/redis.ts';
import { encodeEvents, eventChannel, routingKeyOf } from '../protocol/control-wire.ts';
import type { LamportClock } from '../protocol/lamport-clock.ts';
import { type EventFields, eventBody } from './event-bodies.ts';

/** A busy worker sends many events in one message; a person does not notice the delay. */
const collectMs = 20;
const maxEventsPerMessage = 200;
/** Events that a slow broker has not received yet; more are dropped. */
const maxWaiting = 5_000;

export interface EventSender {
  /** Whether task events are sent now. */
  readonly isOn: boolean;
  switchOn(isOn: boolean): void;
  sendWorkerEvent(type: string, fields: EventFields): Promise<void>;
  /** Does nothing while task events are off: `fields` is not called. Never waits and never throws. */
  noteTaskEvent(type: string, fields: () => EventFields): void;
  /** Sends the collected events now. */
  flush(): Promise<void>;
}

export interface EventSenderOptions {
  readonly broker: Redis;
  readonly database: string;
  readonly node: string;
  readonly lamport: LamportClock;
  readonly clock: Clock;
  readonly isOn: boolean;
}

export function createEventSender({
  broker,
  database,
  node,
  lamport,
  clock,
  ...options
}: EventSenderOptions): EventSender {
  let isOn = options.isOn;
  let waiting: EventFields[] = [];
  let timer: NodeJS.Timeout | undefined;

  const bodyOf = (type: string, fields: EventFields) =>
    eventBody(type, fields, { node, pid: process.pid, clock: lamport.forward(), wallMs: clock.wallMs() });

  const publish = async (routingKey: string, body: unknown): Promise<void> => {
    // Else commands pile up in memory while the server is away.
    if (broker.status !== 'ready') return;
    await broker
      .publish(eventChannel(database, routingKey), encodeEvents(body, { node, routingKey }))
      .catch(() => undefined);
  };

  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const events = waiting;
    waiting = [];
    for (let at = 0; at < events.length; at += maxEventsPerMessage) {
      await publish('task.multi', events.slice(at, at + maxEventsPerMessage));
    }
  };

  return {
    get isOn() {
      return isOn;
    },
    switchOn(value) {
      isOn = value;
    },
    sendWorkerEvent: (type, fields) => publish(routingKeyOf(type), bodyOf(type, fields)),
    noteTaskEvent(type, fields) {
      if (!isOn || waiting.length >= maxWaiting) return;
      waiting.push(bodyOf(type, fields()));
      timer ??= setTimeout(flush, collectMs);
    },
    flush,
  };
}
