import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isRut } from '../../../../../src/services/classification/model/personal-numbers.ts';
import { createRedactor } from '../../../../../src/services/classification/model/redact.ts';

const hide = (text: string) => createRedactor([text]).hide(text);

describe('what is masked', () => {
  test.each([
    ['Escríbeme a maria.perez+ventas@clinica-sur.cl, gracias', 'Escríbeme a [EMAIL_1], gracias'],
    ['Mi número es +56 9 8765 4321.', 'Mi número es [PHONE_1].'],
    ['Llama al (555) 123-4567 o al 987654321', 'Llama al [PHONE_1] o al [PHONE_2]'],
    ['Tarjeta 4111 1111 1111 1111 vence en mayo', 'Tarjeta [CARD_1] vence en mayo'],
    ['RUT 12.345.678-5, o 12345678-5', 'RUT [ID_1], o [ID_2]'],
    ['RUT 20.347.878-K', 'RUT [ID_1]'],
    ['mi celular es 9 8765 4321 y la oficina 2 2345 6789', 'mi celular es [PHONE_1] y la oficina [PHONE_2]'],
    ['móvil 612 345 678, fijo 91 234 56 78', 'móvil [PHONE_1], fijo [PHONE_2]'],
    ['Llámame al 55 1234 5678 o al 300 123 4567', 'Llámame al [PHONE_1] o al [PHONE_2]'],
    ['call me at 415-555-2671 or 1 415 555 2671', 'call me at [PHONE_1] or [PHONE_2]'],
    ['my mobile is 07700 900123', 'my mobile is [PHONE_1]'],
    ['56987654321 es el WhatsApp', '[PHONE_1] es el WhatsApp'],
    ['fono 2345678 anexo 12', 'fono [PHONE_1] anexo 12'],
    ['card 3782 822463 10005', 'card [CARD_1]'],
    ['DNI 12345678Z y NIE X1234567L', 'DNI [ID_1] y NIE [ID_2]'],
    ['mi RUT es 123456785', 'mi RUT es [ID_1]'],
    ['DNI 12.345.678', 'DNI [ID_1]'],
    ['CUIT 20-12345678-6', 'CUIT [ID_1]'],
    ['SSN 123-45-6789', 'SSN [ID_1]'],
    ['somos 12 y mi fono es 9 8765 4321', 'somos 12 y mi fono es [PHONE_1]'],
    ['a@b.cl y otra vez a@b.cl', '[EMAIL_1] y otra vez [EMAIL_1]'],
  ])('%s', (text, expected) => {
    expect(hide(text)).toBe(expected);
  });

  test.each([
    'Recibimos 300 mensajes diarios y 1.500 al mes',
    'Facturamos 12.500.000 pesos, de 2.000.000-3.000.000',
    'El 2024-01-20 a las 10:30, o el 20/01/2024',
    'Entre 2019-2024 crecimos 45%',
    'Cuesta $ 12990000 al año',
    'el correo @vambe o soporte@ sin dominio',
    'Movemos 20 000 000 de pesos y 12 500 000 más',
    'Pasamos de 100 200 300 a 400 500 600 unidades',
    'Tuvimos 10 20 30 40 50 60 llamadas por semana',
    'Los años 2021 2022 2023 2024 fueron buenos',
    'El pedido 4111111111111112 no llegó',
    'La serie 00012345 y el folio 20240115001',
    'Recibimos 300 400 5000 mensajes',
    'por WhatsApp recibimos 1 200 000 mensajes',
    'USD 9 8765 4321 de presupuesto',
  ])('and what is not: %s', (text) => {
    expect(hide(text)).toBe(text);
  });
});

test('a RUT is known by its check digit', () => {
  expect(['12.345.678-5', '12345678-5', '123456785', '20.347.878-k'].map(isRut)).toEqual([true, true, true, true]);
  expect(['12.345.678-6', '1.2.3-4', '', '20.347.878-1'].map(isRut)).toEqual([false, false, false, false]);
});

test('words that look like a placeholder stay what they are', () => {
  const text = 'La plantilla dice [EMAIL_1] y el correo es a@b.cl';
  const redactor = createRedactor([text]);
  expect(redactor.hide(text)).toBe('La plantilla dice [EMAIL_1] y el correo es [EMAIL_2]');
  expect(redactor.show(redactor.hide(text))).toBe(text);
});

test('restores the same text from any text', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.emailAddress(),
    fc.stringMatching(/^\+?[0-9][0-9 .()-]{0,20}[0-9kK]$/),
    fc.constantFrom('[EMAIL_1]', '[PHONE_2]', '12.345.678-5', '@', ' '),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join(' ');
      const redactor = createRedactor([text]);
      expect(redactor.show(redactor.hide(text))).toBe(text);
    }),
    { numRuns: 5_000 },
  );
});
