/**
 * The bridge moves messages from the Celery lists into the job table, as many as the worker can soon run. Each batch is taken,
 * decoded, judged, accepted or rejected, and removed. A message stays in flight, under this bridge's id in Redis, until its row
 * is committed: a kill at any point loses none, and the same task id makes no second job.
 */
import type { Clock } from '../../core/clock.ts';
import type { Redis } from '../../core/connections/redis.ts';
import { endsWithin } from '../../core/deadline.ts';
import { messageOf } from '../../core/errors.ts';
import type { JobLedger } from '../../core/job-ledger.ts';
import type { Lifecycle } from '../../core/lifecycle.ts';
import type { Log } from '../../core/log/logger.ts';
import type { Queues } from '../../core/queue/queues.ts';
import type { RuntimeOverrides } from '../../core/runtime-overrides.ts';
import { createService, type Service } from '../../core/service.ts';
import type { TaskRegistry } from '../../core/task.ts';
import type { FollowUps } from '../results/follow-ups.ts';
import { acceptMessages } from './accept.ts';
import { createHeartbeat } from './heartbeat.ts';
import { createInflight, type TakenMessage } from './inflight.ts';
import { type AcceptedMessage, decodeMessage, type JudgedMessage, judgeMessage } from './judge-message.ts';
import { createListWatch } from './list-watch.ts';
import { createLoop } from './loop.ts';
import { rejectMessages } from './reject.ts';
import { returnToCeleryList } from './return-to-celery-list.ts';
import { createRoom } from './room.ts';
import { createTaker } from './take.ts';
import { createWakeSignal } from './wake-signal.ts';

export interface BridgeDeps {
  readonly broker: Redis;
  readonly brokerUrl: string;
  /** No other bridge has the same id, not even after a restart. */
  readonly bridgeId: string;
  readonly registry: TaskRegistry;
  readonly ledger: Pick<JobLedger, 'accept' | 'setAside' | 'listUntouched' | 'withdraw'>;
  readonly queues: Queues;
  readonly lifecycle: Pick<Lifecycle, 'tell' | 'observe'>;
  readonly followUps: Pick<FollowUps, 'stopRetrying'>;
  readonly steering: RuntimeOverrides;
  readonly clock: Clock;
  readonly log: Log;
  /** Jobs that run here or wait in the queues with at least the priority of Celery's. */
  countBusy(): Promise<number>;
  /** Queues that other workers of this product take from. */
  queuesOfOthers(): Promise<readonly string[]>;
}

/** `stop` takes no more. It resolves when nothing is in flight, or after 3 s: then another bridge takes over what is. */
export interface Bridge extends Service {
  /** After `stop`, when no job of this worker runs: messages without an attempt go back to their lists, unless others take from their queues. */
  returnToCeleryList(): Promise<void>;
}

const stopTimeoutMs = 3_000;

export function createBridge(deps: BridgeDeps): Bridge {
  const { broker, steering, lifecycle, log } = deps;
  const signal = createWakeSignal();
  const inflight = createInflight(broker, deps.bridgeId);
  const watch = createListWatch({ url: deps.brokerUrl, wake: signal.wake });
  const room = createRoom({ concurrency: steering.concurrency, countBusy: deps.countBusy, signal });
  const isStopping = () => loop.isStopping();
  const taker = createTaker({ inflight, watch, room, signal, lists: steering.lists, isStopping });
  const onTakenOver = () => {
    taker.noteLeftovers();
    signal.wake();
  };
  const heartbeat = createHeartbeat({ inflight, onTakenOver, log });

  const processMessages = async (taken: readonly TakenMessage[]): Promise<void> => {
    const options = { registry: deps.registry, nowMs: deps.clock.wallMs(), isRevoked: steering.isRevoked };
    const judged = taken.map((each) => judgeMessage(decodeMessage(each), options));
    const unstorable = await acceptMessages(deps, judged.filter(isAccepted));
    await rejectMessages({ ...deps, inflight }, [...unstorable, ...judged.filter(isNotAccepted)]);
    await inflight.remove(taken.map(({ tag }) => tag));
  };
  const loop = createLoop({
    async step() {
      const taken = await taker.take();
      if (taken.length > 0) await processMessages(taken);
    },
    onError: taker.noteLeftovers,
    signal,
    log,
  });
  const stopListening = [steering.onChange(signal.wake), lifecycle.observe(room.observe)];

  /** What is still in flight is taken over by another bridge as soon as this one is silent; an empty bridge is forgotten now. */
  const leaveIfEmpty = async () => {
    if (broker.status !== 'ready' || (await inflight.list().catch(() => [{}])).length > 0) return;
    await inflight.leave().catch(() => undefined);
  };

  const service = createService('celery-bridge', {
    async start() {
      await heartbeat.start();
      loop.start();
    },
    async stop() {
      deps.followUps.stopRetrying();
      heartbeat.stop();
      for (const stop of stopListening) stop();
      await endsWithin(stopTimeoutMs, loop.stop());
      watch.close();
      await leaveIfEmpty();
    },
  });

  return {
    ...service,
    async returnToCeleryList() {
      if (broker.status !== 'ready') return;
      await returnToCeleryList({ ...deps, inflight }).catch((error: unknown) => {
        log.warn('celery.give_back_failed', {
          error: messageOf(error, 300),
        });
      });
      await leaveIfEmpty();
    },
  };
}

function isAccepted(judged: JudgedMessage): judged is AcceptedMessage {
  return judged.kind === 'accepted';
}

function isNotAccepted(judged: JudgedMessage): judged is Exclude<JudgedMessage, AcceptedMessage> {
  return judged.kind !== 'accepted';
}
