import { describe, expect, test } from 'vitest';
import { findLayout } from '../../../../../../src/services/classification/text/layout/find-layout.ts';

/** Speaker, clock in seconds and words of each turn. */
function read(text: string): string[] | null {
  const layout = findLayout(text);
  if (layout === null) return null;
  return layout.turns.map(({ speaker, hint, startMs }, index) => {
    const own = layout.passages.filter(({ turn }) => turn === index).map(({ from, to }) => text.slice(from, to));
    const about = [speaker, hint, startMs === undefined ? '' : String(startMs / 1000)].join('|');
    return `${about}: ${own.join(' / ')}`;
  });
}

const talk = 'Hola.\n\nLuis 0:09\nSí, dígame.\n\nAna 0:12\nGracias.';

describe('the layout of a transcript', () => {
  test.each([
    ['clocks beside names', `Ana 0:02\n${talk}`, ['Ana||2: Hola.', 'Luis||9: Sí, dígame.', 'Ana||12: Gracias.']],
    [
      'a role in brackets',
      'Ana (Ventas): Hola.\nLuis (Cliente): Sí.\nAna (Ventas): Ya.',
      ['Ana|Ventas|: Hola.', 'Luis|Cliente|: Sí.', 'Ana|Ventas|: Ya.'],
    ],
    [
      'cues that part a sentence',
      '1\n00:00:01,000 --> 00:00:02,000\nAna: Son las\n\n2\n00:00:02,000 --> 00:00:03,000\ndoce y media.\n\n3\n00:00:04,000 --> 00:00:05,000\nLuis: Sí.',
      ['Ana||1: Son las / doce y media.', 'Luis||4: Sí.'],
    ],
    [
      'a notice of a messenger',
      '12/8/24 10:29 - Ana te añadió\n12/8/24 10:30 - Ana: Hola.\n12/8/24 10:31 - Luis: Sí.\n12/8/24 10:32 - Ana: Ya.',
      ['Ana||37800: Hola.', 'Luis||37860: Sí.', 'Ana||37920: Ya.'],
    ],
    [
      'the number of a contact without a name',
      '[12/8/24, 10:30:05] +56 9 5555 0100: Hola.\n[12/8/24, 10:31:05] Ana: Sí.\n[12/8/24, 10:32:05] +56 9 5555 0100: Ya.',
      ['+56 9 5555 0100||37805: Hola.', 'Ana||37865: Sí.', '+56 9 5555 0100||37925: Ya.'],
    ],
    [
      'cues without speakers',
      'WEBVTT\n\n00:01.000 --> 00:02.000\nHola.\n\n00:02.000 --> 00:03.000\nSí.',
      ['||1: Hola.', '||2: Sí.'],
    ],
    ['JSON with written line ends', '{"text": "Hola.\\nSí.", "n": 1}', []],
    [
      'milliseconds in JSON',
      '[{"speaker": "A", "text": "Hola.", "start": 2500}, {"speaker": "B", "text": "Sí.", "start": 9000}]',
      ['A||2.5: Hola.', 'B||9: Sí.'],
    ],
    [
      'nested speakers in JSON',
      '{"x": [{"speaker": {"name": "Ana"}, "content": "Hola.", "start": 2.5}]}',
      ['Ana||2.5: Hola.'],
    ],
  ])('has %s', (_what, text, expected) => expect(read(text)).toEqual(expected));

  test.each([
    ['prose', 'Nos escriben a las 10:30 y a las 11:45. Es mucho: no damos abasto.'],
    ['prose of several lines', 'Somos una clínica.\nNos escriben 80 al día.\nQueremos una demo.'],
    ['plain labels, which words show', 'Ana: Hola.\nLuis: Sí.\nAna: Ya.'],
    ['dashes, which words show', '- Hola.\n- ¿Sí?\n- Ya.'],
    ['JSON that is cut', '{"utterances": [{"speaker": "Ana", "text": "Hola'],
    ['nothing', ''],
    ['deep JSON', '['.repeat(5_000)],
  ])('is not found in %s', (_what, text) => expect(findLayout(text)).toBeNull());

  test('takes time linear in the length of a text', () => {
    for (const piece of [
      'a',
      '[',
      '(',
      ' ',
      '0:',
      '**',
      'Ana:',
      'a\n',
      '1:23 ',
      '-- ',
      '\n\n',
      '<v ',
      '"',
      'a - ',
      '\\n',
    ]) {
      const text = piece.repeat(Math.ceil(20_000 / piece.length));
      expect(findLayout(`Ana 0:02\n${talk}\n${text}`)?.passages.at(-1)?.to ?? 0).toBeLessThanOrEqual(text.length + 100);
    }
  });
});
