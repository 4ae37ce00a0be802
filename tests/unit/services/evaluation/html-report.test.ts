import { describe, expect, it } from 'vitest';
import { writeHtmlReport } from '../../../../src/services/evaluation/html-report.ts';
import type { EvaluationReport } from '../../../../src/services/evaluation/report.ts';
import { scoreMeetings } from '../../../../src/services/evaluation/score.ts';

const nasty = `<script>alert("x")</script>&'`;

function makeReport(): EvaluationReport {
  const labels = { es: '', en: '' };
  const field = {
    ...{ id: 'sector', type: 'enum' as const, labels, definition: '', examples: [], values: [], periods: [] },
    ...{ quoteOptional: false, storedDefault: undefined, isExtension: false },
  };
  const meetings = [{ id: nasty, transcript: nasty, labels: { sector: 'mining' }, acceptable: {} }];
  const result = { value: nasty, confidence: 0.5, evidence: [{ quote: nasty, start: 0, end: nasty.length }] };
  return {
    ...{ file: nasty, name: nasty, classifier: 'llm', model: nasty, taxonomyVersion: nasty },
    evaluation: scoreMeetings([field], meetings, new Map([[nasty, { sector: nasty }]])),
    calibration: { answers: 1, ece: 0.5, bins: [{ from: 0.5, to: 0.6, answers: 1, meanConfidence: 0.5, accuracy: 0 }] },
    latency: { meanMs: 1, p50Ms: 1, p95Ms: 1, maxMs: 1 },
    cost: { costUsd: 0.25, inputTokens: 10, outputTokens: null },
    answers: new Map([[nasty, { sector: result }]]),
  };
}

describe('writeHtmlReport', () => {
  const page = writeHtmlReport([makeReport(), makeReport()], {
    fields: [{ field: nasty, rows: 1, first: 0, second: 1, onlyFirst: 0, onlySecond: 1, pValue: 1 }],
    mean: { first: 0, second: 1, interval: null },
  });

  it('escapes every word that comes from elsewhere', () => {
    expect(page).not.toMatch(/<script|alert\("/);
    expect(page).toContain('&#60;script&#62;alert(&#34;x&#34;)&#60;/script&#62;&#38;&#39;');
  });

  it('fetches nothing: no address, no link, no image, and a policy that would forbid it', () => {
    expect(page).not.toMatch(/https?:|src=|href=|url\(|@import/);
    expect(page).toContain("default-src 'none'");
    expect(page.match(/<svg/g)).toHaveLength(4);
    expect(page).toContain('US$ 0.2500, 10 tokens in, ? out');
  });
});
