/**
 * The bridge: takes messages from the Celery lists as far as the worker can soon run them, makes them jobs, and answers for
 * those that cannot be run. Order of every step: held in flight, row committed, queue told, forgotten.
 */
import type { Clock } from '../core/clock.ts';
import { sqlState } from '../core/database.ts';
import { AppError } from '../core/errors.ts';
import type { AcceptedJob, JobLedger, SetAside } from '../core/job-ledger.ts';
import type { Lifecycle, Transition } from '../core/lifecycle.ts';
import type { Log } from '../core/logger.ts';
import { toOpenJob } from '../core/queue/enqueue.ts';
import type { Queues } from '../core/queue/queues.ts';
import type { Redis } from '../core/redis.ts';
import type { RuntimeOverrides } from '../core/runtime-overrides.ts';
import { createService, type Service } from '../core/service.ts';
import { storableText, whyNotStorable } from '../core/storable.ts';
import type { TaskRegistry } from '../core/task.ts';
import { type ReadCall, readApiPolls } from './api-polls.ts';
import { createBell } from './bell.ts';
import type { FollowUps } from './follow-ups.ts';
import { giveBackUntouched } from './give-back.ts';
import { createInflight, type TakenMessage } from './inflight.ts';
import { type Judgement, jobOf, judgeMessage, keepReceived, setAsideId } from './judge-message.ts';
import { createListWatch } from './list-watch.ts';
import { listKey, prioritySteps, splitListKey } from './message.ts';

export interface BridgeDeps {
  readonly broker: Redis;
  readonly brokerUrl: string;
  /** A name that no other bridge has, also after a restart. */
  readonly place: string;
  readonly registry: TaskRegistry;
  readonly ledger: Pick<JobLedger, 'accept' | 'setAside' | 'listUntouched' | 'withdraw'>;
  readonly queues: Queues;
  readonly lifecycle: Pick<Lifecycle, 'tell' | 'observe'>;
  readonly followUps: Pick<FollowUps, 'hurry'>;
  readonly steering: RuntimeOverrides;
  readonly clock: Clock;
  readonly log: Log;
  /** Jobs that run here or wait in the queues with no lower a priority than Celery's. */
  countBusy(): Promise<number>;
  /** Queues that other workers of ours take from. */
  queuesOfOthers(): Promise<readonly string[]>;
}

/** `stop` takes no more and resolves when nothing is in flight, or after 3 s, when another bridge adopts what is. */
export interface Bridge extends Service {
  /** After `stop`, when no job of this worker's runs any more: what nobody began goes back to its list, unless others of ours are there. */
  giveBack(): Promise<void>;
}

/** Running plus as many that wait: a Python worker beside it finds the rest in the lists. */
const heldAConcurrency = 2;
const beatMs = 2_000;
const faultPauseMs = 1_000;
const noRoomLookMs = 1_000;
const stopWithinMs = 3_000;
const mostABatch = 500;

