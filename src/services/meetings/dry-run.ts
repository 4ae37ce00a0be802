/** What classifying meetings again would change: classified here, compared with the labels that are stored, nothing written. */
import type { Database } from '../../core/connections/database.ts';
import { findStandingMeetings, type StandingMeeting } from '../../models/queries/standing-labels.ts';
import type { Taxonomy } from '../../models/taxonomy.ts';
import type { Classifier, ModelUsage } from '../classification/classifier.ts';
import { type ChangeCounter, type ChangeReport, createChangeCounter } from '../evaluation/label-changes.ts';
import type { EvaluationCost } from '../evaluation/report.ts';
import { refuseUnaskedCost, sumUsages } from '../evaluation/run-figures.ts';
import { labelsOf } from '../reporting/meeting-labels.ts';
import { chooseMeetings, type MeetingChoice } from './choose-meetings.ts';

export interface DryRunDeps {
  readonly database: Database;
  readonly taxonomy: Taxonomy;
  /** Without a memory, so that it writes nothing either. */
  readonly classifier: Classifier;
}

export interface DryRunRequest {
  readonly choice: MeetingChoice;
  /** Whether a model that costs money may be asked. */
  readonly mayPay: boolean;
  readonly signal: AbortSignal;
  /** Of each field; unset: 3. */
  readonly maxExamples?: number;
}

export interface DryRun {
  readonly report: ChangeReport;
  readonly classifier: string;
  readonly model: string;
  readonly taxonomyVersion: string;
  readonly taxonomyFile: string;
  readonly unknown: readonly number[];
  /** null where no model was asked. */
  readonly cost: EvaluationCost | null;
}

/** Transcripts are held in memory: fewer in a read than ids in a block. */
const meetingsPerRead = 100;

/** @throws AppError USAGE where a model would be paid without leave, DATABASE_*, and what the classifier says */
export async function dryRun(
  { database, taxonomy, classifier }: DryRunDeps,
  { choice, mayPay, signal, maxExamples = 3 }: DryRunRequest,
): Promise<DryRun> {
  refuseUnaskedCost(classifier, { mayPay, what: 'A dry run' });
  const counter = createChangeCounter(taxonomy.fields, { maxExamples: maxExamples });
  const order = taxonomy.fields.map(({ id }) => id);
  const unknown: number[] = [];
  const usages: ModelUsage[] = [];
  for await (const block of chooseMeetings(database, choice)) {
    unknown.push(...block.unknown);
    for (let at = 0; at < block.known.length; at += meetingsPerRead) {
      signal.throwIfAborted();
      const meetings = await findStandingMeetings(database, block.known.slice(at, at + meetingsPerRead));
      usages.push(...(await compareMeetings({ classifier, counter, order, signal }, meetings)));
    }
  }
  return {
    report: counter.report(),
    classifier: classifier.kind,
    model: classifier.model,
    taxonomyVersion: taxonomy.version,
    taxonomyFile: taxonomy.fileName,
    unknown,
    cost: sumUsages(usages),
  };
}

interface Comparing {
  readonly classifier: Classifier;
  readonly counter: ChangeCounter;
  readonly order: readonly string[];
  readonly signal: AbortSignal;
}

/** What the model took, a call each. */
async function compareMeetings(
  { classifier, counter, order, signal }: Comparing,
  meetings: readonly StandingMeeting[],
): Promise<readonly ModelUsage[]> {
  const usages: ModelUsage[] = [];
  for (const { meeting_id: meetingId, transcript, seller_prompt: sellerPrompt, ...standing } of meetings) {
    const { fields, usage } = await classifier.classify({ transcript, sellerPrompt, signal });
    if (usage !== undefined) usages.push(usage);
    const { columns, run_fields: runFields, corrected } = standing;
    const before = columns === null ? null : labelsOf({ runFields, columns, corrected, order });
    counter.add({ meetingId, before, after: fields });
  }
  return usages;
}
