/** Windows-1252, by a table: TextDecoder of Node 20 gives control characters for its quotes, dashes and €. */

const fromByte80 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

export function decodeWindows1252(bytes: Uint8Array): string {
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return latin1.replace(/[\x80-\x9f]/g, (char) => fromByte80[char.charCodeAt(0) - 0x80] ?? char);
}
