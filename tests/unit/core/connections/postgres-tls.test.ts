import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readPostgresTls } from '../../../../src/core/connections/postgres-tls.ts';

const folder = mkdtempSync(join(tmpdir(), 'tls-'));
const root = join(folder, 'ca.pem');
writeFileSync(root, 'the authority');
afterAll(() => rmSync(folder, { recursive: true }));

const read = (query: string) => readPostgresTls(`postgres://u:p@db:5432/vambe${query}`);

describe('sslmode', () => {
  it.each([
    ['', false],
    ['?sslmode=disable', false],
    ['?ssl=false', false],
    ['?sslmode=require', { rejectUnauthorized: false }],
    ['?sslmode=no-verify', { rejectUnauthorized: false }],
    ['?ssl=true', { rejectUnauthorized: false }],
    ['?sslmode=verify-full', {}],
    [`?sslmode=verify-full&sslrootcert=${root}`, { ca: 'the authority' }],
    ['?sslmode=verify-full&sslrootcert=system', {}],
    ['?sslmode=require&uselibpqcompat=true', { rejectUnauthorized: false }],
  ] as const)('%s gives %j, as libpq reads it (O2)', (query, ssl) => {
    expect(read(query)).toEqual({ url: 'postgres://u:p@db:5432/vambe', ssl, mayBePlain: false });
  });

  it.each(['prefer', 'allow'])('%s takes TLS without a check, or none (O2)', (mode) => {
    expect(read(`?sslmode=${mode}`)).toMatchObject({ ssl: { rejectUnauthorized: false }, mayBePlain: true });
  });

  it('verify-ca and require with a root check the chain and no host name (O2)', () => {
    for (const query of ['?sslmode=verify-ca', `?sslmode=require&sslrootcert=${root}`]) {
      const ssl = read(query).ssl || {};
      expect(ssl.rejectUnauthorized).toBeUndefined();
      expect(ssl.checkServerIdentity?.('other', {} as never)).toBeUndefined();
      expect('checkServerIdentity' in ssl).toBe(true);
    }
  });

  it('leaves every other parameter as it is (O2)', () => {
    const { url } = readPostgresTls('postgresql://u@/db?host=%2Frun%2Fpg&sslmode=disable&application_name=x');
    expect(url).toBe('postgresql://u@/db?host=%2Frun%2Fpg&application_name=x');
  });

  it.each([
    ['?sslmode=yes', 'must be one of disable, allow, prefer, require, verify-ca, verify-full, got "yes"'],
    [
      '?sslmode=verify-full&sslrootcert=/nowhere/ca.pem',
      '/nowhere/ca.pem that the database address names cannot be read (ENOENT)',
    ],
  ])('%s is refused with one sentence (O2)', (query, words) => {
    expect(() => read(query)).toThrow(
      expect.objectContaining({ code: 'DATABASE_REFUSED', message: expect.stringContaining(words) }),
    );
  });
});
