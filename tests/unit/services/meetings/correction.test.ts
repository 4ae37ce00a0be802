import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { AppError } from '../../../../src/core/errors.ts';
import { type CorrectableField, parseCorrection } from '../../../../src/services/meetings/correction.ts';

const ids = (...values: string[]) => values.map((id) => ({ id }));
const fields: readonly CorrectableField[] = [
  { id: 'business_sector', type: 'enum', values: ids('retail', 'ecommerce', 'real_estate'), periods: [] },
  { id: 'urgency', type: 'boolean', values: [], periods: [] },
  { id: 'categories', type: 'list', values: ids('closed_won', 'closed_lost', 'competitor_mention'), periods: [] },
  { id: 'integrations_mentioned', type: 'phrases', values: [], periods: [] },
  { id: 'interaction_volume', type: 'quantity', values: [], periods: ['hour', 'day', 'week'] },
];

describe('parseCorrection', () => {
  it.each([
    ['business_sector=retail', 'business_sector', 'retail'],
    [' Business_Sector = Real Estate ', 'business_sector', 'real_estate'],
    ['business_sector=null', 'business_sector', null],
    ['urgency=true', 'urgency', true],
    ['urgency=No', 'urgency', false],
    ['urgency=NULL', 'urgency', null],
    ['categories=closed_won', 'categories', ['closed_won']],
    ['categories=closed_won, competitor-mention,closed_won', 'categories', ['closed_won', 'competitor_mention']],
    ['categories=', 'categories', []],
    ['categories=null', 'categories', null],
    [
      'integrations_mentioned=sap business one, crm = propio',
      'integrations_mentioned',
      ['sap business one', 'crm = propio'],
    ],
    ['interaction_volume=80/day', 'interaction_volume', { count: 80, period: 'day', approx: false }],
    ['interaction_volume=~ 1200 / week', 'interaction_volume', { count: 1200, period: 'week', approx: true }],
  ])('reads %j', (text, field, value) => {
    expect(parseCorrection(text, fields)).toEqual({ field, value });
  });

  it.each([
    ['urgency', /is field=value, such as urgency=true, got "urgency"/],
    ['urgencia=true', /no field "urgencia"\. Did you mean "urgency"\? Fields: business_sector/],
    ['colour=red', /no field "colour"\. Fields:/],
    ['=x', /no field ""/],
    ['business_sector=', /lacks a value. Say business_sector=null/],
    [
      'business_sector=retial',
      /no value "retial"\. Did you mean "retail"\? Values: retail, ecommerce, real_estate, null/,
    ],
    ['business_sector=retail,ecommerce', /no value "retail,ecommerce"/],
    ['categories=closed_won,close_lost', /no value "close_lost"\. Did you mean "closed_lost"\?/],
    ['urgency=maybe', /must be true, false or null, got "maybe"/],
    ['interaction_volume=eighty', /count per period such as 80\/day/],
    ['interaction_volume=80/dya', /no value "dya"\. Did you mean "day"\?/],
    ['interaction_volume=-80/day', /count per period/],
  ])('refuses %j with what was expected', (text, message) => {
    expect(() => parseCorrection(text, fields)).toThrow(message);
    expect(() => parseCorrection(text, fields)).toThrow(expect.objectContaining({ code: 'USAGE', exitCode: 2 }));
  });

  it('takes every field and value of the taxonomy that comes with the product', () => {
    const file = new URL('../../../../taxonomies/sales-meeting.yaml', import.meta.url);
    const taxonomy: { fields: { id: string; type: CorrectableField['type']; values?: { id: string }[] }[] } = parse(
      readFileSync(file, 'utf8'),
    );
    const ours = taxonomy.fields.map(({ id, type, values = [] }) => ({ id, type, values, periods: [] }));
    expect(ours.length).toBeGreaterThan(10);
    for (const { id, type, values } of ours) {
      expect(parseCorrection(`${id}=null`, ours)).toEqual({ field: id, value: null });
      const all = values.map((value) => value.id);
      for (const value of type === 'enum' ? all : []) {
        expect(parseCorrection(`${id}=${value}`, ours)).toEqual({ field: id, value });
      }
      if (type === 'list') expect(parseCorrection(`${id}=${all.join(',')}`, ours).value).toEqual(all);
    }
  });

  it('throws nothing but USAGE, whatever is typed', () => {
    const typed = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.constantFrom(...fields.map(({ id }) => id)), fc.string({ unit: 'binary' }))
        .map((pair) => pair.join('=')),
    );
    fc.assert(
      fc.property(typed, (text) => {
        try {
          parseCorrection(text, fields);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect(error).toMatchObject({ code: 'USAGE' });
        }
      }),
    );
  });
});
