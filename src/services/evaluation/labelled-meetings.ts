/** Reads a file of labelled meetings: one JSON object a line. */
import * as z from 'zod';
import { AppError } from '../../core/errors.ts';

/** A row without labels is classified and not scored. */
export interface LabelledMeeting {
  readonly id: string;
  readonly transcript: string;
  /** By field id; null where the row is not labelled. */
  readonly labels: Readonly<Record<string, unknown>> | null;
  /** Other values that a careful reader could defend, by field id. */
  readonly acceptable: Readonly<Record<string, readonly unknown[]>>;
}

const rowShape = z.object({
  id: z.union([z.string().min(1), z.number()]).transform(String),
  transcript: z.string(),
  labels: z.record(z.string(), z.unknown()).nullish(),
  acceptable: z.record(z.string(), z.array(z.unknown())).nullish(),
});

const maxFaultsShown = 10;

/** Rows of a JSON Lines file. Throws INPUT_FILE_INVALID naming the first faulty lines; blank lines are passed over. */
export function readLabelledMeetings(text: string, fileName: string): readonly LabelledMeeting[] {
  const rows: LabelledMeeting[] = [];
  const faults: string[] = [];
  const seen = new Set<string>();
  text.split('\n').forEach((line, index) => {
    const source = line.replace(/^\uFEFF/, '').trim();
    if (source === '') return;
    const read = readRow(source);
    if (typeof read === 'string') faults.push(`line ${index + 1}: ${read}`);
    else if (seen.has(read.id)) faults.push(`line ${index + 1}: the id "${read.id}" appears twice`);
    else rows.push(read);
    if (typeof read !== 'string') seen.add(read.id);
  });
  if (faults.length > 0) {
    const shown = faults.slice(0, maxFaultsShown).join('; ');
    const more = faults.length > maxFaultsShown ? `; and ${faults.length - maxFaultsShown} more` : '';
    throw new AppError(
      'INPUT_FILE_INVALID',
      `${fileName} holds lines that are no labelled meetings: ${shown}${more}. Give one JSON object a line with id, transcript and, to be scored, labels.`,
    );
  }
  if (rows.length === 0) {
    throw new AppError(
      'INPUT_FILE_INVALID',
      `${fileName} holds no meetings. Give one JSON object a line with id, transcript and labels.`,
    );
  }
  return rows;
}

function readRow(source: string): LabelledMeeting | string {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    return 'is not JSON'; // the parser's own message would quote the transcript
  }
  const parsed = rowShape.safeParse(value);
  if (!parsed.success)
    return parsed.error.issues.map((issue) => `${issue.path.join('.') || 'row'}: ${issue.message}`).join(', ');
  const { id, transcript, labels, acceptable } = parsed.data;
  return { id, transcript, labels: labels ?? null, acceptable: acceptable ?? {} };
}
