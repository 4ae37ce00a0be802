/** Labels that differ between two answers: what a dry run and a shadow print of them. */
import type { FieldChanges } from '../../services/evaluation/label-changes.ts';
import { describeValue } from '../../services/reporting/meeting-labels.ts';
import type { Cli } from '../kit/cli.ts';

/** One example a row under these two heads, two lines each on a terminal; empty where there is none. */
export function describeExamples(
  cli: Cli,
  fields: readonly FieldChanges[],
  heads: { readonly before: string; readonly after: string },
): string {
  const examples = fields.flatMap(({ field, examples }) =>
    examples.map(({ meetingId, before, after, evidence }) => ({
      meetingId,
      field,
      before: describeValue(before),
      after: describeValue(after),
      quote: evidence[0]?.quote ?? null,
    })),
  );
  if (examples.length === 0) return '';
  if (!cli.isTerminal) {
    const rows = examples.map(({ meetingId, field, before, after, quote }) => [meetingId, field, before, after, quote]);
    return `Examples:\n${cli.table(['meeting', 'field', heads.before, heads.after, 'quote'], rows)}`;
  }
  const lines = examples.flatMap(({ meetingId, field, before, after, quote }) => [
    cli.prose(`  meeting ${meetingId}, ${field}: ${before ?? 'not said'} → ${after ?? 'not said'}`),
    ...(quote === null ? [] : [cli.style('dim', cli.prose(`    ${inQuotes(quote)}`))]),
  ]);
  return [`Examples (${heads.before} → ${heads.after}):`, ...lines].join('\n');
}

/** On one line, without the escapes that a transcript may hold. */
export function inQuotes(quote: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is taken out
  return `“${quote.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')}”`;
}