export function createBridge(deps: BridgeDeps): Bridge {
  const { broker, brokerUrl, steering, log, lifecycle } = deps;
  const bell = createBell();
  const inflight = createInflight(broker, deps.place);
  const watch = createListWatch({ url: brokerUrl, ring: bell.ring });
  let isStopping = false;
  let isFaulty = false;
  /** After a fault, or a beat that adopted some, messages are held that no call gave back. */
  let hasLeftovers = true;
  let turns = 0;
  /** Jobs that must end before it is worth looking for room again; 0: nobody waits for room. */
  let endsUntilRoom = 0;
  let work: Promise<void> = Promise.resolve();
  let beatTimer: NodeJS.Timeout | undefined;

  /** Only when half of the room is free, so that messages are accepted by the batch, and nothing is counted for each job. */
  const roomFor = async (): Promise<number> => {
    const concurrency = steering.concurrency();
    const least = Math.max(1, Math.floor(concurrency / 2));
    const room = concurrency * heldAConcurrency - (await deps.countBusy());
    if (room >= least) return Math.min(room, mostABatch);
    endsUntilRoom = Math.min(least - room, concurrency);
    return 0;
  };

  /** Lists of one priority take turns in being first. */
  const keysByPriority = (): string[][] => {
    const names = steering.lists();
    turns = (turns + 1) % Math.max(1, names.length);
    const rotated = [...names.slice(turns), ...names.slice(0, turns)];
    return prioritySteps.map((step) => rotated.map((name) => listKey(name, step)));
  };

  const takeOrWait = async (): Promise<readonly TakenMessage[]> => {
    if (hasLeftovers) {
      const held = await inflight.held();
      hasLeftovers = false;
      if (held.length > 0) return held;
    }
    const keys = keysByPriority();
    if (steering.lists().length === 0) {
      await bell.wait(noRoomLookMs);
      return [];
    }
    const room = await roomFor();
    if (room === 0) {
      await bell.wait(noRoomLookMs);
      endsUntilRoom = 0;
      return [];
    }
    const taken = await inflight.take(keys, room);
    if (taken.length > 0) return taken;
    const { hasMessages, waitMs } = await watch.look(keys.flat());
    if (!hasMessages && !isStopping) await bell.wait(waitMs);
    return [];
  };

  const settle = async (messages: readonly TakenMessage[]): Promise<void> => {
    const options = {
      registry: deps.registry,
      nowMs: deps.clock.wallMs(),
      isRevoked: (id: string) => steering.isRevoked(id),
    };
    const judged = messages.map((taken) => ({ taken, judgement: judgeMessage(taken.raw, taken.list, options) }));
    const others = await acceptJobs(judged);
    await answerAll(others);
    await inflight.done(messages.map(({ tag }) => tag));
  };

  /** Gives back what is no job, be it that PostgreSQL cannot store its arguments. */
  const acceptJobs = async (judged: readonly Judged[]): Promise<readonly Judged[]> => {
    const jobs = judged.flatMap(({ taken, judgement }) => (judgement.kind === 'job' ? [{ taken, judgement }] : []));
    const rest = judged.filter(({ judgement }) => judgement.kind !== 'job');
    if (jobs.length === 0) return rest;
    const requests = jobs.map(({ judgement }) => judgement.request);
    let accepted: readonly AcceptedJob[];
    try {
      accepted = await deps.ledger.accept(requests);
    } catch (error) {
      if (!isDataFault(error)) throw error;
      const bad = jobs.filter(({ judgement }) => whyNotStorable(judgement.request) !== undefined);
      // Nothing to be seen on any: halve no further, set aside one by one.
      const refused = bad.length > 0 ? bad : jobs.slice(0, 1);
      const good = judged.filter((each) => !refused.some(({ taken }) => taken === each.taken));
      return [
        ...refused.map(({ taken, judgement }) => ({ taken, judgement: unstorable(judgement) })),
        ...(await acceptJobs(good)),
      ];
    }
    const fresh = accepted.flatMap((each, index) => (each.isNew ? [toOpenJob(each, requests[index])] : []));
    await deps.queues.add(fresh).catch((error: unknown) => {
      // Accepted all the same: the recovery sweep delivers what the queue did not get.
      log.warn('queue.add_waits', { jobs: fresh.length, error: error instanceof Error ? error.message : 'unknown' });
    });
    return rest;
  };

  /** Rows first, for all of them, then whoever waits is told. */
  const answerAll = async (others: readonly Judged[]): Promise<void> => {
    if (others.length === 0) return;
    const bytes = await Promise.all(others.map(({ taken }) => bytesOf(taken)));
    await deps.ledger.setAside(others.flatMap((each, index) => toSetAside(each, bytes[index] ?? Buffer.alloc(0))));
    await Promise.all(others.map(({ taken, judgement }) => tell(taken, judgement)));
  };

  /** As text a message has lost what is no UTF-8; its row keeps the bytes. */
  const bytesOf = async ({ tag, raw }: TakenMessage): Promise<Buffer> =>
    (raw.includes('\ufffd') ? await inflight.bytesOf(tag) : undefined) ?? Buffer.from(raw);

  const tell = async (taken: TakenMessage, judgement: Judgement): Promise<void> => {
    if (judgement.kind === 'revoke') {
      const { message, reason } = judgement;
      const { apiTaskIds, meetingId } = readApiPolls(message, deps.registry);
      const job = jobOf(message, taken, { parameters: { api_task_id: apiTaskIds[0] ?? null }, subjectId: meetingId });
      log.info('celery.revoked', { task_id: job.taskId, task: job.task, reason });
      return lifecycle.tell({ kind: 'cancelled', job, reason });
    }
    if (judgement.kind !== 'set-aside') return;
    const { id, task, message, call, error } = judgement;
    log.error('celery.rejected', { task_id: id, task, list: taken.list, code: error.code, error: error.message });
    const { apiTaskIds: statusIds, meetingId: subjectId } = readApiPolls(call ?? noCall, deps.registry);
    const known = { parameters: {}, subjectId };
    const unread = { taskId: id, ...(task === null ? {} : { task }), ...known };
    const job = message ? jobOf(message, taken, known) : unread;
    await lifecycle.tell({ kind: 'rejected', job: { ...job, statusIds }, error });
  };

  const run = async () => {
    while (!isStopping) {
      try {
        const messages = await takeOrWait();
        if (messages.length > 0) await settle(messages);
        if (isFaulty) log.info('celery.back', {});
        isFaulty = false;
      } catch (error) {
        hasLeftovers = true;
        if (!isFaulty)
          log.warn('celery.waits', { error: error instanceof Error ? error.message.slice(0, 300) : 'unknown' });
        isFaulty = true;
        if (!isStopping) await bell.wait(faultPauseMs);
      }
    }
  };

  const beat = async () => {
    const adopted = await inflight.beat();
    if (adopted === 0) return;
    log.warn('celery.adopted', { messages: adopted, reason: 'the worker that held them is gone' });
    hasLeftovers = true;
    bell.ring();
  };
  const beatOn = () => {
    beatTimer = setTimeout(
      () =>
        void beat()
          .catch(() => undefined)
          .then(() => !isStopping && beatOn()),
      beatMs,
    );
  };

  /** What is still held is adopted by whoever finds this place silent; an empty one may be forgotten now. */
  const leaveIfEmpty = async () => {
    if (broker.status !== 'ready' || (await inflight.held().catch(() => [{}])).length > 0) return;
    await inflight.leave().catch(() => undefined);
  };

  const stopListening = [
    steering.onChange(bell.ring),
    lifecycle.observe(({ kind }) => {
      if (endsUntilRoom === 0 || !isEnd(kind)) return;
      endsUntilRoom -= 1;
      if (endsUntilRoom === 0) bell.ring();
    }),
  ];

  const service = createService('celery-bridge', {
    async start() {
      // A broker that takes no writes now is beaten again in a moment.
      await beat().catch(() => undefined);
      if (isStopping) return;
      beatOn();
      work = run();
    },
    async stop() {
      isStopping = true;
      deps.followUps.hurry();
      clearTimeout(beatTimer);
      for (const stop of stopListening) stop();
      bell.ring();
      await Promise.race([work, new Promise((resolve) => setTimeout(resolve, stopWithinMs).unref())]);
      watch.close();
      await leaveIfEmpty();
    },
  });

  return {
    ...service,
    async giveBack() {
      if (broker.status !== 'ready') return;
      await giveBackUntouched({ ...deps, inflight }).catch((error: unknown) => {
        log.warn('celery.give_back_failed', {
          error: error instanceof Error ? error.message.slice(0, 300) : 'unknown',
        });
      });
      await leaveIfEmpty();
    },
  };
}

