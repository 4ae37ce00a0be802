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
  const columnsOf = createColumnReader(taxonomy);
  const labelsIn = (columns: Readonly<Record<string, unknown>>): readonly Label[] =>
    labelsOf({
      runFields: null,
      columns: Object.fromEntries(order.map((id) => [id, columns[id] ?? null])),
      corrected: {},
      order,
    });
  return {
    add({ meetingId, saved, answer, durationMs }) {
      const ours = labelsIn(columnsOf(answer));
      const after = ours.map(({ field, value }) => {
        const { confidence = 0, evidence = [] } = answer.fields[field] ?? {};
        return [field, { value, confidence, evidence }] as const;
      });
      changes.add({ meetingId, before: labelsIn(saved), after: Object.fromEntries(after) });
      durations.push(durationMs);
      if (answer.usage !== undefined) usages.push(answer.usage);
      savers.add(saved);
    },
    fail: (row) => void failed.push(row),
    report() {
      const { meetings: rows, changed, fields } = changes.report();
      const agreed = fields.reduce((sum, { unchanged }) => sum + unchanged, 0);
      return {
        rows,
        same: rows - changed,
        different: changed,
        agreement: shareOf(agreed, rows * fields.length),
        failed: [...failed],
        fields: fields.map((each) => ({ ...each, agreement: shareOf(each.unchanged, rows) })),
        withoutColumn: taxonomy.fields.map(({ id }) => id).filter((id) => !order.includes(id)),
        savedBy: savers.list(),
        latency: describeDurations(durations),
        cost: sumUsages(usages),
      };
    },
  };
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
        .map(([model, { rows, timed, ms }]) => ({ model, rows, meanMs: timed === 0 ? null : ms / timed }))
        .sort((one, other) => other.rows - one.rows),
  };
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
