import { describe, expect, it } from 'vitest';
import { createShadowCounter } from '../../../../src/services/evaluation/shadow.ts';
import { writeShadowPage } from '../../../../src/services/evaluation/shadow-page.ts';
import { fieldOf } from '../../../helpers/stub-classifier.ts';

const base = {
  ...{ type: 'enum' as const, labels: { es: '', en: '' }, definition: '', examples: [], values: [], periods: [] },
  ...{ quoteOptional: false, storedDefault: undefined, isExtension: false },
};
const taxonomy = { fields: ['business_sector', 'categories', 'sentiment', 'volume'].map((id) => ({ ...base, id })) };
const nasty = `<script>alert("x")</script>&'`;

function answer(sector: string | null, categories: readonly string[] | null = null) {
  const evidence = [{ quote: nasty, start: 0, end: nasty.length }];
  return {
    fields: {
      business_sector: { value: sector, confidence: 0.8, evidence },
      categories: fieldOf(categories),
      sentiment: fieldOf(null),
      volume: fieldOf('80'),
    },
  };
}

const saved = { model_used: 'gpt-4o-mini', processing_time_ms: 1_500, sentiment: 'neutral', categories: [] };

describe('createShadowCounter', () => {
  it('compares the columns: what a null is saved as is the same, and a field without a column is no difference', () => {
    const counter = createShadowCounter(taxonomy, { maxExamples: 1 });
    counter.add({
      meetingId: 1,
      saved: { ...saved, business_sector: 'mining' },
      answer: answer('mining'),
      durationMs: 2,
    });
    const report = counter.report();
    expect(report).toMatchObject({
      rows: 1,
      same: 1,
      different: 0,
      agreement: 1,
      withoutColumn: ['volume'],
      cost: null,
    });
    expect(report.fields.map(({ field }) => field)).toEqual(['business_sector', 'categories', 'sentiment']);
    expect(report.savedBy).toEqual([{ model: 'gpt-4o-mini', rows: 1, mayBeCut: false, meanMs: 1_500 }]);
  });

  it('keeps fields apart that the other worker never fills, and tells of a name that fills its column (S8)', () => {
    const counter = createShadowCounter(taxonomy, { maxExamples: 1 });
    const theirs = { ...saved, model_used: 'm'.repeat(100), categories: null };
    const rows = [answer('mining', ['a']), answer('mining', ['b']), answer('retail', ['c'])];
    for (const [index, ours] of rows.entries())
      counter.add({
        meetingId: index,
        saved: { ...theirs, business_sector: 'mining' },
        answer: ours,
        durationMs: 1,
      });
    const report = counter.report();
    expect(report).toMatchObject({ rows: 3, same: 2, different: 1 });
    expect(report.fields.map(({ field }) => field)).toEqual(['business_sector', 'sentiment']);
    expect(report.neverSaved).toMatchObject([{ field: 'categories', filled: 3 }]);
    expect(report.savedBy).toMatchObject([{ mayBeCut: true }]);
    const page = writeShadowPage(report, { model: 'offline-2', taxonomyVersion: 'v' });
    expect(page).toContain('no saved row has a value: categories (3)');
    expect(page).toContain('its end may be missing');
  });

  it('counts rows that differ by field, with both values, and keeps failures apart', () => {
    const counter = createShadowCounter(taxonomy, { maxExamples: 1 });
    const usage = { inputTokens: 10, outputTokens: null, costUsd: 0.25, latencyMs: 5 };
    const rows = [
      { business_sector: 'manual review needed', answer: answer('mining') },
      { business_sector: null, answer: answer('mining') },
      { business_sector: 'retail', answer: answer(null) },
      { business_sector: 'mining', answer: answer('mining', ['b', 'a']), categories: ['a', 'b'] },
    ];
    for (const [index, { answer: ours, ...columns }] of rows.entries())
      counter.add({
        meetingId: index + 1,
        saved: { ...saved, processing_time_ms: null, ...columns },
        answer: { ...ours, usage },
        durationMs: 10 * (index + 1),
      });
    counter.fail({ meetingId: 9, code: 'LLM_BUSY' });
    const report = counter.report();
    expect(report).toMatchObject({ rows: 4, same: 1, different: 3, agreement: 0.75 });
    expect(report.fields[0]).toMatchObject({ unchanged: 1, filled: 1, emptied: 1, replaced: 1, agreement: 0.25 });
    expect(report.fields[0]?.examples).toMatchObject([
      { meetingId: 1, before: 'manual review needed', after: 'mining' },
    ]);
    expect(report.fields[1]).toMatchObject({ unchanged: 4, agreement: 1 });
    expect(report.failed).toEqual([{ meetingId: 9, code: 'LLM_BUSY' }]);
    expect(report.cost).toEqual({ costUsd: 1, inputTokens: 40, outputTokens: null });
    expect(report.latency).toMatchObject({ meanMs: 25, maxMs: 40 });
    expect(report.savedBy).toEqual([{ model: 'gpt-4o-mini', rows: 4, mayBeCut: false, meanMs: null }]);
  });

  it('says nothing of agreement where nothing was compared', () => {
    expect(createShadowCounter(taxonomy, { maxExamples: 1 }).report()).toMatchObject({ rows: 0, agreement: 0 });
  });
});

describe('writeShadowPage', () => {
  it('escapes what comes from elsewhere and fetches nothing', () => {
    const counter = createShadowCounter(taxonomy, { maxExamples: 1 });
    counter.add({
      meetingId: 1,
      saved: { ...saved, model_used: nasty, business_sector: nasty },
      answer: answer('mining'),
      durationMs: 2,
    });
    counter.fail({ meetingId: 2, code: 'LLM_BUSY' });
    const page = writeShadowPage(counter.report(), { model: nasty, taxonomyVersion: nasty });
    expect(page).not.toMatch(/<script|alert\("|https?:|src=|href=|url\(|@import/);
    // Ours, its version, theirs, their value and our quote.
    expect(page.match(/&#60;script&#62;alert\(&#34;x&#34;\)&#60;\/script&#62;&#38;&#39;/g)).toHaveLength(5);
    expect(page).toContain("default-src 'none'");
    expect(page.match(/<svg/g)).toHaveLength(1);
    expect(page).toContain('LLM_BUSY');
  });
});
