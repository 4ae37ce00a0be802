/** Decides which of the possible headers of a text are speakers, by how often and how regularly they occur. */
import type { Header, HeaderEnd } from './headers.ts';
import type { Line } from './lines.ts';

export interface ChosenHeaders {
  /** By line index. */
  readonly headers: ReadonlyMap<number, Header>;
  /** Whether turns have clocks or lines of their own, so that what precedes the first one was not said. */
  readonly isStrict: boolean;
  /** Whether each turn begins with a clock: a line with a clock and without a speaker is a notice then. */
  readonly hasLeadingClocks: boolean;
}

interface Candidate {
  readonly line: number;
  readonly header: Header;
  readonly form: string;
  readonly key: string;
}

/** Share of the lines with words that must have a header, for the weaker forms. */
const minCoverage = 0.3;
const minWeakCoverage = 0.4;
/** Share of a form's headers whose names occur again. */
const minRepeated = 0.6;
const maxOwnLineChars = 60;
const speakerId =
  /^(?:speaker|spk|hablante|orador|ponente|participante|interlocutor|persona|participant|locutor)[\s_-]*[\w]{1,3}$/i;
const descriptions =
  /^(?:fecha|date|hora|time|duraci[oó]n|duration|participantes?|participants?|asistentes|attendees|t[ií]tulo|title|asunto|subject|reuni[oó]n|meeting|grabaci[oó]n|recording|enlace|link|url|resumen|summary|notas?|notes?|tema|topic|lugar|location|empresa|company|idioma|language|https?|p\.? ?d|temas|agenda|pr[oó]ximos pasos|next steps|action items|organizer|organizador|invitados|invitees)$/i;

/** null: no layout, or only capitalised names with a colon, which the words themselves show. */
export function chooseHeaders(text: string, lines: readonly Line[], isInline: boolean): ChosenHeaders | null {
  const candidates = findCandidates(text, lines);
  if (candidates.length < 2) return null;
  const wordLines = lines.filter(({ kind }) => kind === 'words').length;
  const counts = countBy(candidates, ({ key }) => key);
  const forms = new Map<string, Candidate[]>();
  for (const each of candidates) {
    const list = forms.get(each.form);
    if (list === undefined) forms.set(each.form, [each]);
    else list.push(each);
  }
  const scope = { counts, wordLines, isInline };
  const accepted = [...forms.values()].filter((list) => isAccepted(list, scope));
  const chosen = accepted.flatMap((list) => list.filter((each) => isSpeaker(each, list, scope)));
  if (chosen.length === 0) return null;
  const names = new Set(chosen.map(({ key }) => key));
  const known = new Set(chosen);
  // The same people, written once in another form.
  const isColon = (header: Header): boolean => header.end === 'colon' || header.end === 'voice';
  const others = candidates.filter((each) => names.has(each.key) && isColon(each.header) && !known.has(each));
  const all = [...chosen, ...others];
  const strict = chosen.filter(({ header }) => header.hasClock || header.end === 'line' || header.end === 'voice');
  const leading = chosen.filter(({ header }) => header.hasLeadingClock && header.end !== 'line');
  return {
    headers: new Map(all.map(({ line, header }) => [line, header])),
    isStrict: strict.length * 2 > all.length,
    hasLeadingClocks: leading.length * 2 > all.length,
  };
}

/** Whether capitalised names with a colon at the start of lines are all there is: words show these without a layout. */
export function isPlain({ headers }: ChosenHeaders, lines: readonly Line[]): boolean {
  if (lines.some(({ kind }) => kind === 'cue' || kind === 'clock')) return false;
  return [...headers.values()].every(
    ({ end, isMarked, name }) => end === 'colon' && !isMarked && /^(?:\p{Lu}[\p{L}\p{N}&_]*\s?){1,4}$/u.test(name),
  );
}

function findCandidates(text: string, lines: readonly Line[]): Candidate[] {
  const candidates: Candidate[] = [];
  for (const [index, { kind, header, from, to }] of lines.entries()) {
    if (kind !== 'words' || header === undefined || descriptions.test(header.name)) continue;
    const isOwnLine = header.wordsAt >= to;
    if (isOwnLine && header.end !== 'voice' && !isFollowedByWords(lines, index)) continue;
    let { hasClock } = header;
    if (header.end === 'line') {
      if (to - from > maxOwnLineChars || /[.,]$/.test(text.slice(from, to).trimEnd())) continue;
      hasClock ||= lines[index + 1]?.kind === 'clock' || lines[index - 1]?.kind === 'clock';
    }
    const form = `${header.hasLeadingClock ? 'clock ' : ''}${header.hasClock ? 'timed ' : hasClock ? 'beside ' : ''}${header.end}${isOwnLine ? ' own' : ''}`;
    candidates.push({ line: index, header: { ...header, hasClock }, form, key: header.name.toLowerCase() });
  }
  return candidates;
}

function isFollowedByWords(lines: readonly Line[], index: number): boolean {
  for (let at = index + 1; at < Math.min(lines.length, index + 4); at += 1) {
    if (lines[at]?.kind === 'words') return true;
  }
  return false;
}

function countBy<T>(list: readonly T[], keyOf: (each: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const each of list) counts.set(keyOf(each), (counts.get(keyOf(each)) ?? 0) + 1);
  return counts;
}

interface Scope {
  readonly counts: ReadonlyMap<string, number>;
  readonly wordLines: number;
  readonly isInline: boolean;
}

const timedEnds: readonly HeaderEnd[] = ['colon', 'bracket', 'pipe', 'tab', 'arrow', 'clock', 'line'];

function isAccepted(list: readonly Candidate[], { counts, wordLines, isInline }: Scope): boolean {
  const first = list[0]?.header;
  if (first === undefined || list.length === 0) return false;
  const { end, hasClock } = first;
  const repeated = list.filter(({ key }) => (counts.get(key) ?? 0) > 1).length;
  const distinct = new Set(list.map(({ key }) => key)).size;
  const isRegular = repeated >= 2 && repeated >= list.length * minRepeated;
  const isShort = list.length <= 4 && distinct >= 2 && list.every(({ header }) => isName(header.name));
  if (end === 'voice' || list.every(({ header }) => speakerId.test(header.name))) return end !== 'dash';
  if (isInline) return isRegular && distinct >= 2 && (end === 'colon' || (hasClock && end !== 'line'));
  if (hasClock && timedEnds.includes(end))
    return isRegular || (list.length >= 2 && isShort) || (repeated >= 1 && distinct === 1);
  const coverage = list.length / wordLines;
  if (end === 'colon')
    return (isRegular || list.length >= 2) && coverage >= (isRegular ? minCoverage / 3 : minCoverage);
  if (end === 'line') return isRegular && distinct >= 2 && coverage >= minCoverage;
  if (end === 'clock') return false;
  return isRegular && distinct >= 2 && coverage >= minWeakCoverage;
}

/** A name of an accepted form that occurs once is a speaker if it is written as names are. */
function isSpeaker(
  { header, key }: Candidate,
  list: readonly Candidate[],
  { counts, wordLines, isInline }: Scope,
): boolean {
  if ((counts.get(key) ?? 0) > 1) return true;
  if (isName(header.name)) return header.hasClock || header.end === 'colon' || header.end === 'voice' || !isInline;
  return header.end === 'colon' && list.length >= wordLines;
}

function isName(name: string): boolean {
  return (
    speakerId.test(name) ||
    /^\S+@\S+$/.test(name) ||
    name.split(/[\s,]+/).every((word) => /^(?:\p{Lu}|de$|del$|la$|y$|van$|von$|da$|dos$)/u.test(word))
  );
}
