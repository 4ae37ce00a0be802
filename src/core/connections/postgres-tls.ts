/** What a database address says about TLS, with the meaning that libpq gives it. https://www.postgresql.org/docs/15/libpq-ssl.html */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { AppError } from '../errors.ts';

const modes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type TlsMode = (typeof modes)[number];

export interface PostgresTls {
  /** The address without its parameters of TLS, which node-postgres reads differently. */
  readonly url: string;
  /** false: plain. */
  readonly ssl: false | ConnectionOptions;
  /** A server without TLS is talked to in plain. */
  readonly mayBePlain: boolean;
}

const parameters = ['sslmode', 'ssl', 'sslrootcert', 'sslcert', 'sslkey', 'uselibpqcompat'];

/** @throws AppError DATABASE_REFUSED for a mode that does not exist and for a file that cannot be read */
export function readPostgresTls(given: string): PostgresTls {
  const [address = '', query = ''] = given.split(/\?(.*)/s);
  const found = new URLSearchParams(query);
  const of = (name: string) => found.get(name) ?? '';
  const mode = modeOf(of('sslmode'), found.get('ssl') ?? '');
  const root = of('sslrootcert');
  const files = { ca: root === 'system' ? '' : root, cert: of('sslcert'), key: of('sslkey') };
  for (const name of parameters) found.delete(name);
  const rest = found.toString();
  const url = rest === '' ? address : `${address}?${rest}`;
  if (mode === 'disable') return { url, ssl: false, mayBePlain: false };
  return { url, ssl: optionsOf(mode, files), mayBePlain: mode === 'allow' || mode === 'prefer' };
}

/** Without any parameter the connection is plain, as it always was here. */
function modeOf(sslmode: string, ssl: string): TlsMode {
  // Synonyms of node-postgres, and `ssl=true` as libpq reads it.
  if (sslmode === 'no-verify' || (sslmode === '' && /^(true|1)$/i.test(ssl))) return 'require';
  if (sslmode === '') return 'disable';
  const mode = modes.find((each) => each === sslmode);
  if (mode !== undefined) return mode;
  throw new AppError(
    'DATABASE_REFUSED',
    `The sslmode of the database address must be one of ${modes.join(', ')}, got "${sslmode.slice(0, 20)}". Correct DATABASE_URL or PGSSLMODE.`,
  );
}

function optionsOf(mode: TlsMode, files: Readonly<Record<'ca' | 'cert' | 'key', string>>): ConnectionOptions {
  const read = Object.fromEntries(
    Object.entries(files).flatMap(([name, file]) => (file === '' ? [] : [[name, readFile(file)]])),
  );
  // A root certificate makes `require` check the chain, as libpq does for the sake of older programs.
  const checksChain = mode.startsWith('verify') || (mode === 'require' && files.ca !== '');
  if (!checksChain) return { ...read, rejectUnauthorized: false };
  if (mode === 'verify-full') return read;
  return { ...read, checkServerIdentity: () => undefined };
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new AppError(
      'DATABASE_REFUSED',
      `The certificate file ${file} that the database address names cannot be read (${reason}). Correct sslrootcert, sslcert or sslkey, or make the file readable for this user.`,
      { cause: error },
    );
  }
}
