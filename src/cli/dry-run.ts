/** The life of `vambe classify --dry-run`: read what stands, classify in this process, count what would change; nothing is written. */
import { basename } from 'node:path';
import { chooseClassifier, readTaxonomy } from '../app.ts';
import type { Database } from '../core/database.ts';
import { findKnownMeetings } from '../models/queries/meetings.ts';
import { findStandingMeetings, type StandingMeeting } from '../models/queries/standing-labels.ts';
import type { Taxonomy } from '../models/taxonomy.ts';
import type { Classifier, ModelUsage } from '../services/classification/classifier.ts';
import { describeCost } from '../services/evaluation/html-page.ts';
import { type ChangeCounter, type ChangeReport, createChangeCounter } from '../services/evaluation/label-changes.ts';
import type { EvaluationCost } from '../services/evaluation/report.ts';
import { sumUsages } from '../services/evaluation/run-figures.ts';
import { labelsOf } from '../services/reporting/meeting-labels.ts';
import { changesDocument, costDocument, describeExamples, refuseUnaskedCost } from './describe-changes.ts';
import type { Cli } from './kit/cli.ts';
import { counted } from './kit/counted.ts';
import { withDatabase } from './kit/with-database.ts';
import { idBlocks, type QueueOptions, tellUnknown } from './queue-meetings.ts';

export interface DryRunOptions {
  readonly choice: QueueOptions['choice'];
  /** Unset: the taxonomy of TAXONOMY_FILE. */
  readonly taxonomyFile?: string;
  /** Whether a model that costs money may be asked. */
  readonly mayPay: boolean;
}

const mostExamples = 3;
/** Transcripts are held in memory: fewer a read than ids a block. */
const meetingsARead = 100;

/** @throws AppError USAGE where a model would be paid and --yes is missing, TAXONOMY_INVALID, DATABASE_* */
export async function dryRun(cli: Cli, { choice, taxonomyFile, mayPay }: DryRunOptions): Promise<void> {
  const { config } = cli.config();
  const chosen = taxonomyFile === undefined ? config : { ...config, taxonomyFile };
  const taxonomy = await readTaxonomy(chosen);
  // Without a memory the classifier keeps no reply, so that nothing is written by it either.
  const classifier = await chooseClassifier(chosen, taxonomy);
  refuseUnaskedCost(classifier, { mayPay, what: 'A dry run' });
  const counter = createChangeCounter(taxonomy.fields, { mostExamples });
  const unknown: number[] = [];
  const usages: ModelUsage[] = [];
  await withDatabase(cli, async (database) => {
    for await (const ids of idBlocks(database, choice)) {
      if (typeof choice !== 'string') {
        const known = await findKnownMeetings(database, ids);
        unknown.push(...ids.filter((id) => !known.has(id)));
      }
      await compareBlock(cli, { database, taxonomy, classifier, counter, usages, ids });
    }
  });
  const report = counter.report();
  if (unknown.length > 0) cli.exitWith(report.meetings === 0 ? 3 : 4);
  const context = { taxonomy, classifier, unknown, cost: sumUsages(usages) };
  if (cli.json) cli.document(toDocument(report, context));
  else tell(cli, report, context);
}

interface Block {
  readonly database: Database;
  readonly taxonomy: Taxonomy;
  readonly classifier: Classifier;
  readonly counter: ChangeCounter;
  /** Filled: a call each. */
  readonly usages: ModelUsage[];
  readonly ids: readonly number[];
}

async function compareBlock(cli: Cli, { database, taxonomy, classifier, counter, usages, ids }: Block): Promise<void> {
  const order = taxonomy.fields.map(({ id }) => id);
  for (let at = 0; at < ids.length; at += meetingsARead) {
    cli.signal.throwIfAborted();
    for (const meeting of await findStandingMeetings(database, ids.slice(at, at + meetingsARead))) {
      const { transcript, seller_prompt: sellerPrompt } = meeting;
      const { fields, usage } = await classifier.classify({ transcript, sellerPrompt, signal: cli.signal });
      if (usage !== undefined) usages.push(usage);
      counter.add({ meetingId: meeting.meeting_id, before: labelsBefore(meeting, order), after: fields });
    }
  }
}

function labelsBefore({ columns, run_fields: runFields, corrected }: StandingMeeting, order: readonly string[]) {
  return columns === null ? null : labelsOf({ runFields, columns, corrected, order });
}

interface Context {
  readonly taxonomy: Taxonomy;
  readonly classifier: Classifier;
  readonly unknown: readonly number[];
  readonly cost: EvaluationCost | null;
}

function toDocument(report: ChangeReport, { taxonomy, classifier, unknown, cost }: Context) {
  return {
    success: unknown.length === 0,
    dry_run: true,
    classifier: classifier.kind,
    model: classifier.model,
    taxonomy_version: taxonomy.version,
    meetings: report.meetings,
    unclassified: report.unclassified,
    changed: report.changed,
    fields: changesDocument(report.fields),
    fields_gone: report.gone,
    cost: costDocument(cost),
    unknown,
  };
}

function tell(cli: Cli, report: ChangeReport, { taxonomy, classifier, unknown, cost }: Context): void {
  const { meetings, unclassified, changed, fields, gone } = report;
  const head = ['field', 'unchanged', 'filled', 'emptied', 'replaced', 'kept by a person'];
  const rows = fields.map((each) => [each.field, each.unchanged, each.filled, each.emptied, each.replaced, each.kept]);
  const parts = [
    `${changed} of ${counted(meetings, 'meeting')} would change, by ${classifier.model} under ${basename(taxonomy.fileName)} (${taxonomy.version}).`,
    unclassified > 0 ? `${unclassified} have no classification yet and are not counted below.` : '',
    cli.table(head, rows),
    describeExamples(cli, fields, { before: 'now', after: 'would be' }),
    gone.length === 0 ? '' : `Fields that would no longer be there: ${gone.join(', ')}.`,
    cost === null ? '' : describeCost(cost),
  ];
  cli.out(parts.filter((part) => part !== '').join('\n\n'));
  if (unknown.length > 0) tellUnknown(cli, unknown);
  cli.note('vambe: nothing was written.');
}
