/** What another worker saved beside what ours would have saved, row by row. */
import { fieldColumns } from '../../models/classification-columns.ts';
import type { Taxonomy } from '../../models/taxonomy.ts';
import type { Classification, ModelUsage } from '../classification/classifier.ts';
import { createColumnReader } from '../classification/classify-meeting.ts';
import { type Label, labelsOf } from '../reporting/meeting-labels.ts';
import { percent } from './html-page.ts';
import { createChangeCounter, type FieldChanges } from './label-changes.ts';
import type { EvaluationCost, Latency } from './report.ts';
import { describeDurations, sumUsages } from './run-figures.ts';

export interface ShadowField extends FieldChanges {
  /** Share of the compared rows in which both have the same value, 0 to 1. */
  readonly agreement: number;
}

export interface SavedBy {
  readonly model: string;
  readonly rows: number;
  /** The name fills its column, so the end of it may be missing. */
  readonly mayBeCut: boolean;
  /** Of what it noted as `processing_time_ms`; null where it noted none. */
  readonly meanMs: number | null;
}

export interface FailedRow {
  readonly meetingId: number;
  readonly code: string;
}

export interface ShadowReport {
  /** Rows compared. */
  readonly rows: number;
  readonly same: number;
  readonly different: number;
  /** Share of all compared values that are the same, 0 to 1. */
  readonly agreement: number;
  /** Rows for which this worker had no answer; they are in no other count. */
  readonly failed: readonly FailedRow[];
  readonly fields: readonly ShadowField[];
  /** Fields of the taxonomy that have no column, so that the other worker saves none. */
  readonly withoutColumn: readonly string[];
  /** Fields that no compared row has, but our answers do. They are in no other count, as the other worker does not label them. */
  readonly neverSaved: readonly ShadowField[];
  readonly savedBy: readonly SavedBy[];
  readonly latency: Latency;
  /** null where no model was asked. */
  readonly cost: EvaluationCost | null;
}

export interface ShadowedRow {
  readonly meetingId: number;
  /** The row, by column name. */
  readonly saved: Readonly<Record<string, unknown>>;
  readonly answer: Pick<Classification, 'fields' | 'usage'>;
  readonly durationMs: number;
}

export interface ShadowCounter {
  add(row: ShadowedRow): void;
  fail(row: FailedRow): void;
  report(): ShadowReport;
}

/** Compares the stored columns with those that this worker would store; keeps `maxExamples` for each field. */
export function createShadowCounter(
  taxonomy: Pick<Taxonomy, 'fields'>,
  { maxExamples }: { readonly maxExamples: number },
): ShadowCounter {
  const compared = taxonomy.fields.filter(({ id }) => Object.hasOwn(fieldColumns, id));
  const order = compared.map(({ id }) => id);
  const changes = createChangeCounter(compared, { maxExamples });
  const durations: number[] = [];
  const usages: ModelUsage[] = [];
  const failed: FailedRow[] = [];
  const savers = createSaverCounter();
  const saved = new Set<string>();
  /** Rows by the fields in which both differ. */
  const rowsByDifference = new Map<string, number>();
  const columnsOf = createColumnReader(taxonomy);
  const labelsIn = (columns: Readonly<Record<string, unknown>>): readonly Label[] =>
    labelsOf({
      runFields: null,
      columns: Object.fromEntries(order.map((id) => [id, columns[id] ?? null])),
      corrected: {},
      order,
    });
  return {
    add({ meetingId, saved: row, answer, durationMs }) {
      const ours = labelsIn(columnsOf(answer));
      const after = ours.map(({ field, value }) => {
        const { confidence = 0, evidence = [] } = answer.fields[field] ?? {};
        return [field, { value, confidence, evidence }] as const;
      });
      const theirs = labelsIn(row);
      for (const { field, value } of theirs) if (!isEmpty(value)) saved.add(field);
      const key = changes.add({ meetingId, before: theirs, after: Object.fromEntries(after) }).join(' ');
      rowsByDifference.set(key, (rowsByDifference.get(key) ?? 0) + 1);
      durations.push(durationMs);
      if (answer.usage !== undefined) usages.push(answer.usage);
      savers.add(row);
    },
    fail: (row) => void failed.push(row),
    report() {
      const { meetings: rows, fields: all } = changes.report();
      const isNeverSaved = ({ field, filled }: FieldChanges) => filled > 0 && !saved.has(field);
      const fields = all.filter((each) => !isNeverSaved(each));
      const ids = new Set(fields.map(({ field }) => field));
      const differs = ([key]: [string, number]) => key.split(' ').some((field) => ids.has(field));
      const different = [...rowsByDifference].filter(differs).reduce((sum, [, count]) => sum + count, 0);
      const withAgreement = (each: FieldChanges) => ({ ...each, agreement: shareOf(each.unchanged, rows) });
      const agreed = fields.reduce((sum, { unchanged }) => sum + unchanged, 0);
      return {
        rows,
        same: rows - different,
        different,
        agreement: shareOf(agreed, rows * fields.length),
        failed: [...failed],
        fields: fields.map(withAgreement),
        neverSaved: all.filter(isNeverSaved).map(withAgreement),
        withoutColumn: taxonomy.fields.map(({ id }) => id).filter((id) => !order.includes(id)),
        savedBy: savers.list(),
        latency: describeDurations(durations),
        cost: sumUsages(usages),
      };
    },
  };
}

/** Width of `meetings_classifications.model_used`. */
const modelColumnChars = 100;

function isEmpty(value: Label['value']): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

function createSaverCounter() {
  const byModel = new Map<string, { rows: number; timed: number; ms: number }>();
  return {
    add({ model_used: model, processing_time_ms: ms }: Readonly<Record<string, unknown>>): void {
      const count = byModel.get(String(model)) ?? { rows: 0, timed: 0, ms: 0 };
      byModel.set(String(model), count);
      count.rows += 1;
      if (typeof ms !== 'number') return;
      count.timed += 1;
      count.ms += ms;
    },
    list: (): readonly SavedBy[] =>
      [...byModel]
        .map(([model, { rows, timed, ms }]) => ({
          model,
          rows,
          mayBeCut: model.length >= modelColumnChars,
          meanMs: timed === 0 ? null : ms / timed,
        }))
        .sort((one, other) => other.rows - one.rows),
  };
}

/** null: each field that we label is saved by the other worker, too. */
export function describeNeverSaved({ neverSaved }: ShadowReport): string | null {
  if (neverSaved.length === 0) return null;
  const filled = neverSaved.map((each) => `${each.field} (${each.filled})`).join(', ');
  return `Not compared, as no saved row has a value: ${filled}; in brackets, the rows in which ours has one.`;
}

/** null: no name of a model may be cut. */
export function describeCutNames({ savedBy }: ShadowReport): string | null {
  if (!savedBy.some(({ mayBeCut }) => mayBeCut)) return null;
  return `A model's name of ${modelColumnChars} characters fills its column, so its end may be missing.`;
}

/** What people read of a field: the head of its row, on a page as on a terminal. */
export const countHead = ['field', 'agreement', 'same', 'only ours', 'only saved', 'another value'];

export function countRow({ field, agreement, unchanged, filled, emptied, replaced }: ShadowField): (string | number)[] {
  return [field, percent(agreement), unchanged, filled, emptied, replaced];
}

/** Nothing compared is no agreement. */
function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
