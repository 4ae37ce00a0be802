/** The address that is called: the base address and what the API appends. */

/**
 * Keeps the base's query (Azure's `?api-version=`), and repeats no part of the path that the base has already:
 * https://host/v1 and /v1/messages give https://host/v1/messages.
 */
export function endpointOf(baseUrl: string, path: string): string {
  const url = new URL(baseUrl);
  const base = url.pathname.split('/').filter(Boolean);
  const wanted = path.split('/').filter(Boolean);
  let shared = Math.min(base.length, wanted.length);
  while (shared > 0 && base.slice(-shared).join('/') !== wanted.slice(0, shared).join('/')) shared -= 1;
  url.pathname = [...base, ...wanted.slice(shared)].join('/');
  url.hash = '';
  return url.href;
}
