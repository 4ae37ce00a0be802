/** What Node.js's network and TLS error codes mean for a server. */

/** `unreachable`: it may answer later · `refused`: waiting does not help, a certificate or a setting must change. */
export type NetworkKind = 'unreachable' | 'refused';

export interface NetworkFault {
  readonly kind: NetworkKind;
  /** The code, with an explanation where the code alone is unclear. */
  readonly reason: string;
}

interface Entry {
  readonly kind: NetworkKind;
  /** Empty: the code needs no explanation. */
  readonly words: string;
}

const unreachable = (words = ''): Entry => ({ kind: 'unreachable', words });
const refused = (words = ''): Entry => ({ kind: 'refused', words });

/**
 * By code. https://nodejs.org/api/errors.html (system and TLS errors), https://nodejs.org/api/dns.html#error-codes,
 * https://nodejs.org/api/tls.html#x509-certificate-error-codes
 */
export const networkCodes: Readonly<Record<string, Entry>> = {
  ECONNREFUSED: unreachable(),
  ECONNRESET: unreachable(),
  ECONNABORTED: unreachable(),
  EPIPE: unreachable(),
  ETIMEDOUT: unreachable(),
  EHOSTUNREACH: unreachable(),
  EHOSTDOWN: unreachable(),
  ENETUNREACH: unreachable(),
  ENETDOWN: unreachable(),
  ENETRESET: unreachable(),
  ENOTCONN: unreachable(),
  EADDRNOTAVAIL: unreachable('this machine has no free port or address for it'),
  EADDRINUSE: unreachable('this machine has no free port for it'),
  EMFILE: unreachable('this process has too many open files'),
  ENFILE: unreachable('this machine has too many open files'),
  ENOBUFS: unreachable('this machine has no memory for connections'),
  EAI_AGAIN: unreachable('its host name cannot be resolved now'),
  EAI_FAIL: unreachable('its host name cannot be resolved'),
  EAI_NODATA: unreachable('its host name has no address'),
  EAI_NONAME: unreachable('its host name is not known'),
  EAI_MEMORY: unreachable('its host name cannot be resolved, as this machine has no memory'),
  ENOTFOUND: unreachable('its host name is not known'),
  ENODATA: unreachable('its host name has no address'),
  ESERVFAIL: unreachable('its host name cannot be resolved'),
  EREFUSED: unreachable('the name server refused to resolve its host name'),
  ETIMEOUT: unreachable('the name server did not answer'),
  ESOCKETTIMEDOUT: unreachable(),
  ERR_SOCKET_CLOSED: unreachable('the connection was closed'),
  ERR_SOCKET_CLOSED_BEFORE_CONNECTION: unreachable('the connection was closed'),
  ERR_SOCKET_CONNECTION_TIMEOUT: unreachable('no address of it answered in time'),
  ERR_STREAM_DESTROYED: unreachable('the connection was closed'),
  ERR_STREAM_PREMATURE_CLOSE: unreachable('the connection was closed'),
  ERR_STREAM_WRITE_AFTER_END: unreachable('the connection was closed'),
  ERR_TLS_HANDSHAKE_TIMEOUT: unreachable('the TLS handshake took too long'),

  EPROTO: refused('the TLS handshake failed; one side may not speak TLS'),
  ERR_TLS_CERT_ALTNAME_INVALID: refused('its certificate is for another host name'),
  ERR_TLS_CERT_ALTNAME_FORMAT: refused('its certificate names hosts in a form that is not valid'),
  SELF_SIGNED_CERT_IN_CHAIN: refused('its certificate comes from an authority that is not trusted here'),
  DEPTH_ZERO_SELF_SIGNED_CERT: refused('its certificate is self-signed and not trusted here'),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: refused('its certificate comes from an authority that is not trusted here'),
  UNABLE_TO_GET_ISSUER_CERT: refused('the authority of its certificate is not known here'),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: refused('the authority of its certificate is not known here'),
  UNABLE_TO_GET_CRL: refused('the revocation list of its certificate is missing'),
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: refused('its certificate is damaged'),
  UNABLE_TO_DECRYPT_CRL_SIGNATURE: refused('the revocation list of its certificate is damaged'),
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: refused('the key of its authority is damaged'),
  CERT_SIGNATURE_FAILURE: refused('its certificate has a wrong signature'),
  CRL_SIGNATURE_FAILURE: refused('the revocation list of its certificate has a wrong signature'),
  CERT_NOT_YET_VALID: refused('its certificate is not valid yet; look at the clocks too'),
  CERT_HAS_EXPIRED: refused('its certificate has expired'),
  CRL_NOT_YET_VALID: refused('the revocation list of its certificate is not valid yet'),
  CRL_HAS_EXPIRED: refused('the revocation list of its certificate has expired'),
  ERROR_IN_CERT_NOT_BEFORE_FIELD: refused('its certificate has a date that is not valid'),
  ERROR_IN_CERT_NOT_AFTER_FIELD: refused('its certificate has a date that is not valid'),
  ERROR_IN_CRL_LAST_UPDATE_FIELD: refused('the revocation list of its certificate has a date that is not valid'),
  ERROR_IN_CRL_NEXT_UPDATE_FIELD: refused('the revocation list of its certificate has a date that is not valid'),
  CERT_CHAIN_TOO_LONG: refused('its chain of certificates is too long'),
  CERT_REVOKED: refused('its certificate was revoked'),
  INVALID_CA: refused('its certificate comes from one that may not issue any'),
  PATH_LENGTH_EXCEEDED: refused('its chain of certificates is too long'),
  INVALID_PURPOSE: refused('its certificate is not for servers'),
  CERT_UNTRUSTED: refused('its certificate is not trusted here'),
  CERT_REJECTED: refused('its certificate is not trusted here'),
  HOSTNAME_MISMATCH: refused('its certificate is for another host name'),
};

