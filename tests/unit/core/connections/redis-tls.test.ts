import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isUncheckedTls, redisTlsOf } from '../../../../src/core/connections/redis-tls.ts';

const folder = mkdtempSync(join(tmpdir(), 'redis-tls-'));
const file = join(folder, 'ca.pem');
writeFileSync(file, 'the authority');
afterAll(() => rmSync(folder, { recursive: true }));

describe('the address of a Redis with TLS', () => {
  it.each([
    ['redis://10.0.0.1:6379/0', undefined],
    ['rediss://10.0.0.1:6379/0', {}],
    ['rediss://cache.example.com/0', { servername: 'cache.example.com' }],
    ['rediss://10.0.0.1/0?ssl_cert_reqs=CERT_NONE', { rejectUnauthorized: false }],
    ['rediss://10.0.0.1/0?ssl_cert_reqs=none', { rejectUnauthorized: false }],
    ['rediss://10.0.0.1/0?ssl_cert_reqs=CERT_REQUIRED', {}],
    ['rediss://10.0.0.1/0?ssl_cert_reqs=optional', {}],
    [`rediss://10.0.0.1/0?ssl_cert_reqs=required&ssl_ca_certs=${file}`, { ca: 'the authority' }],
    [`rediss://10.0.0.1/0?ssl_certfile=${file}&ssl_keyfile=${file}`, { cert: 'the authority', key: 'the authority' }],
  ] as const)('%s means what it means in Celery: %j (O12)', (url, options) => {
    expect(redisTlsOf(url)).toEqual(options);
  });

  it('may leave the host name unchecked, and is known where nothing is checked (O12)', () => {
    expect(redisTlsOf('rediss://10.0.0.1?ssl_check_hostname=false')).toHaveProperty('checkServerIdentity');
    expect(isUncheckedTls('rediss://10.0.0.1?ssl_cert_reqs=CERT_NONE')).toBe(true);
    expect(isUncheckedTls('rediss://10.0.0.1')).toBe(false);
    expect(isUncheckedTls('redis://10.0.0.1?ssl_cert_reqs=CERT_NONE')).toBe(false);
  });

  it.each([
    ['rediss://h?ssl_cert_reqs=maybe', 'must be required, optional or none, got "maybe"'],
    ['rediss://h?ssl_ca_certs=/nowhere/ca.pem', '/nowhere/ca.pem that ssl_ca_certs in the address of Redis names'],
  ])('%s is refused with one sentence (O12)', (url, words) => {
    expect(() => redisTlsOf(url)).toThrow(
      expect.objectContaining({ code: 'REDIS_REFUSED', message: expect.stringContaining(words) }),
    );
  });
});
