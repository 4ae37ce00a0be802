/** One call gives the same labels in every layout of recorders and messengers. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadTaxonomy } from '../../../../../src/models/taxonomy.ts';
import type { Classification } from '../../../../../src/services/classification/classifier.ts';
import { createOfflineClassifier } from '../../../../../src/services/classification/rules/offline-classifier.ts';
import {
  type Call,
  type CallTurn,
  englishCall,
  layouts,
  spanishCall,
  writeCall,
} from '../../../../helpers/transcript-layouts.ts';

const taxonomy = loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml');
const classifier = createOfflineClassifier(taxonomy);
const { signal } = new AbortController();
const folder = 'tests/fixtures/layouts';
const names = Object.keys(layouts);

function classify(transcript: string): Promise<Classification> {
  return classifier.classify({ transcript, sellerPrompt: null, signal });
}

function valuesOf({ fields }: Classification): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([id, { value }]) => [id, value]));
}

describe('a call in the layouts of the fixtures', () => {
  const { expected } = JSON.parse(readFileSync(`${folder}/expected.json`, 'utf8')) as {
    readonly expected: Record<string, unknown>;
  };
  /** Whisper's segments name no speaker. */
  const nameless = '30.json';
  const files = readdirSync(folder).filter((file) => file !== 'expected.json');

  test.each(files.filter((file) => file !== nameless))('%s gives the expected labels', async (file) => {
    const answer = await classify(readFileSync(`${folder}/${file}`, 'utf8'));
    expect(valuesOf(answer)).toMatchObject(expected);
    expect(answer.needsReview).toBe(false);
  });

  test('segments without speakers are for review, with no label above 0.6', async () => {
    const answer = await classify(readFileSync(`${folder}/${nameless}`, 'utf8'));
    expect(answer).toMatchObject({ needsReview: true, reviewReason: 'speakers_unknown' });
    for (const { confidence } of Object.values(answer.fields)) expect(confidence).toBeLessThanOrEqual(0.6);
  });

  test('there are 24 of them', () => expect(files).toHaveLength(24));
});

describe.each([
  ['Spanish', spanishCall],
  ['English', englishCall],
])('a %s call', (_language, call) => {
  test.each(names)('gives the same labels as "%s"', async (layout) => {
    const answer = await classify(writeCall(call, layout));
    expect(valuesOf(answer)).toEqual(valuesOf(await classify(writeCall(call, 'name: text'))));
    expect(answer.reviewReason).toBeUndefined();
  });

  test('counts nothing of what the seller says of others', async () => {
    const { fields } = await classify(writeCall(call, 'name: text'));
    expect(fields).toMatchObject({
      business_sector: { value: 'healthcare' },
      company_size: { value: 'small' },
      region: { value: 'latam_south' },
      urgency: { value: false },
      interaction_volume: { value: { count: call === spanishCall ? 120 : 90 } },
    });
  });
});

describe('any call in any layout', () => {
  const sellers = [
    'Trabajamos con tiendas en México que tienen 800 empleados y 3000 consultas diarias.',
    '¿Son una clínica con cincuenta personas?',
    '¿Cuántos mensajes reciben al día?',
    'Es urgente para un banco de Madrid que atiende 5000 llamadas por semana.',
    'Se integra con HubSpot, Zendesk y Shopify.',
    'So you are a retail chain with 300 stores, right?',
    'We help insurers in Texas with 4000 calls a month.',
  ];
  const clients = [
    'Sí, exacto.',
    'No, para nada.',
    'Yes, that is right.',
    'Somos un colegio en Lima con cuarenta profesores.',
    'Recibimos 120 mensajes por día y no damos abasto.',
    'Necesitamos algo que se integre con Salesforce.',
    'We need it as soon as possible.',
    'A friend recommended you.',
  ];
  const turn = fc.oneof(
    fc.record({ speaker: fc.constant('seller' as const), text: fc.constantFrom(...sellers) }),
    fc.record({ speaker: fc.constant('client' as const), text: fc.constantFrom(...clients) }),
  );
  const confirmation = /^(?:Sí|Yes)/;
  /** Cuts turns in two, so that they cannot be found in the text. */
  const cutting = 'SRT in halves';
  const calls = fc.record({
    call: fc.constantFrom(spanishCall, englishCall),
    turns: fc.array(turn, { maxLength: 8 }),
    layout: fc.constantFrom(...names.filter((name) => name !== cutting)),
  });

  /** Where the turns lie in the text, in order. */
  function locate(text: string, turns: readonly CallTurn[]): { readonly from: number; readonly to: number }[] {
    let at = text.startsWith('{"text"') || text.startsWith('{"results"') ? text.indexOf('"utterances"') : 0;
    return turns.map((each) => {
      const from = text.indexOf(each.text, at);
      at = from + each.text.length;
      return { from, to: at };
    });
  }

  test('has its quotes in the text, and none of the seller that the client did not confirm', async () => {
    await fc.assert(
      fc.asyncProperty(calls, async ({ call, turns: more, layout }) => {
        // Each speaks twice: a name that occurs once in small letters is no speaker.
        const turns = [...call.turns.slice(0, 5), ...more];
        const text = writeCall({ ...call, turns } satisfies Call, layout);
        const answer = await classify(text);
        const places = locate(text, turns);
        for (const { quote, start, end } of Object.values(answer.fields).flatMap(({ evidence }) => evidence)) {
          expect(text.slice(start, end)).toBe(quote);
          const index = places.findIndex(({ from, to }) => start >= from && end <= to);
          expect(index, `${layout}: ${quote}`).toBeGreaterThanOrEqual(0);
          const next = turns.slice(index + 1).find(({ speaker }) => speaker === 'client');
          const isConfirmed = confirmation.test(next?.text ?? '');
          expect(turns[index]?.speaker === 'client' || isConfirmed, `${layout}: ${quote} in ${text}`).toBe(true);
        }
      }),
      { numRuns: 10_000, seed: 18 },
    );
  }, 120_000);

  test('has its quotes at their offsets in text of any characters', async () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom(
        '\n',
        '\\n',
        '[00:12] ',
        'Ana: ',
        '<v Ana>',
        '**',
        ' | ',
        '{"text": "',
        '"}',
        '00:00:01.000 --> 00:00:02.000\n',
        'recibimos 90 mensajes por día',
        'somos una clínica',
        '\t',
        ' > ',
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
        const text = pieces.join('');
        const { fields } = await classify(text);
        for (const { quote, start, end } of Object.values(fields).flatMap(({ evidence }) => evidence))
          expect(text.slice(start, end)).toBe(quote);
      }),
      { numRuns: 2_000, seed: 18 },
    );
  }, 120_000);
});
