import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAddressedTo, readControlRequest } from '../../../../src/celery/control/control-request.ts';
import { decodeEnvelope } from '../../../../src/celery/protocol/envelope.ts';
import { readVectors } from '../../../helpers/celery-vectors.ts';

const request = (body: Record<string, unknown>) => {
  const read = readControlRequest({ method: 'ping', ...body }, {});
  if (!read) throw new Error('no request');
  return read;
};
const isMeant = (body: Record<string, unknown>) => isAddressedTo('worker@host', request(body));

describe('whom a request is for', () => {
  it.each([
    [{}, true],
    [{ destination: null }, true],
    [{ destination: [] }, true],
    [{ destination: ['worker@host'] }, true],
    [{ destination: 'worker@host' }, true],
    [{ destination: ['other@host'] }, false],
    [{ destination: ['other@host'], pattern: 'worker@*', matcher: 'glob' }, false],
    [{ pattern: 'worker@*', matcher: 'glob' }, true],
    [{ pattern: '*', matcher: 'glob' }, true],
    [{ pattern: 'worker', matcher: 'glob' }, false],
    [{ pattern: 'w?rker@[a-i]ost', matcher: 'glob' }, true],
    [{ pattern: '[!w]*', matcher: 'glob' }, false],
    [{ pattern: 'zzz*', matcher: 'glob' }, false],
    [{ pattern: 'w.*', matcher: 'glob' }, false],
    [{ pattern: '^worker.*', matcher: 'pcre' }, true],
    [{ pattern: 'host', matcher: 'pcre' }, false],
    [{ pattern: '(unclosed', matcher: 'pcre' }, false],
    [{ pattern: '(a+)+$', matcher: 'pcre' }, false],
    [{ pattern: 'worker@*', matcher: 'unheard-of' }, false],
    [{ pattern: 'worker@*' }, true],
  ])('%j: %s', (body, expected) => {
    expect(isMeant(body)).toBe(expected);
  });

  it('no pattern throws or takes long', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('glob', 'pcre'), (pattern, matcher) => {
        expect([true, false]).toContain(isMeant({ pattern, matcher }));
      }),
    );
  });
});

describe('reading a request', () => {
  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), (body, headers) => {
        const read = readControlRequest(body, headers);
        expect(read === undefined || typeof read.method === 'string').toBe(true);
      }),
    );
  });

  it('expects no answer where none is wanted', () => {
    expect(request({ ticket: 't', reply_to: null }).replyTo).toBeNull();
    expect(request({}).replyTo).toBeNull();
  });

  it('reads every captured request', () => {
    const requests = readVectors().filter(({ name }) => /^pidbox-.*-request$/.test(name));
    expect(requests.length).toBeGreaterThan(40);
    for (const { name, raw } of requests) {
      const { body, headers } = decodeEnvelope(raw);
      const read = readControlRequest(body, headers);
      expect(read, name).toMatchObject({ method: expect.stringMatching(/^[a-z_]+$/) });
      expect(read?.replyTo === null, name).toBe(name === 'pidbox-revoke-terminate-request');
    }
  });
});
