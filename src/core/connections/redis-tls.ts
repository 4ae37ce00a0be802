/** What a rediss:// address says about TLS, with the parameters that redis-py reads too. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { AppError } from '../errors.ts';

/** Undefined for an address without TLS. @throws AppError REDIS_REFUSED for a value that does not exist and a file that cannot be read */
export function redisTlsOf(url: string): ConnectionOptions | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, searchParams } = new URL(url);
  if (protocol !== 'rediss:') return undefined;
  const files = { ca: 'ssl_ca_certs', cert: 'ssl_certfile', key: 'ssl_keyfile' };
  const read = Object.entries(files).flatMap(([option, name]) => {
    const file = searchParams.get(name);
    return file ? [[option, readFile(file, name)] as const] : [];
  });
  const checksName = !/^(false|no|0)$/i.test(searchParams.get('ssl_check_hostname') ?? '');
  return {
    ...Object.fromEntries(read),
    // A name for SNI; an address is none.
    ...(/^[\d.]+$|:/.test(hostname) ? {} : { servername: hostname }),
    ...(checksCertificate(searchParams.get('ssl_cert_reqs') ?? '') ? {} : { rejectUnauthorized: false }),
    ...(checksName ? {} : { checkServerIdentity: () => undefined }),
  };
}

/** Whether a rediss:// address asks for a connection whose server is not checked. */
export function isUncheckedTls(url: string): boolean {
  return redisTlsOf(url)?.rejectUnauthorized === false;
}

/** Python's `optional` checks a certificate that is there, and a server always has one. */
function checksCertificate(given: string): boolean {
  const word = given.toLowerCase().replace(/^cert_/, '');
  if (word === 'none') return false;
  if (word === '' || word === 'required' || word === 'optional') return true;
  throw new AppError(
    'REDIS_REFUSED',
    `ssl_cert_reqs in the address of Redis must be required, optional or none, got "${given.slice(0, 20)}". Correct the address.`,
  );
}

function readFile(file: string, parameter: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new AppError(
      'REDIS_REFUSED',
      `The file ${file} that ${parameter} in the address of Redis names cannot be read (${reason}). Correct the address, or make the file readable for this user.`,
      { cause: error },
    );
  }
}
