/** Parts of a process that start and stop: one interface, so that a process is a list of them. */
import { createDeadline, type Deadline } from './deadline.ts';

/** Each call may come twice, together, or in the wrong order. A service that was stopped does not start again. */
export interface Service {
  readonly name: string;
  /** @throws where it cannot begin */
  start(): Promise<void>;
  /**
   * Takes nothing new and lets what runs go on until the deadline, or a few seconds longer where a server hangs. Of several
   * deadlines the nearest counts. Never throws.
   */
  stop(deadline: Deadline): Promise<void>;
}

export interface ServiceParts {
  start(): Promise<void> | void;
  stop(deadline: Deadline): Promise<unknown> | unknown;
}

/** Makes a service of two functions that are called once each, at most. `stop` may be called before `start` has ended, or without it. */
export function createService(name: string, parts: ServiceParts): Service {
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  const deadlines: Deadline[] = [];
  const nearest: Deadline = {
    leftMs: () => Math.min(...deadlines.map((each) => each.leftMs())),
    shortenTo: (ms) => void deadlines.push(createDeadline(ms)),
  };
  const start = async () => parts.start();
  const stop = async () => {
    await parts.stop(nearest);
  };
  return {
    name,
    start() {
      if (!stopping) starting ??= start();
      return starting ?? Promise.resolve();
    },
    stop(deadline) {
      deadlines.push(deadline);
      stopping ??= stop().catch(() => undefined);
      return stopping;
    },
  };
}

/** One service of several: they start one after another, and all stop at once. */
export function sideBySide(name: string, services: readonly Service[]): Service {
  return createService(name, {
    start: () => startAll(services),
    stop: (deadline) => Promise.all(services.map((each) => each.stop(deadline))),
  });
}

/** One after another; the first that fails ends it, and what has started is the caller's to stop. */
export async function startAll(services: readonly Service[]): Promise<void> {
  for (const each of services) await each.start();
}

/** In reverse order, one after another. */
export async function stopAll(services: readonly Service[], deadline: Deadline): Promise<void> {
  for (const each of services.toReversed()) await each.stop(deadline);
}
