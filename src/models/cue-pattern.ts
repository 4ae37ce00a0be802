/** Parses the pattern language of a taxonomy's cues into sequences of elements. */

export type PatternElement =
  /** Any one of these folded words; `*` at the end of a word matches any ending. */
  | { readonly kind: 'words'; readonly members: readonly string[] }
  | { readonly kind: 'number' }
  | { readonly kind: 'gap'; readonly maxWords: number };

export type PatternSequence = readonly PatternElement[];

/** Word lists that patterns name as `@name`. */
export type WordClasses = Readonly<Record<string, readonly string[]>>;

export type ParsedPattern =
  | { readonly ok: true; readonly sequences: readonly PatternSequence[] }
  | { readonly ok: false; readonly fault: string };

/** A pattern with more alternatives than this is a mistake, and would slow down every start. */
const maxSequences = 2000;
const maxGapWords = 12;
/** Groups inside groups; people write two or three. */
const maxDepth = 50;
const maxShownChars = 80;
const minStemLength = 2;

const combiningMarks = /\p{M}+/gu;

/** Lower case, without accents, with straight apostrophes. Words of cues and transcripts are compared in this form. */
export function foldWord(word: string): string {
  return word
    .normalize('NFD')
    .replace(combiningMarks, '')
    .replace(/[’‘`´]/g, "'")
    .toLowerCase();
}

/**
 * Parses a cue. A word matches itself (without case and accents), `stem*` any word with that beginning, `@name` a word list, `#` a
 * number, `~3` up to three words in between, `(a|b c|)` one of the alternatives; an empty alternative makes the group optional.
 */
export function parsePattern(source: string, classes: WordClasses): ParsedPattern {
  try {
    const reader = { source: source.replace(/-/g, ' '), at: 0, depth: 0 };
    const sequences = readAlternatives(reader, classes);
    if (reader.at < reader.source.length) throw new PatternFault(`has a ")" that nothing opened`);
    return { ok: true, sequences: sequences.map(checkSequence) };
  } catch (error) {
    if (error instanceof PatternFault) {
      const shown = source.length > maxShownChars ? `${source.slice(0, maxShownChars)}…` : source;
      return { ok: false, fault: `pattern "${shown}" ${error.message}` };
    }
    throw error;
  }
}

class PatternFault extends Error {}

interface Reader {
  readonly source: string;
  at: number;
  depth: number;
}

function readAlternatives(reader: Reader, classes: WordClasses): PatternSequence[] {
  const all: PatternSequence[] = [];
  let current: PatternSequence[] = [[]];
  while (reader.at < reader.source.length && reader.source[reader.at] !== ')') {
    const char = reader.source[reader.at];
    if (char === '|') {
      all.push(...current);
      current = [[]];
      reader.at += 1;
    } else if (char === '(') {
      reader.at += 1;
      reader.depth += 1;
      if (reader.depth > maxDepth) throw new PatternFault(`has more than ${maxDepth} "(" inside each other`);
      const inner = readAlternatives(reader, classes);
      reader.depth -= 1;
      if (reader.source[reader.at] !== ')') throw new PatternFault('has a "(" that nothing closes');
      reader.at += 1;
      current = combine(current, inner);
    } else if (char === ' ') {
      reader.at += 1;
    } else {
      current = combine(current, readElement(readAtom(reader), classes));
    }
  }
  all.push(...current);
  return mergeWords(all);
}

/** Merges alternatives of one word each into one element, so that they do not multiply the number of sequences. */
function mergeWords(sequences: readonly PatternSequence[]): PatternSequence[] {
  const members: string[] = [];
  const others: PatternSequence[] = [];
  for (const sequence of sequences) {
    const [only] = sequence;
    if (sequence.length === 1 && only?.kind === 'words') members.push(...only.members);
    else others.push(sequence);
  }
  return members.length === 0 ? others : [[wordsElement(members)], ...others];
}

function wordsElement(members: readonly string[]): PatternElement {
  return { kind: 'words', members: [...new Set(members)].sort() };
}

function readAtom(reader: Reader): string {
  const start = reader.at;
  while (reader.at < reader.source.length && !' ()|'.includes(reader.source[reader.at] ?? '')) reader.at += 1;
  return reader.source.slice(start, reader.at);
}

function readElement(atom: string, classes: WordClasses): PatternSequence[] {
  if (atom === '#') return [[{ kind: 'number' }]];
  if (atom.startsWith('~')) {
    const maxWords = Number(atom.slice(1));
    if (!Number.isInteger(maxWords) || maxWords < 1 || maxWords > maxGapWords) {
      throw new PatternFault(`has the gap "${atom}"; a gap is ~1 to ~${maxGapWords}`);
    }
    return [[{ kind: 'gap', maxWords }]];
  }
  if (atom.startsWith('@')) return readClass(atom.slice(1), classes);
  return [[wordsElement([readWord(atom)])]];
}

/** The single words of a list become one element; each phrase in it becomes its own sequence. */
function readClass(name: string, classes: WordClasses): PatternSequence[] {
  const members = Object.hasOwn(classes, name) ? classes[name] : undefined;
  if (members === undefined) throw new PatternFault(`names the word list "@${name}", which classes does not have`);
  return mergeWords(members.map((member) => splitWords(member).map((word) => wordsElement([readWord(word)]))));
}

/** The folded word, with the asterisk of a stem. */
function readWord(atom: string): string {
  const isStem = atom.endsWith('*');
  const text = foldWord(isStem ? atom.slice(0, -1) : atom);
  if (!/^[\p{L}\p{N}'&]+$/u.test(text)) throw new PatternFault(`has "${atom}", which is not a word`);
  if (isStem && text.length < minStemLength)
    throw new PatternFault(`has the stem "${atom}", shorter than ${minStemLength} letters`);
  return isStem ? `${text}*` : text;
}

/** Splits a list entry into words in the same way as transcripts. */
function splitWords(entry: string): string[] {
  return entry.split(/[\s-]+/).filter((part) => part !== '');
}

function combine(left: readonly PatternSequence[], right: readonly PatternSequence[]): PatternSequence[] {
  if (left.length * right.length > maxSequences) throw new PatternFault(`has more than ${maxSequences} readings`);
  return left.flatMap((head) => right.map((tail) => [...head, ...tail]));
}

/** Removes a gap at the end, as in "precio ~3 (alto|)", because it has no effect. */
function checkSequence(sequence: PatternSequence): PatternSequence {
  let { length } = sequence;
  while (sequence[length - 1]?.kind === 'gap') length -= 1;
  if (length === 0) throw new PatternFault('may match nothing at all');
  if (sequence[0]?.kind === 'gap') throw new PatternFault('begins with a gap');
  return sequence.slice(0, length);
}
