import { expect, test } from 'vitest';
import { endpointOf } from '../../../../../../src/services/classification/model/providers/endpoint.ts';
import { mergeBody } from '../../../../../../src/services/classification/model/providers/extra-body.ts';
import { proxyFor } from '../../../../../../src/services/classification/model/providers/proxy.ts';

const settings = { httpsProxy: 'http://user:pass@tls-proxy:3128', httpProxy: 'proxy:8080', noProxy: null };

test.each([
  ['https://api.openai.com/v1', null, 'http://user:pass@tls-proxy:3128/'],
  ['http://gateway.example.com/v1', null, 'http://proxy:8080/'],
  ['https://api.openai.com/v1', 'openai.com', undefined],
  ['https://api.openai.com/v1', '.openai.com, other.com', undefined],
  ['https://api.openai.com/v1', 'notopenai.com', 'http://user:pass@tls-proxy:3128/'],
  ['http://10.0.0.7:8000/v1', '10.0.0.7:8000', undefined],
  ['http://10.0.0.7:8000/v1', '10.0.0.7:9', 'http://proxy:8080/'],
  ['https://api.openai.com/v1', '*', undefined],
  ['http://127.0.0.1:11434/v1', null, undefined],
  ['http://localhost:11434/v1', null, undefined],
])('%s with NO_PROXY %s (M10)', (url, noProxy, expected) => {
  expect(proxyFor(url, { ...settings, noProxy })?.href).toBe(expected);
});

test('a proxy that is not HTTP is refused where it is needed, without its password (M10)', () => {
  const socks = { ...settings, httpsProxy: 'socks5://user:pass@proxy:1080' };
  expect(() => proxyFor('https://api.openai.com/v1', socks)).toThrow(
    expect.objectContaining({ code: 'SETTINGS_INVALID', message: expect.not.stringContaining('pass@') }),
  );
  expect(proxyFor('http://localhost:1/v1', socks)).toBeUndefined();
});

test.each([
  ['https://h/v1', '/v1/messages', 'https://h/v1/messages'],
  ['https://h', '/v1/messages', 'https://h/v1/messages'],
  ['https://h/v1/', '/chat/completions', 'https://h/v1/chat/completions'],
  ['https://h/v1/chat/completions', '/chat/completions', 'https://h/v1/chat/completions'],
  ['https://h/p?api-version=1', '/chat/completions', 'https://h/p/chat/completions?api-version=1'],
])('%s and %s are called at %s (M10)', (base, path, expected) => {
  expect(endpointOf(base, path)).toBe(expected);
});

test('extra entries are merged into the request, and null takes one out (M12)', () => {
  const body = { model: 'm', temperature: 0, generationConfig: { maxOutputTokens: 9 } };
  const extra = {
    temperature: null,
    generationConfig: { thinkingConfig: { thinkingLevel: 'low' } },
    service_tier: 'flex',
  };
  expect(mergeBody(body, extra)).toEqual({
    model: 'm',
    generationConfig: { maxOutputTokens: 9, thinkingConfig: { thinkingLevel: 'low' } },
    service_tier: 'flex',
  });
});
