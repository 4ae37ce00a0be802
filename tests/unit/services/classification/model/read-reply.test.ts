import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadTaxonomy } from '../../../../../src/models/taxonomy.ts';
import { createQuoteFinder } from '../../../../../src/services/classification/model/quotes.ts';
import { createReplyReader } from '../../../../../src/services/classification/model/read-reply.ts';
import { createReplyWeigher } from '../../../../../src/services/classification/model/weigh-reply.ts';

const taxonomy = loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml');
const transcript = 'Somos una clínica dental y recibimos unas 300 consultas por día. Queremos integrarlo con HubSpot.';
const readReply = createReplyReader(taxonomy);
const replyOf = (fields: Record<string, unknown>) => JSON.stringify({ fields, summary: 'Una clínica.' });
const read = (fields: Record<string, unknown>) => readReply(replyOf(fields));
const valueIn = (fields: Record<string, unknown>, id: string) => read(fields)?.fields[id]?.claims[0]?.value;
const weigh = (text: string) => {
  const reply = readReply(text);
  const findQuote = createQuoteFinder(transcript, { segments: [{ start: 0, end: transcript.length }], untrusted: [] });
  return reply && createReplyWeigher(taxonomy)(reply, { findQuote, truncated: false });
};

describe('a reply', () => {
  const json = replyOf({ business_sector: { value: 'healthcare', quotes: ['clínica dental'], confidence: 0.9 } });

  test.each([
    ['bare', json],
    ['in a fence', `\`\`\`json\n${json}\n\`\`\``],
    ['amid prose', `Claro, aquí está:\n${json}\nEspero que sirva.`],
    ['after a byte order mark', `\ufeff${json}`],
    ['behind what the model thought (M3)', `<think>\nMaybe {"fields": {}}?\n</think>\n\n${json}`],
    ['behind a thought without its beginning (M3)', `It is a clinic, so {"fields": {}}.</think>${json}`],
    ['behind a thought, in a fence (M3)', `<thinking>\`\`\`json\n{}\n\`\`\`</thinking>\n\`\`\`json\n${json}\n\`\`\``],
    ['with its fields as a text of JSON (M3)', JSON.stringify({ fields: JSON.stringify(JSON.parse(json).fields) })],
    ['as a text of JSON (M3)', JSON.stringify(json)],
    [
      'with a field as a text of JSON (M3)',
      JSON.stringify({ fields: { business_sector: JSON.stringify(JSON.parse(json).fields.business_sector) } }),
    ],
  ])('is read %s', (_how, text) => {
    expect(readReply(text)?.fields.business_sector?.claims).toEqual([
      { value: 'healthcare', quotes: ['clínica dental'] },
    ]);
  });

  test.each(['', 'Con gusto.', json.slice(0, 40), '[]', 'null', '{}', '{"fields": []}', '{"other": 1}', '{'])(
    'that is none is not read: %s',
    (text) => {
      expect(readReply(text)).toBeUndefined();
    },
  );

  test('names what is wrong; a field that is missing was not found', () => {
    const faults = read({ business_sector: { value: 'astrology', quotes: [], confidence: 1 } })?.faults ?? [];
    expect(faults[0]).toMatch(/^fields.business_sector: "astrology" is none of retail, /);
    expect(faults.length).toBe(1);
  });
});

describe('a value', () => {
  test('is known by its id, its labels and its synonyms, in any case', () => {
    const field = taxonomy.fields.find(({ id }) => id === 'business_sector');
    for (const { id, labels, synonyms } of field?.values ?? [])
      for (const name of [id, id.toUpperCase(), labels.es, labels.en, ...synonyms])
        expect(valueIn({ business_sector: { value: name } }, 'business_sector'), name).toBeDefined();
  });

  test('outside the taxonomy is null, never a new label', () => {
    for (const value of ['astrology', 7, true, ['retail'], { id: 'retail' }])
      expect(valueIn({ business_sector: { value } }, 'business_sector')).toBeUndefined();
  });

  test('of a yes-or-no field is read from words too, and only where the taxonomy has it', () => {
    expect(valueIn({ urgency: { value: 'sí' } }, 'urgency')).toBe(true);
    expect(valueIn({ urgency: { value: false } }, 'urgency')).toBe(false);
    expect(valueIn({ lost_client_bad_meeting: { value: false } }, 'lost_client_bad_meeting')).toBeUndefined();
  });

  test('that is a quantity needs a number and a known period', () => {
    const volume = (value: unknown) => valueIn({ interaction_volume: { value } }, 'interaction_volume');
    expect(volume({ count: '300', period: 'Day', approx: true })).toEqual({ count: 300, period: 'day', approx: true });
    for (const value of [
      300,
      { count: -1, period: 'day' },
      { count: 3, period: 'decade' },
      { count: '', period: 'day' },
    ])
      expect(volume(value)).toBeUndefined();
  });
});

