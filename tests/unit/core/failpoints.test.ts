import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createFailpoints, parseFailpoints } from '../../../src/core/failpoints.ts';

describe('parseFailpoints', () => {
  it('reads places, actions, durations and passes', () => {
    expect(parseFailpoints('taken=kill@3, asked=pause:2000')).toEqual([
      { name: 'taken', action: 'kill', durationMs: 0, pass: 3 },
      { name: 'asked', action: 'pause', durationMs: 2_000, pass: null },
    ]);
    expect(parseFailpoints(null)).toEqual([]);
  });

  it.each(['taken', 'somewhere=kill', 'taken=explode', 'taken=kill@x', 'taken=pause:-1'])('refuses "%s"', (text) => {
    expect(() => parseFailpoints(text)).toThrow(`FAILPOINTS has "${text}"`);
  });

  it('gives failpoints or names what it was given, whatever that is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseFailpoints(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'SETTINGS_INVALID' });
        }
      }),
    );
  });
});

describe('createFailpoints', () => {
  const work = vi.fn(async (given: number) => given + 1);

  it('leaves work the function it was where nothing is to happen', () => {
    const failpoints = createFailpoints(parseFailpoints('asked=throw'));
    expect(failpoints.before('taken', work)).toBe(work);
    expect(failpoints.after('taken', work)).toBe(work);
    expect(failpoints.at('taken')).toBeUndefined();
  });

  it('throws after the work, at the pass it names and no other', async () => {
    const failing = createFailpoints(parseFailpoints('asked=throw@2')).after('asked', work);
    expect(await failing(1)).toBe(2);
    await expect(failing(2)).rejects.toThrow('"asked"');
    expect(await failing(3)).toBe(4);
    expect(work).toHaveBeenLastCalledWith(3);
  });

  it('throws before the work, which is then not done', async () => {
    work.mockClear();
    await expect(createFailpoints(parseFailpoints('asked=throw')).before('asked', work)(1)).rejects.toThrow('"asked"');
    expect(work).not.toHaveBeenCalled();
  });
});
