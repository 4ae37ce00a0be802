/**
 * What a task that came from Celery sends when it ends: links, the next step of its chain, the body of its chord; steps that will
 * never run get their failure. Ids are derived from the parent, so that the same end after a crash sends the same ids again.
 */
import type { AppError } from '../../core/errors.ts';
import type { UnsentFollowUp } from '../../core/job-ledger.ts';
import type { CancelReason } from '../../core/lifecycle.ts';
import type { DocumentWriter } from '../../core/redis-documents.ts';
import { pythonException } from '../protocol/python-exception.ts';
import type { Signature } from '../protocol/signature.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import { planChainStep, planLinks } from './canvas.ts';
import { skippedTasks } from './canvas-ends.ts';
import type { MemberEnd } from './chord-count.ts';
import { createChordMembers } from './chord-members.ts';
import { createFollowUpSender, type FollowUpSenderDeps } from './follow-up-sender.ts';
import { type PlanContext, planOptionsWith } from './plan-options.ts';
import { readUnsent } from './unsent.ts';

export interface FollowUps {
  /** Links and the next step, before the result is published; the `children` of its document. */
  afterSuccess(message: TaskMessage, result: unknown): Promise<readonly unknown[]>;
  /** Error links, the steps that follow, and the chord, after the failure is published. */
  afterFailure(message: TaskMessage, error: AppError): Promise<void>;
  /** Counts a member of a chord; the last one sends the body. */
  endMember(message: TaskMessage, end: MemberEnd): Promise<void>;
  /** Sends what Redis refused before. @throws what Redis says, with `noRetry` */
  sendUnsent(message: TaskMessage, kept: UnsentFollowUp): Promise<void>;
  /** The worker stops: what is refused is kept at once. */
  stopRetrying(): void;
  /** Does not wait any more for a broker that does not answer. */
  stop(): void;
}

export interface FollowUpDeps extends FollowUpSenderDeps, PlanContext {
  /** Writes to the result backend. */
  readonly writer: DocumentWriter;
}

export function createFollowUps(deps: FollowUpDeps): FollowUps {
  const { retry } = deps;
  const optionsFor = planOptionsWith(deps);
  const sender = createFollowUpSender(deps);

  const sendErrorLinks = async (message: TaskMessage, links: readonly Signature[], failedId: string) => {
    const options = optionsFor(message, [failedId], `error:${failedId}`);
    // Error links of a chord's body belong to the body, although the end of a member sends them.
    const parent = failedId === message.id ? options.parent : { ...options.parent, id: failedId, rootId: failedId };
    for (const plan of planLinks(links, { ...options, parent }, { alwaysGroup: true }))
      await sender.send(plan, message);
  };
  const members = createChordMembers({ ...deps, sender, optionsFor, sendErrorLinks });

  return {
    async afterSuccess(message, result) {
      const { callbacks, chain } = message.embed;
      const plans = [...planLinks(callbacks, optionsFor(message, [result ?? null], 'link'))];
      const next = planChainStep(chain, optionsFor(message, [result ?? null], 'chain'));
      if (next) plans.push(next);
      for (const plan of plans) await sender.send(plan, message);
      return plans.map(({ trail }) => trail);
    },
    async afterFailure(message, error) {
      await sendErrorLinks(message, message.embed.errbacks, message.id);
      const skipped = message.embed.chain.toReversed().flatMap((step) => skippedTasks(step));
      await members.failSkipped(message, skipped, error);
      await members.end(message, { state: 'FAILURE', result: pythonException(error) });
    },
    endMember: members.end,
    async sendUnsent(message, kept) {
      const unsent = readUnsent(kept);
      if (unsent.kind === 'messages') await sender.push(message, unsent);
      else await members.endMember(message, unsent.member, unsent.end);
    },
    stopRetrying: retry.stopRetrying,
    stop: retry.stop,
  };
}

/** How a chord counts a member that did not run. */
export function revokedEnd(reason: CancelReason): MemberEnd {
  const result = { exc_type: 'TaskRevokedError', exc_message: [reason], exc_module: 'celery.exceptions' };
  return { state: 'REVOKED', result };
}
