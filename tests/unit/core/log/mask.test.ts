import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskSecrets } from '../../../../src/core/log/mask.ts';

describe('maskSecrets', () => {
  it.each([
    ['redis://:pw@host:6379/0', 'redis://:***@host:6379/0'],
    ['connect to postgres://user:pw@db/x failed', 'connect to postgres://user:***@db/x failed'],
    ['redis://u:p@ss/w@rd@host', 'redis://u:***@host'],
    ['https://token@example.com/hook', 'https://***@example.com/hook'],
    ['postgresql+psycopg2://u:p@h/d', 'postgresql+psycopg2://u:***@h/d'],
    ['postgres://h/d?user=u&password=pw&sslmode=require', 'postgres://h/d?user=u&password=***&sslmode=require'],
    ['https://gw/v1?api-key=abc&api-version=2024-10-21', 'https://gw/v1?api-key=***&api-version=2024-10-21'],
    ['https://gw/v1?key=abc#de', 'https://gw/v1?key=***'],
    ['https://gw/v1?Authorization=abc&sig=d%20e', 'https://gw/v1?Authorization=***&sig=***'],
    ['https://api/v1?api_key=abc', 'https://api/v1?api_key=***'],
    ['host=db password=pw user=u', 'host=db password=*** user=u'],
    ['Authorization: Bearer abcdefgh.ijkl', 'Authorization: Bearer ***'],
    ['Incorrect API key provided: sk-proj-12345678', 'Incorrect API key provided: ***'],
  ])('makes of "%s"', (text, masked) => {
    expect(maskSecrets(text)).toBe(masked);
  });

  it.each([
    ['Redis at redis://host:6379/0 refused the user or password of REDIS_URL. Correct it.'],
    ['write to ana@example.com about task-12345678'],
    ['wrong password: three tries'],
    ['basic plan'],
  ])('leaves "%s" as it is', (text) => {
    expect(maskSecrets(text)).toBe(text);
  });

  it('hides whatever password stands in an address, wherever that stands', () => {
    const password = fc.stringMatching(/^Zq[!#-&(-;=?-~]{8,60}$/);
    const around = fc.stringMatching(/^[a-z .,:'"]{0,40}$/);
    fc.assert(
      fc.property(password, around, around, (word, before, after) => {
        expect(maskSecrets(`${before} redis://u:${word}@host/0 ${after}`)).not.toContain(word);
      }),
    );
  });
});
