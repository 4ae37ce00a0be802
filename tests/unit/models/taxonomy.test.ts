import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../../src/core/errors.ts';
import { checkTaxonomy, loadTaxonomy } from '../../../src/models/taxonomy.ts';
import { taxonomyFileShape } from '../../../src/models/taxonomy-file.ts';

const small = readFileSync('tests/fixtures/small-taxonomy.yaml', 'utf8');
const sales = readFileSync('taxonomies/sales-meeting.yaml', 'utf8');

/** The small taxonomy with one passage changed; the passage must be there. */
function changed(from: string, to: string): string {
  expect(small).toContain(from);
  return small.replace(from, to);
}

function lineOf(text: string, passage: string): number {
  return text.slice(0, text.indexOf(passage)).split('\n').length;
}

describe('loadTaxonomy', () => {
  it('reads the taxonomy that the product ships', () => {
    const taxonomy = loadTaxonomy(sales, 'sales-meeting.yaml');
    expect(taxonomy.id).toBe('sales-meeting');
    expect(taxonomy.fields.map((field) => field.id)).toContain('interaction_volume');
    const sector = taxonomy.fields.find((field) => field.id === 'business_sector');
    expect(sector?.values).toHaveLength(27);
    expect(sector?.values.filter((value) => value.isExtension).map((value) => value.id)).toEqual([
      'professional_services',
      'events',
    ]);
    expect(taxonomy.fields.find((field) => field.id === 'sentiment')?.storedDefault).toBe('neutral');
    expect(
      taxonomy.fields
        .filter((field) => field.quoteOptional)
        .map((field) => field.id)
        .sort(),
    ).toEqual(['language', 'sentiment', 'urgency', 'use_case']);
  });

  it('versions a file by its content', () => {
    const [one, same, other] = [small, small, `${small}\n# more`].map((text) => loadTaxonomy(text, 'a.yaml').version);
    expect(one).toBe(same);
    expect(one).not.toBe(other);
    expect(one).toMatch(/^support-call-[0-9a-f]{10}$/);
  });

  it('throws one error that names the file and every fault', () => {
    const text = changed('type: boolean', 'type: maybe').replace('id: product', 'id: Product!');
    const load = (): unknown => loadTaxonomy(text, 'mine.yaml');
    expect(load).toThrow(AppError);
    expect(load).toThrow(/mine\.yaml is not a usable taxonomy: 2 faults/);
    expect(load).toThrow(new RegExp(`mine\\.yaml:${lineOf(text, 'id: Product!')}:`));
    expect(load).toThrow(new RegExp(`mine\\.yaml:${lineOf(text, 'type: maybe')}:`));
  });
});

describe('checkTaxonomy', () => {
  it('finds nothing wrong with a good file', () => {
    expect(checkTaxonomy(small)).toEqual([]);
    expect(checkTaxonomy(sales)).toEqual([]);
  });

  it.each([
    ['an unknown key', 'content_words: 3', 'content_words: 3\n  colour: red', 'colour: red', /not a known key/],
    ['a type that does not exist', 'type: phrases', 'type: poem', 'type: poem', /enum/],
    [
      'a value that appears twice',
      '{ id: oven,',
      '{ id: washer,',
      '{ id: washer, labels: { es: Horno',
      /"washer" appears twice/,
    ],
    [
      'a default that is no value',
      'stored_default: false',
      'stored_default: perhaps',
      'stored_default: perhaps',
      /"perhaps" is no value/,
    ],
    [
      'an answer without a quote where quotes are required',
      'quote: optional',
      'quote: required',
      "otherwise: 'false'",
      /needs quote: optional/,
    ],
    [
      'a ground that is no field',
      'given: { parts: [] }',
      'given: { nobody: [] }',
      'nobody: [] }',
      /"nobody" is no field/,
    ],
    [
      'a ground that is no value',
      'given: { parts: [] }',
      'given: { broken: [perhaps] }',
      'broken: [perhaps] }',
      /"perhaps" is no value of "broken"/,
    ],
    ['a word list that does not exist', "'(garantia|warranty)'", "'@nothing'", '@nothing', /word list "@nothing"/],
    ['a bracket that nothing closes', "'(garantia|warranty)'", "'(garantia'", "'(garantia'", /nothing closes/],
    ['a gap that is too long', "'(garantia|warranty)'", "'garantia ~40 plazo'", '~40', /a gap is ~1 to ~12/],
    [
      'a field to follow that does not exist',
      'follows: parts',
      'follows: nobody',
      'follows: nobody',
      /"nobody" is no phrases field/,
    ],
    [
      'a quantity without units',
      "quantity: { units: { any: ['(lavados|washes)'] } }",
      'examples: [x]',
      'type: quantity',
      /needs the key quantity/,
    ],
    [
      'a curve that falls',
      'classes:',
      'calibration:\n  enum: [[0.5, 0.9], [0.8, 0.7]]\nclasses:',
      'enum: [[',
      /must rise/,
    ],
  ])('names the line of %s', (_, from, to, at, message) => {
    const text = changed(from, to);
    const faults = checkTaxonomy(text);
    expect(faults.length).toBeGreaterThan(0);
    expect(faults[0]?.line).toBe(lineOf(text, at));
    expect(faults.map((fault) => fault.message).join()).toMatch(message);
  });

  it('names the line where the file is no YAML at all', () => {
    const faults = checkTaxonomy(`${small}\n  - [unclosed`);
    expect(faults[0]?.message).toMatch(/^YAML: /);
    expect(faults[0]?.line).toBeGreaterThan(small.split('\n').length - 2);
  });

  it('survives a file of aliases without end', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghi'
        .split('')
        .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`),
    ];
    expect(checkTaxonomy(bomb.join('\n')).length).toBeGreaterThan(0);
  });

  it('answers for any text, with lines that exist', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.nat(small.length), (noise, at) => {
        const text = small.slice(0, at) + noise + small.slice(at);
        const lines = text.split(/\r\n|\r|\n/).length;
        for (const fault of checkTaxonomy(text)) {
          expect(fault.line).toBeGreaterThanOrEqual(1);
          expect(fault.line).toBeLessThanOrEqual(lines);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('taxonomies/taxonomy.schema.json', () => {
  it('is the shape that the loader checks', () => {
    const made = z.toJSONSchema(taxonomyFileShape, { io: 'input', unrepresentable: 'any' });
    expect(JSON.parse(readFileSync('taxonomies/taxonomy.schema.json', 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(made)),
    );
  });
});
