/**
 * Tells Celery clients the state of a task: writes its result document, and sends its follow-ups. Links and the next step are sent
 * before a success is published, as its document names them; error links and counts of chords follow the document.
 */
import type { Clock } from '../../core/clock.ts';
import type { CriticalListener, KnownJob, Transition } from '../../core/lifecycle.ts';
import { type DocumentWriter, isoMicroseconds } from '../../core/redis-documents.ts';
import { messageWithFollowUps } from '../protocol/call-terms.ts';
import { type FollowUps, revokedEnd } from './follow-ups.ts';
import {
  failureDocument,
  progressDocument,
  retryDocument,
  revokedDocument,
  startedDocument,
  successDocument,
} from './result-documents.ts';

export interface ResultListenerOptions {
  readonly writer: DocumentWriter;
  readonly followUps: FollowUps;
  /** This worker's name, `worker@host`. */
  readonly worker: string;
  readonly clock: Clock;
}

type Ended = Extract<Transition, { kind: 'succeeded' | 'failed' | 'cancelled' | 'rejected' }>;

export function createResultListener({ writer, followUps, worker, clock }: ResultListenerOptions): CriticalListener {
  const now = () => isoMicroseconds(clock.wallMs());

  const publishSuccess = async ({ job, result, resultJson }: Extract<Ended, { kind: 'succeeded' }>): Promise<void> => {
    const message = messageWithFollowUps(job.terms);
    const children = message ? await followUps.afterSuccess(message, result) : [];
    if (readsResult(job)) await writer.write([successDocument(job, resultJson, { dateDone: now(), children })]);
    if (message) await followUps.endMember(message, { state: 'SUCCESS', result });
  };

  const publishFailure = async ({ job, error }: Extract<Ended, { kind: 'failed' | 'rejected' }>): Promise<void> => {
    const { taskId } = job;
    if (taskId !== null) await writer.write([failureDocument({ ...job, taskId }, error, now())]);
    const message = messageWithFollowUps(job.terms);
    if (message) await followUps.afterFailure(message, error);
  };

  const publishRevocation = async ({ job, reason }: Extract<Ended, { kind: 'cancelled' }>): Promise<void> => {
    await writer.write([revokedDocument(job, reason, now())]);
    const message = messageWithFollowUps(job.terms);
    if (message) await followUps.endMember(message, revokedEnd(reason));
  };

  return {
    name: 'Celery results',
    on(transition) {
      switch (transition.kind) {
        case 'accepted':
          return undefined;
        case 'started':
          return writer.write([startedDocument(transition.job, worker)]);
        case 'progress':
          return writer.write([progressDocument(transition.job, transition.step)]);
        case 'retrying':
        case 'waiting':
          return writer.write([retryDocument(transition.job, transition.error)]);
        case 'succeeded':
          return publishSuccess(transition);
        case 'failed':
        case 'rejected':
          return publishFailure(transition);
        case 'cancelled':
          return publishRevocation(transition);
      }
    },
    stop() {
      followUps.stop();
      writer.stop();
    },
  };
}

/** Celery stores no success of a task whose sender ignores its result; it stores all other states. */
function readsResult({ terms }: Pick<KnownJob, 'terms'>): boolean {
  return terms?.ignoresResult !== true;
}