/** A job's room is free again, if only until its next attempt. */
function isEnd(kind: Transition['kind']): boolean {
  return kind !== 'accepted' && kind !== 'started' && kind !== 'progress' && kind !== 'waiting';
}

const noCall: ReadCall = { task: null, args: [], kwargs: {} };

interface Judged {
  readonly taken: TakenMessage;
  readonly judgement: Judgement;
}

/** SQLSTATE classes 22 (data) and 54 (limits): the values are at fault, not the server. */
function isDataFault(error: unknown): boolean {
  return !(error instanceof AppError) && /^(22|54)/.test(sqlState(error) ?? '');
}

function toSetAside({ taken, judgement }: Judged, bytes: Buffer): readonly SetAside[] {
  const received = keepReceived(taken.list, bytes);
  const { queue } = splitListKey(taken.list);
  if (judgement.kind === 'revoke') {
    const {
      message: { id, task },
      reason,
    } = judgement;
    const [code, words] =
      reason === 'expired'
        ? ['TASK_EXPIRED', 'It arrived after the moment that it gave as "expires".']
        : ['TASK_REVOKED', 'It was revoked before it arrived.'];
    const taskId = setAsideId('revoked', id, bytes);
    return [{ taskId, task, queue, state: 'cancelled', code, message: words, received }];
  }
  if (judgement.kind === 'job') return [];
  const { id, task, error } = judgement;
  const taskId = setAsideId('rejected', id, bytes);
  const message = storableText(error.message, 1_024);
  return [{ taskId, task: task ?? 'unknown', queue, state: 'rejected', code: error.code, message, received }];
}

function unstorable({ request, message }: Extract<Judgement, { kind: 'job' }>): Judgement {
  const why = whyNotStorable(request) ?? 'PostgreSQL refuses them';
  const error = new AppError('TASK_ARGUMENTS', `${message.task}() got arguments that cannot be stored: ${why}.`);
  return { kind: 'set-aside', error, id: message.id, task: message.task, message, call: message };
}
