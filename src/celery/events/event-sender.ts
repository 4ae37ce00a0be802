/** Publishes events: worker events at once, task events in batches while somebody wants them. Losing some undoes nothing. */
import type { Clock } from '../../core/clock.ts';
import type { Redis } from '../../core/redis.ts';
import { encodeEvents, eventChannel, routingKeyOf } from '../protocol/control-wire.ts';
import type { LamportClock } from '../protocol/lamport-clock.ts';
import { type EventFields, eventBody } from './event-bodies.ts';

/** Long enough that a busy worker sends many in one message, too short for a person to see. */
const collectMs = 20;
const mostInOneMessage = 200;
/** What a slow or absent broker has not taken; more is dropped, as a monitor lives on the newest. */
const mostWaiting = 5_000;

export interface EventSender {
  /** Whether task events are sent now. */
  readonly isOn: boolean;
  switchOn(isOn: boolean): void;
  sendWorkerEvent(type: string, fields: EventFields): Promise<void>;
  /** Cheap where task events are off: `fields` is not even called. Never waits and never throws. */
  noteTaskEvent(type: string, fields: () => EventFields): void;
  /** Sends what is collected. */
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
    // A command to a server that is away would wait in memory, one for each event.
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
    for (let at = 0; at < events.length; at += mostInOneMessage) {
      await publish('task.multi', events.slice(at, at + mostInOneMessage));
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
      if (!isOn || waiting.length >= mostWaiting) return;
      waiting.push(bodyOf(type, fields()));
      timer ??= setTimeout(flush, collectMs);
    },
    flush,
  };
}
