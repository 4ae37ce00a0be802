/** Every 2 s says that this bridge lives, and takes over the messages that bridges which are gone had in flight. */
import type { Log } from '../../core/log/logger.ts';
import type { Inflight } from './inflight.ts';

const beatMs = 2_000;

export interface HeartbeatDeps {
  readonly inflight: Pick<Inflight, 'beat'>;
  /** Messages of another bridge are in flight here now. */
  onTakenOver(): void;
  readonly log: Log;
}

export interface Heartbeat {
  /** Beats once, and goes on by itself; a beat that Redis refuses is repeated with the next one. */
  start(): Promise<void>;
  stop(): void;
}

export function createHeartbeat({ inflight, onTakenOver, log }: HeartbeatDeps): Heartbeat {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  const beat = async () => {
    const messages = await inflight.beat();
    if (messages === 0) return;
    log.warn('celery.adopted', { messages, reason: 'the worker that held them is gone' });
    onTakenOver();
  };

  const beatAndRepeat = async (): Promise<void> => {
    await beat().catch(() => undefined);
    if (!isStopped) timer = setTimeout(beatAndRepeat, beatMs);
  };

  return {
    start: beatAndRepeat,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
