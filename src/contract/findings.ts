/** What `vambe check` and `vambe doctor` give with `--json`. */
import * as z from 'zod';
import type { Finding } from '../services/observe/check-servers.ts';
import { list, trouble } from './pieces.ts';

const finding = z.strictObject({
  part: z.string(),
  embedded: z.boolean(),
  address: z.string().nullable(),
  facts: z.record(z.string(), z.union([z.string(), z.number()])).readonly(),
  /** It works, but a person should know. */
  warnings: list(z.string()),
  ok: z.boolean(),
  code: z.string().nullable(),
  error: z.string().nullable(),
});

export const findingsDocument = z.strictObject({ success: z.boolean(), ...trouble, checks: list(finding) });

export function toFindingsDocument(findings: readonly Finding[]): z.infer<typeof findingsDocument> {
  const first = findings.find(({ fault }) => fault !== null)?.fault ?? null;
  const checks = findings.map(({ fault, words: _words, ...each }) => ({
    ...each,
    ok: fault === null,
    code: fault?.code ?? null,
    error: fault?.error ?? null,
  }));
  if (first === null) return { success: true, checks };
  return { success: false, error: first.error, code: first.code, checks };
}
