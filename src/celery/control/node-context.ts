/** The argument of every remote control command: the worker, and the facts about its node. */
import type { ControlledWorker } from '../../core/process/controlled-worker.ts';
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
  /** False: they were on before. */
  enable(): boolean;
  /** False: they were off before, or the worker was started with `-E`, which keeps them on. */
  disable(): boolean;
  /** Sends one worker-heartbeat now, which names this many seconds between beats. */
  beat(freqSeconds: number): void;
}

export interface NodeContext {
  /** `worker@host` */
  readonly node: string;
  readonly worker: ControlledWorker;
  readonly clock: LamportClock;
  readonly events: EventSwitch;
  /** Signal numbers of terminations by task id, until their events are sent. */
  readonly signals: Map<string, number>;
  /** CELERY_CONTROL=inspect-only. */
  readonly isInspectOnly: boolean;
  readonly broker: Broker;
  readonly pid: number;
  /** Name and version of the software, as text. */
  readonly software: string;
  readonly uptimeSeconds: () => number;
}
