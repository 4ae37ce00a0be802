import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadTaxonomy } from '../../../../../src/models/taxonomy.ts';
import { createProgram } from '../../../../../src/services/classification/rules/program.ts';
import { readTranscript } from '../../../../../src/services/classification/rules/reading.ts';

const program = createProgram(
  loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml'),
);

function read(text: string): { readonly measure: string; readonly roles: Record<string, string> } {
  const { roles, turns } = readTranscript(program, text, [{ start: 0, end: text.length }]);
  return { measure: roles, roles: Object.fromEntries(turns.map(({ label, role }) => [label, role])) };
}

test.each([
  [
    'a role in brackets',
    'Ana (Vendedora) 0:01\nHola.\n\nLuis 0:05\nSí.\n\nAna 0:09\nYa.',
    { ana: 'seller', luis: 'client' },
  ],
  [
    'the firm of a seller',
    'Ana (Vambe) 0:01\nHola.\n\nLuis (Sur) 0:05\nSí.\n\nEva (Vambe) 0:09\nYa.\n\nLuis (Sur) 0:12\nBien.\n\nEva (Vambe) 0:15\nAdiós.',
    { ana: 'seller', luis: 'client', eva: 'seller' },
  ],
  [
    'the mail domain of a seller',
    'ana@vambe.example.com: Hola.\nluis@sur.example.com: Sí.\nana@vambe.example.com: Ya.\nluis@sur.example.com: Bien.',
    { 'ana@vambe.example.com': 'seller', 'luis@sur.example.com': 'client' },
  ],
  [
    'who asks',
    'A: ¿Cómo nos conocieron?\nB: Por un amigo.\nA: ¿Y cuántos son?\nB: Doce.',
    { a: 'seller', b: 'client' },
  ],
  [
    'what only clients say',
    'A: Hola.\nB: Somos una clínica. Recibimos muchos mensajes.\nA: Ya.\nB: Bien.',
    { a: 'seller', b: 'client' },
  ],
])('%s tells the seller', (_sign, text, expected) => {
  expect(read(text)).toEqual({ measure: 'told', roles: expected });
});

test.each([
  ['a dialogue without signs', 'A: ¿Qué tal?\nB: Bien, ¿y tú?\nA: Bien.\nB: Ya.', 'untold'],
  ['the head of a letter', 'De: Ana\nPara: Luis\nAsunto: Hola\n\nSomos una clínica y nos gustaría una demo.', 'told'],
  ['a text of one person', 'Somos una clínica y nos gustaría una demo.', 'monologue'],
])('%s', (_what, text, measure) => expect(read(text).measure).toBe(measure));