describe('weighed against the transcript', () => {
  test('a value is kept with the quotes that are found, at their offsets', () => {
    const answer = weigh(
      replyOf({
        business_sector: { value: 'healthcare', quotes: ['CLINICA dental', 'hospital'], confidence: 0.9 },
        integrations_mentioned: { items: [{ value: 'HubSpot', quote: 'integrarlo con HubSpot' }], confidence: 0.8 },
      }),
    );
    expect(answer?.fields.business_sector).toEqual({
      value: 'healthcare',
      confidence: 0.9,
      evidence: [{ quote: 'clínica dental', start: 10, end: 24 }],
    });
    expect(answer?.fields.integrations_mentioned?.value).toEqual(['hubspot']);
    // The taxonomy has it follow.
    expect(answer?.fields.concerns?.value).toEqual(['integration']);
  });

  test('an invented quote makes the value null and the whole less sure', () => {
    const proven = { value: 'healthcare', quotes: ['clínica dental'], confidence: 0.9 };
    const sure = weigh(replyOf({ business_sector: proven }));
    const answer = weigh(
      replyOf({ business_sector: proven, lead_source: { value: 'event', quotes: ['en una feria'], confidence: 1 } }),
    );
    expect(answer?.fields.lead_source).toEqual({ value: null, confidence: 0, evidence: [] });
    expect(answer?.confidence).toBeLessThan(sure?.confidence ?? 0);
  });

  test('urgency without a quote is no urgency, while its absence needs none', () => {
    const proven = { value: 'healthcare', quotes: ['clínica dental'], confidence: 0.9 };
    expect(
      weigh(replyOf({ business_sector: proven, urgency: { value: true, quotes: [] } }))?.fields.urgency?.value,
    ).toBeNull();
    expect(
      weigh(replyOf({ business_sector: proven, urgency: { value: false, quotes: [] } }))?.fields.urgency?.value,
    ).toBe(false);
  });

  test('a reply that proves nothing says nothing at all', () => {
    const answer = weigh(replyOf({ sentiment: { value: 'positive', quotes: [] }, urgency: { value: false } }));
    expect(Object.values(answer?.fields ?? {}).every(({ value }) => value === null)).toBe(true);
    expect(answer).toMatchObject({ confidence: 0, summary: null, needsReview: true });
  });

  test('any JSON becomes a valid classification or none', () => {
    const ids = taxonomy.fields.map(({ id }) => id);
    const words = fc.constantFrom('clínica dental', '300 consultas', 'HubSpot', 'healthcare', 'true', 'day', 'no está');
    const leaf = fc.oneof(words, fc.jsonValue({ maxDepth: 2 }));
    const field = fc.oneof(
      leaf,
      fc.record({ value: leaf, quotes: fc.oneof(leaf, fc.array(words)), confidence: leaf }),
      fc.record({ items: fc.array(fc.record({ value: leaf, quote: leaf })), confidence: leaf }),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...ids), field, { minKeys: 1 }), leaf, (fields, summary) => {
        const answer = weigh(JSON.stringify({ fields, summary, key_topics: summary, next_steps: summary }));
        expect(Object.keys(answer?.fields ?? {})).toEqual(ids);
        for (const each of taxonomy.fields) {
          const result = answer?.fields[each.id];
          const allowed = each.values.map(({ id }) => id);
          for (const { quote, start, end } of result?.evidence ?? []) expect(transcript.slice(start, end)).toBe(quote);
          if (result?.value === null) continue;
          if (!each.quoteOptional) expect(result?.evidence.length).toBeGreaterThan(0);
          if (each.type === 'enum') expect(allowed).toContain(result?.value);
          if (each.type === 'list')
            expect(result?.value).toSatisfy((list: string[]) => list.every((id) => allowed.includes(id)));
        }
      }),
      { numRuns: 500 },
    );
  }, 30_000);
});
