/** Repairs what other programs do to the text of cells: letters decoded twice, HTML entities, line breaks in writing. */
import { decode as decodeEntities } from 'html-entities';
import { decodeWindows1252 } from './windows-1252.ts';

export type Repair = 'decoded twice' | 'HTML entities' | 'written line breaks' | 'no value' | 'number form';

/** As a sentence of the report; %s: "1 row" or "12 rows". */
export const repairNotes: Readonly<Record<Repair, string>> = {
  'decoded twice': 'Letters that had been decoded in a wrong encoding ("Ã³" for "ó") were repaired in %s',
  'HTML entities': 'HTML entities ("&amp;" for "&") were decoded in %s',
  'written line breaks': 'Line breaks that were written as \\n became line breaks in %s',
  'no value': 'Words for "no value" ("N/A") were read as empty in %s',
  'number form': 'Numbers that a spreadsheet had turned into another form (5.6E+10, 5.0) were written out in %s',
};

const noValue =
  /^(?:n\.?\s?\/?\s?a\.?|#n\/?a|#n\/d|n\/d|nan|null|none|nil|undefined|no disponible|not available|s\/[dcti]|sin (?:datos?|correo|email|tel[eé]fono|transcripci[oó]n|informaci[oó]n)|no tiene|no aplica|no transcript(?: available)?|[-–—_.]+|#(?:value|ref|name|error)[!?])$/i;

/** Whether a cell says in words that it is empty. */
export function saysNoValue(text: string): boolean {
  return text.length <= 40 && noValue.test(text.trim());
}

/** The text as it was meant; `repairs` gets what was done. */
export function repairText(text: string, repairs: Set<Repair>): string {
  const decoded = undoWrongDecoding(text);
  if (decoded !== text) repairs.add('decoded twice');
  const plain = decoded.includes('&') ? decodeEntities(decoded, { scope: 'strict', level: 'html5' }) : decoded;
  if (plain !== decoded) repairs.add('HTML entities');
  return plain;
}

const writtenBreak = /(?:\\r)?\\n|\\r/g;
/** A Windows path ("C:\\nuevo") holds \n, too; more than a drive and folders of it is no path. */
const windowsPath = /[a-z]:\\[^\s]*$/i;

/** `\n` in writing, where the text has no line break of its own. */
export function repairLineBreaks(text: string, repairs: Set<Repair>): string {
  if (!text.includes('\\') || /[\n\r]/.test(text.trim())) return text;
  const repaired = text.replace(writtenBreak, (found, offset: number) =>
    windowsPath.test(text.slice(Math.max(0, offset - 80), offset + 1)) ? found : '\n',
  );
  if (repaired !== text) repairs.add('written line breaks');
  return repaired;
}

const macRoman = new TextDecoder('macintosh');
/** Bytes by character, of the encodings in which UTF-8 is read by mistake. */
const wrongEncodings = [
  { bytes: bytesByCharacter(decodeWindows1252), sign: /[ÂÃâ][^\0-\x7f]/ },
  { bytes: bytesByCharacter((byte) => macRoman.decode(byte)), sign: /[√¬][^\0-\x7f]/ },
];
const strictUtf8 = new TextDecoder('utf-8', { fatal: true });
const foreignRun = /[^\0-\x7f]{2,}/g;
/** What files of ours are written with: a run that would become something else was no UTF-8. */
const usual =
  /^[\u00a0-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u2010-\u2027\u2030\u2039\u203a\u20ac\u2122\u{1f300}-\u{1faff}\u2600-\u27bf]+$/u;

function undoWrongDecoding(text: string): string {
  const wrong = wrongEncodings.find(({ sign }) => sign.test(text));
  if (wrong === undefined) return text;
  return text.replace(foreignRun, (run) => decodeRun(run, wrong.bytes) ?? run);
}

/** Undefined: the run is as it was meant. */
function decodeRun(run: string, byCharacter: ReadonlyMap<string, number>): string | undefined {
  const bytes = [...run].map((char) => byCharacter.get(char));
  if (bytes.some((byte) => byte === undefined)) return undefined;
  try {
    const decoded = strictUtf8.decode(Uint8Array.from(bytes as number[]));
    return usual.test(decoded) ? decoded : undefined;
  } catch {
    return undefined; // no UTF-8
  }
}

function bytesByCharacter(decodeByte: (byte: Uint8Array) => string): ReadonlyMap<string, number> {
  const bytes = Array.from({ length: 0x80 }, (_, index) => index + 0x80);
  return new Map(bytes.map((byte) => [decodeByte(Uint8Array.of(byte)), byte]));
}
