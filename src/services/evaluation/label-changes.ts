/** What classifying meetings again would change, counted field by field. */
import type { TaxonomyField } from '../../models/taxonomy.ts';
import type { Evidence, FieldResult, FieldValue } from '../classification/classifier.ts';
import type { Label } from '../reporting/meeting-labels.ts';
import { answerKey } from './compare.ts';

export interface LabelChange {
  readonly meetingId: number;
  readonly before: FieldValue;
  readonly after: FieldValue;
  /** Proves the value after. */
  readonly evidence: readonly Evidence[];
}

export interface FieldChanges {
  readonly field: string;
  readonly unchanged: number;
  /** From null to a value. */
  readonly filled: number;
  /** From a value to null. */
  readonly emptied: number;
  /** From one value to another. */
  readonly replaced: number;
  /** A person corrected it, so no answer replaces it. */
  readonly kept: number;
  readonly examples: readonly LabelChange[];
}

export interface ChangeReport {
  readonly meetings: number;
  /** Meetings that have no classification yet: they are in no field's counts. */
  readonly unclassified: number;
  /** Meetings of which at least one field would change. */
  readonly changed: number;
  readonly fields: readonly FieldChanges[];
  /** Fields of stored labels that the taxonomy does not have. */
  readonly gone: readonly string[];
}

export interface ChangeCounter {
  /** Returns the fields that would change. `before` is null for a meeting without a classification. */
  add(meeting: {
    readonly meetingId: number;
    readonly before: readonly Label[] | null;
    readonly after: Readonly<Record<string, FieldResult>>;
  }): readonly string[];
  report(): ChangeReport;
}

/** `maxExamples` a field are kept, the first that come. */
export function createChangeCounter(
  fields: readonly Pick<TaxonomyField, 'id'>[],
  { maxExamples }: { maxExamples: number },
): ChangeCounter {
  const counts = new Map(fields.map(({ id }) => [id, startCount(id)]));
  const gone = new Set<string>();
  let [meetings, unclassified, changed] = [0, 0, 0];
  return {
    add({ meetingId, before, after }) {
      meetings += 1;
      if (before === null) {
        unclassified += 1;
        return [];
      }
      const changedFields: string[] = [];
      for (const { field } of before) if (!counts.has(field)) gone.add(field);
      for (const [id, count] of counts) {
        const label = before.find(({ field }) => field === id);
        const { value, evidence } = after[id] ?? { value: null, evidence: [] };
        const change: LabelChange = { meetingId, before: label?.value ?? null, after: value, evidence };
        const kind = kindOf(change, label);
        count[kind] += 1;
        if (kind === 'unchanged' || kind === 'kept') continue;
        changedFields.push(id);
        if (count.examples.length < maxExamples) count.examples.push(change);
      }
      if (changedFields.length > 0) changed += 1;
      return changedFields;
    },
    report: () => ({ meetings, unclassified, changed, fields: [...counts.values()], gone: [...gone].sort() }),
  };
}

type ChangeKind = 'unchanged' | 'filled' | 'emptied' | 'replaced' | 'kept';

function kindOf({ before, after }: LabelChange, label: Label | undefined): ChangeKind {
  const [had, has] = [answerKey(before), answerKey(after)];
  if (had === has) return 'unchanged';
  if (label?.isCorrected === true) return 'kept';
  if (had === 'null') return 'filled';
  return has === 'null' ? 'emptied' : 'replaced';
}

function startCount(field: string) {
  const examples: LabelChange[] = [];
  return { field, unchanged: 0, filled: 0, emptied: 0, replaced: 0, kept: 0, examples };
}
