/** Hides secrets inside free text: passwords of addresses, keys and tokens. */

/** The text with `***` in place of each password, token or provider's key; the user name of an address stays. */
export function maskSecrets(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]{1,30}:\/\/)([^\s"'<>]{0,2048})@/gi, (_, scheme: string, user: string) => {
      // Greedy up to the last @, because a password may contain an @ that is not encoded. Bounded, because text without an @
      // would otherwise be searched to its end from each scheme.
      const colon = user.indexOf(':');
      return `${scheme}${colon === -1 ? '' : `${user.slice(0, colon)}:`}***@`;
    })
    .replace(/\b[a-z][a-z0-9+.-]{1,30}:\/\/[^\s"'<>?]{0,2048}\?[^\s"'<>]{1,4096}/gi, maskQuery)
    .replace(/([?&](?:ssl)?(?:password|passwd|pwd|token|secret|api_?key|key|access_token)=)[^&\s"']+/gi, '$1***')
    .replace(/\b((?:password|passwd|pwd)=)[^\s"'&]+/gi, '$1***')
    .replace(/\b(Bearer|Basic) +[\w.~+/=-]{8,}/gi, '$1 ***')
    .replace(/\b(?:sk|pk|rk)-[\w-]{8,}|\bAIza[\w-]{20,}/g, '***');
}

/** Parameters of addresses that hold no secret. The value of any other one is masked: keys have many names. */
const plainParameters = new Set(
  (
    'sslmode ssl sslrootcert sslcert sslkey ssl_cert_reqs ssl_ca_certs ssl_certfile ssl_keyfile application_name client_encoding ' +
    'connect_timeout target_session_attrs schema host port user db protocol family socket_timeout socket_connect_timeout ' +
    'health_check_interval max_connections api-version api_version alt region version'
  ).split(' '),
);

function maskQuery(address: string): string {
  const at = address.indexOf('?') + 1;
  const masked = address.slice(at).replace(/([^=&]+)=([^&]*)/g, (pair, name: string, value: string) => {
    const isPlain = plainParameters.has(name.toLowerCase()) || value === '' || value === '***';
    return isPlain ? pair : `${name}=***`;
  });
  return address.slice(0, at) + masked;
}
