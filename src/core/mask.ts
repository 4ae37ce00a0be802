/** Hides secrets inside free text: passwords of addresses, keys and tokens. */

/** Longer text is cut before it is searched, so that a huge one costs no more than a large one. */
const maxSearchedChars = 16_384;

/** The text with `***` in place of each password, token or provider's key; the user name of an address stays. */
export function maskSecrets(text: string): string {
  return text
    .slice(0, maxSearchedChars)
    .replace(/\b([a-z][a-z0-9+.-]{1,30}:\/\/)([^\s"'<>]*)@/gi, (_, scheme: string, user: string) => {
      // Greedy up to the last @: a password may hold one that nobody encoded.
      const colon = user.indexOf(':');
      return `${scheme}${colon === -1 ? '' : `${user.slice(0, colon)}:`}***@`;
    })
    .replace(/([?&](?:ssl)?(?:password|passwd|pwd|token|secret|api_?key|key|access_token)=)[^&\s"']+/gi, '$1***')
    .replace(/\b((?:password|passwd|pwd)=)[^\s"'&]+/gi, '$1***')
    .replace(/\b(Bearer|Basic) +[\w.~+/=-]{8,}/gi, '$1 ***')
    .replace(/\b(?:sk|pk|rk)-[\w-]{8,}|\bAIza[\w-]{20,}/g, '***');
}
