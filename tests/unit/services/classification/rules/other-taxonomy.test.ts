/** Another company's taxonomy needs no code. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadTaxonomy } from '../../../../../src/models/taxonomy.ts';
import type { Classification } from '../../../../../src/services/classification/classifier.ts';
import { createOfflineClassifier } from '../../../../../src/services/classification/rules/offline-classifier.ts';
import { describeClassifier } from '../../../../contract/classifier-suite.ts';

const taxonomy = loadTaxonomy(readFileSync('tests/fixtures/small-taxonomy.yaml', 'utf8'), 'small-taxonomy.yaml');
const classifier = createOfflineClassifier(taxonomy);

async function fieldsOf(transcript: string): Promise<Classification['fields']> {
  const signal = new AbortController().signal;
  return (await classifier.classify({ transcript, sellerPrompt: null, signal })).fields;
}

async function valuesOf(transcript: string): Promise<Record<string, unknown>> {
  const fields = await fieldsOf(transcript);
  return Object.fromEntries(Object.entries(fields).map(([id, { value }]) => [id, value]));
}

describeClassifier({ name: 'offline, with the taxonomy of a support call', taxonomy, create: () => classifier });

describe('a support call', () => {
  it('fills the fields of its own taxonomy', async () => {
    expect(
      await valuesOf(
        'Mi lavadora no enciende y está en garantía. Hay que cambiar la bomba. Hago unos dos mil lavados por semana.',
      ),
    ).toEqual({
      product: 'washer',
      broken: true,
      parts: ['bomba'],
      topics: ['warranty', 'repair'],
      uses: { count: 2000, period: 'week', approx: true },
    });
  });

  it('leaves null what was not said', async () => {
    expect(await valuesOf('It is not the oven, and the warranty is over.')).toEqual({
      product: null,
      broken: false,
      parts: null,
      topics: ['warranty'],
      uses: null,
    });
  });
});

describe('an answer on given ground', () => {
  it('is given with the quote of its basis, and not without the basis', async () => {
    const fields = await fieldsOf('The engineer says that it is old: replace the pump and the belt of it.');
    const ground = fields.parts?.evidence.slice(0, 1);
    expect(ground).toHaveLength(1);
    expect(fields.product).toMatchObject({ value: 'washer', evidence: ground });
    expect(await valuesOf('The engineer says that it is not old and that it is my fault.')).toMatchObject({
      product: null,
    });
  });
});

describe('the source of the classifier', () => {
  it('names no field and no value of a taxonomy', async () => {
    const source = ['text', 'text/layout', 'matching', 'rules']
      .map((name) => `src/services/classification/${name}`)
      .flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))
      .filter((path) => path.endsWith('.ts'))
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n');
    const sales = loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml');
    const names = sales.fields
      .flatMap((field) => [field.id, ...field.values.map((value) => value.id)])
      .filter((name) => name.includes('_'));
    for (const name of names) expect(source).not.toContain(name);
  });
});
