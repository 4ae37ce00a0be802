/** What every remote control command is given: the worker, and what its node says of itself. */
import type { ControlledWorker } from '../../core/controlled-worker.ts';
import type { LamportClock } from '../protocol/lamport-clock.ts';

export interface Broker {
  readonly hostname: string;
  readonly port: number;
  readonly database: string;
  readonly user: string | null;
  readonly isTls: boolean;
}

/** Task events, on and off. */
export interface EventSwitch {
  /** False: they were on already. */
  enable(): boolean;
  /** False: they were off already, or the worker was started with them and keeps them on. */
  disable(): boolean;
  /** One worker-heartbeat at once, with the given seconds between beats. */
  beat(freqSeconds: number): void;
}

export interface NodeContext {
  /** `worker@host` */
  readonly node: string;
  readonly worker: ControlledWorker;
  readonly clock: LamportClock;
  readonly events: EventSwitch;
  /** Signals of terminations, by task id, until their events are sent. */
  readonly signals: Map<string, number>;
  /** CELERY_CONTROL=inspect-only. */
  readonly isInspectOnly: boolean;
  readonly broker: Broker;
  readonly pid: number;
  /** What it is, in words. */
  readonly software: string;
  readonly uptimeSeconds: () => number;
}
