import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { networkCodes, networkFaultOf } from '../../../../src/core/server-faults/network.ts';
import { translateDatabaseError } from '../../../../src/core/server-faults/postgres.ts';
import { translateRedisError } from '../../../../src/core/server-faults/redis.ts';

const databaseUrl = 'postgres://user:secret-word@db.example:5432/vambe';
const coded = (code: string, more = {}) => Object.assign(new Error(`it failed: ${code}`), { code, ...more });
const database = (error: unknown) => translateDatabaseError(error, databaseUrl) as { code: string; message: string };
const redis = (error: unknown) => translateRedisError(error, 'redis://cache.example:6379/0');

describe('network and TLS codes', () => {
  it.each(Object.entries(networkCodes))(
    '%s is one of the database and of Redis, with its reason (O1)',
    (code, entry) => {
      const suffix = entry.kind === 'refused' ? 'REFUSED' : 'UNREACHABLE';
      for (const [translate, part] of [
        [database, 'DATABASE'],
        [redis, 'REDIS'],
      ] as const) {
        const error = translate(coded(code));
        expect(error.code).toBe(`${part}_${suffix}`);
        expect(error.message).toContain(entry.words === '' ? code : `(${code}: ${entry.words})`);
        expect(error.message).not.toContain('secret-word');
      }
    },
  );

  it.each([
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'refused'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'refused'],
    ['ERR_TLS_INVALID_PROTOCOL_VERSION', 'refused'],
    ['EAI_SERVICE', 'unreachable'],
  ])('%s is known by its family (O1)', (code, kind) => {
    expect(networkFaultOf(coded(code))).toMatchObject({ kind, reason: expect.stringContaining(code) });
  });

  it('a code is found behind wrappers and among the tries of several addresses (O1)', () => {
    const tries = new AggregateError([new Error('one'), coded('EHOSTUNREACH')], 'all failed');
    expect(networkFaultOf(new Error('Failed query', { cause: tries }))?.reason).toBe('EHOSTUNREACH');
  });

  it('a file that is missing speaks of no server; a unix socket that is missing does (O1)', async () => {
    const missing = await readFile('/no/such/file').catch((error: unknown) => error);
    expect(database(missing)).toBe(missing);
    expect(database(coded('ENOENT', { syscall: 'connect' })).code).toBe('DATABASE_UNREACHABLE');
  });

  it('what Node.js throws where no TLS answers is refused (O1)', async () => {
    const server = createServer((socket) => socket.end('-ERR plain text\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const error = await new Promise<Error>((resolve) => {
      connect({ host: '127.0.0.1', port }).once('error', resolve);
    });
    server.close();
    expect(redis(error).code).toBe('REDIS_REFUSED');
    expect(database(error).code).toBe('DATABASE_REFUSED');
  });
});
