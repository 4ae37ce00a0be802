import { expect, it } from 'vitest';
import { withoutDirectionControls } from '../../../src/core/text-direction.ts';

it('controls that turn the direction of text are left out, all else stays (R9)', () => {
  expect(withoutDirectionControls('fac\u202egpj.exe \u2066a\u2069 ñ 😀 שלום')).toBe('facgpj.exe a ñ 😀 שלום');
});
