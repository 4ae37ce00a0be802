/** The current labels of one meeting: what the classifier answered, and what a person said instead. */
import type { Evidence, FieldValue } from '../classification/classifier.ts';

export interface Label {
  readonly field: string;
  readonly value: FieldValue;
  /** 0 to 1; null where it was not measured: a person's label, or another worker's. */
  readonly confidence: number | null;
  readonly evidence: readonly Evidence[];
  readonly isCorrected: boolean;
  /** What the classifier had answered, where a person corrected it. */
  readonly answered: FieldValue;
}

export interface LabelSources {
  /** By field id, as `runs.fields` holds them; null: there is no such run. */
  readonly runFields: Readonly<Record<string, unknown>> | null;
  /** By column name, used where there is no run. */
  readonly columns: Readonly<Record<string, unknown>>;
  readonly corrected: Readonly<Record<string, unknown>>;
  /** Field ids of the taxonomy: their order is that of the labels; others come after. */
  readonly order: readonly string[];
}

export function labelsOf({ runFields, columns, corrected, order }: LabelSources): readonly Label[] {
  const answers = runFields ?? Object.fromEntries(Object.entries(columns).map(([id, value]) => [id, { value }]));
  const ids = new Set([...Object.keys(answers), ...Object.keys(corrected)]);
  const ordered = [...order.filter((id) => ids.has(id)), ...[...ids].filter((id) => !order.includes(id))];
  return ordered.map((field) => {
    const answer = readAnswer(answers[field]);
    if (!Object.hasOwn(corrected, field)) return { field, ...answer, isCorrected: false, answered: answer.value };
    const value = toFieldValue(corrected[field]);
    return { field, value, confidence: null, evidence: [], isCorrected: true, answered: answer.value };
  });
}

/** Stored JSON is of our own making; a shape that is not ours says nothing. */
function readAnswer(stored: unknown): Pick<Label, 'value' | 'confidence' | 'evidence'> {
  if (typeof stored !== 'object' || stored === null) return { value: null, confidence: null, evidence: [] };
  const value = 'value' in stored ? toFieldValue(stored.value) : null;
  const confidence = 'confidence' in stored && typeof stored.confidence === 'number' ? stored.confidence : null;
  const evidence = 'evidence' in stored && Array.isArray(stored.evidence) ? stored.evidence.filter(isEvidence) : [];
  const inOrder = evidence.map(({ quote, start, end }) => ({ quote, start, end }));
  return { value, confidence, evidence: inOrder };
}

/** A stored value; null where it has no shape of ours. */
export function toFieldValue(stored: unknown): FieldValue {
  if (typeof stored === 'string' || typeof stored === 'boolean') return stored;
  if (Array.isArray(stored)) return stored.filter((each) => typeof each === 'string');
  if (typeof stored !== 'object' || stored === null || !('count' in stored) || !('period' in stored)) return null;
  const { count, period } = stored;
  if (typeof count !== 'number' || typeof period !== 'string') return null;
  return { count, period, approx: 'approx' in stored && stored.approx === true };
}

function isEvidence(stored: unknown): stored is Evidence {
  return (
    typeof stored === 'object' &&
    stored !== null &&
    'quote' in stored &&
    typeof stored.quote === 'string' &&
    'start' in stored &&
    typeof stored.start === 'number' &&
    'end' in stored &&
    typeof stored.end === 'number'
  );
}

/** As people write it and `vambe review` takes it: `healthcare`, `true`, `a, b`, `~80/day`; null where there is none. */
export function describeValue(value: FieldValue): string | null {
  if (value === null) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if ('count' in value) return `${value.approx ? '~' : ''}${value.count}/${value.period}`;
  return value.length === 0 ? null : value.join(', ');
}
