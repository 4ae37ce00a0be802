import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLabelledMeetings } from '../../../../src/services/evaluation/labelled-meetings.ts';
import {
  type ExportFormat,
  type ExportRow,
  exportColumns,
  exportForEval,
  exportMeetings,
} from '../../../../src/services/meetings/export-meetings.ts';

const unclassified: ExportRow = {
  meeting_id: 1,
  client_name: 'Ana',
  client_email: null,
  seller_name: 'Toro',
  meeting_at: new Date('2024-03-01T03:00:00Z'),
  closed: true,
  classification_id: null,
  business_sector: null,
  company_size: null,
  region: null,
  lead_source: null,
  vambe_product: null,
  use_case: null,
  primary_pain_point: null,
  urgency: null,
  decision_maker_role: null,
  purchase_stage: null,
  language: null,
  sentiment: null,
  lost_client_bad_meeting: null,
  categories: null,
  other_fields: null,
  confidence_score: null,
  key_topics: null,
  action_items: null,
  next_steps: null,
  summary: null,
  model_used: null,
  processed_at: null,
  processing_time_ms: null,
  classification_created_at: null,
  classification_updated_at: null,
  reviewed_fields: null,
  confidence_by_field: null,
  transcript: null,
};
const makeRow = (row: Partial<ExportRow> = {}): ExportRow => ({ ...unclassified, ...row });

async function write(rows: readonly ExportRow[], format: ExportFormat, isExcel = false): Promise<string> {
  async function* stream() {
    yield* rows;
  }
  let text = '';
  for await (const piece of exportMeetings(stream(), format, { isExcel })) text += piece;
  return text;
}

describe('exportForEval', () => {
  it('gives lines that eval reads, with what people said as the labels (--for eval)', async () => {
    async function* reviewed() {
      yield { meeting_id: 7, transcript: 'Hola\nAdiós', corrected: { urgency: true, lead_source: null } };
    }
    let text = '';
    for await (const line of exportForEval(reviewed())) text += line;
    expect(readLabelledMeetings(text, 'reviewed.jsonl')).toEqual([
      { id: '7', transcript: 'Hola\nAdiós', labels: { urgency: true, lead_source: null }, acceptable: {} },
    ]);
  });
});

describe('exportMeetings', () => {
  it('writes a byte order mark and semicolons for Excel (--excel)', async () => {
    const row = makeRow({ reviewed_fields: ['urgency'], confidence_by_field: { region: 0.5 } });
    const text = await write([row], 'csv', true);
    expect(text).toMatch(/^\uFEFFmeeting_id;client_name;/);
    const [record] = parse(text, { columns: true, delimiter: ';', bom: true }) as Record<string, string>[];
    expect(record).toMatchObject({ reviewed_fields: '["urgency"]', confidence_by_field: '{"region":0.5}' });
  });

  it('has a column for every value of a row', () => {
    expect([...exportColumns].sort()).toEqual(Object.keys(unclassified).sort());
  });

  it('writes dates as ISO 8601, lists as JSON and null as nothing in CSV', async () => {
    const text = await write(
      [makeRow({ categories: ['closed_won', 'sales_qualified'], urgency: false, confidence_score: 0.75 })],
      'csv',
    );
    const [record] = parse(text, { columns: true }) as Record<string, string>[];
    expect(record).toMatchObject({
      meeting_id: '1',
      client_email: '',
      meeting_at: '2024-03-01T03:00:00.000Z',
      closed: 'true',
      urgency: 'false',
      categories: '["closed_won","sales_qualified"]',
      confidence_score: '0.75',
    });
  });

  it.each(['=cmd|" /C calc"!A0', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '=HYPERLINK("http://example.com","x")'])(
    'keeps %j from being run as a formula (E12)',
    async (text) => {
      const csv = await write([makeRow({ client_name: text, transcript: text })], 'csv');
      const [record] = parse(csv, { columns: true }) as Record<string, string>[];
      expect(record).toMatchObject({ client_name: `'${text}`, transcript: `'${text}` });
      expect(JSON.parse(await write([makeRow({ client_name: text })], 'jsonl'))).toMatchObject({ client_name: text });
    },
  );

  it('writes CSV that reads back as the same text, for any text (E12)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string(), async (transcript, name) => {
        const csv = await write([makeRow({ transcript, client_name: name }), makeRow()], 'csv');
        const records = parse(csv, { columns: true }) as Record<string, string>[];
        const safe = (text: string) => (/^[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/.test(text) ? `'${text}` : text);
        expect(records).toHaveLength(2);
        expect(records[0]).toMatchObject({ transcript: safe(transcript), client_name: safe(name) });
      }),
      { numRuns: 300 },
    );
  });

  it('gives JSON and JSON lines that hold the same rows', async () => {
    const rows = [makeRow(), makeRow({ meeting_id: 2, key_topics: ['stock'], transcript: 'una\nlínea' })];
    const plain = JSON.parse(JSON.stringify(rows));
    expect(JSON.parse(await write(rows, 'json'))).toEqual(plain);
    expect(
      (await write(rows, 'jsonl'))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(plain);
  });

  it('gives a header, nothing, or an empty list for no meetings', async () => {
    expect(await write([], 'csv')).toBe(`${exportColumns.join(',')}\n`);
    expect(await write([], 'jsonl')).toBe('');
    expect(JSON.parse(await write([], 'json'))).toEqual([]);
  });

  it('asks for a row only when the one before was taken', async () => {
    let asked = 0;
    async function* stream() {
      for (;;) {
        asked += 1;
        yield makeRow();
      }
    }
    const pieces = exportMeetings(stream(), 'jsonl')[Symbol.asyncIterator]();
    await pieces.next();
    await pieces.next();
    expect(asked).toBe(2);
    await pieces.return?.();
  });
});
