import { describe, expect, it } from 'vitest';
import { parseMeetingFilter } from '../../../src/models/meeting-filter.ts';

const fields = [
  { id: 'business_sector', type: 'enum', values: [{ id: 'retail' }, { id: 'healthcare' }] },
  { id: 'primary_pain_point', type: 'enum', values: [{ id: 'saturated_support' }] },
  { id: 'urgency', type: 'boolean', values: [] },
  { id: 'interaction_volume', type: 'quantity', values: [] },
] as const;
const nowMs = Date.parse('2026-05-10T00:00:00Z');
const read = (text: string) => parseMeetingFilter(text, { nowMs, fields });

describe('parseMeetingFilter', () => {
  it('reads every kind of term (N2)', () => {
    const text =
      'sector=retail,null primary_pain_point!="saturated support" urgency=sí interaction_volume=80/day seller="Camila Rojas" met>=90d closed=no needs_review!=no text="caja, chica" q=norte confidence<0.8 id=1,2';
    expect(read(text)).toEqual([
      { key: 'label', field: 'business_sector', isNot: false, values: ['retail', null] },
      { key: 'label', field: 'primary_pain_point', isNot: true, values: ['saturated_support'] },
      { key: 'label', field: 'urgency', isNot: false, values: ['true'] },
      { key: 'label', field: 'interaction_volume', isNot: false, values: ['80/day'] },
      { key: 'seller', isNot: false, values: ['Camila Rojas'] },
      { key: 'met', operator: '>=', at: '2026-02-09T00:00:00.000Z' },
      { key: 'closed', value: false },
      { key: 'needs_review', value: true },
      { key: 'text', isNot: false, piece: 'caja, chica' },
      { key: 'q', isNot: false, piece: 'norte' },
      { key: 'confidence', operator: '<', share: 0.8 },
      { key: 'id', isNot: false, values: [1, 2] },
    ]);
  });

  it.each([
    ['', /empty/],
    ['sectr=retail', /no "sectr".*Did you mean/],
    ['sector=retial', /no value "retial".*Did you mean "?retail/],
    ['closed=maybe', /yes or no/],
    ['urgency=soon', /true, false or null/],
    ['met=2026-01-01', /compared with </],
    ['met>=soon', /a time is a date/],
    ['confidence<80', /number from 0 to 1/],
    ['sector>retail', /compared with = or !=/],
    ['sector=retail,', /missing beside a comma/],
    ['id=0', /whole number/],
    ['closed = no', /without spaces/],
    ['seller="Ana', /quote is not closed/],
  ])('refuses %j and says what is expected (N2)', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