/** Patterns for groups of codes: OpenSSL alone has hundreds. */
export const networkFamilies: readonly (readonly [family: RegExp, entry: Entry])[] = [
  [/^ERR_SSL_/, refused('the TLS handshake failed')],
  [/^ERR_TLS_/, refused('TLS failed')],
  [/^EAI_/, unreachable('its host name cannot be resolved')],
];

/** File operations use these codes too. They are about a server only after a connection attempt (a unix socket, a firewall). */
const codesOfConnect = new Set(['ENOENT', 'EACCES', 'EPERM']);

/** The meaning of a network or TLS error, also inside wrappers; undefined for any other error. */
export function networkFaultOf(error: unknown): NetworkFault | undefined {
  for (const each of withCauses(error)) {
    const code = 'code' in each && typeof each.code === 'string' ? each.code : '';
    const entry = entryOf(code, each);
    if (entry) return { kind: entry.kind, reason: entry.words === '' ? code : `${code}: ${entry.words}` };
  }
  return undefined;
}

function entryOf(code: string, error: Error): Entry | undefined {
  if (Object.hasOwn(networkCodes, code)) return networkCodes[code];
  if (codesOfConnect.has(code) && 'syscall' in error && error.syscall === 'connect') return unreachable();
  return networkFamilies.find(([family]) => family.test(code))?.[1];
}

/** An error, the attempts that it contains (one for each address of a host), and its causes. */
export function withCauses(error: unknown): Error[] {
  const found: Error[] = [];
  for (let each: unknown = error, depth = 0; each instanceof Error && depth < 4; each = each.cause, depth++) {
    found.push(each);
    if (each instanceof AggregateError) found.push(...each.errors.filter((inner) => inner instanceof Error));
  }
  return found;
}

/** Text from a server for use in our message: one line, shortened. */
export function quoted(words: string): string {
  const line = words.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
}
