/** Counts with a unit and a period: "unas 50 consultas semanales". */
import type { FileField } from '../../../models/taxonomy-file.ts';
import { emptyResult } from '../answer-rules.ts';
import type { FieldResult } from '../classifier.ts';
import type { NumberSpan } from '../text/numbers.ts';
import type { FieldRole, TextRole } from './program.ts';
import type { FieldHits, Hit, Mark, Reading } from './reading.ts';
import { quote } from './weigh.ts';

interface Figure {
  readonly number: NumberSpan;
  readonly period: string;
  readonly approx: boolean;
  readonly isCorrection: boolean;
  readonly isPast: boolean;
  /** The unit follows the number: "70 mensajes", not "mensajes por cuatro celulares". */
  readonly isUnitAfter: boolean;
  readonly from: number;
  readonly to: number;
}

/** Maximum distances in words: from a number to its unit, from both to the period, and so on. */
const unitReach = 3;
const unitBeforeReach = 8;
const periodReach = 7;
const approxReach = 3;
const rangeReach = 2;
/** Only the first numbers of a text are read: each is compared with every unit, which is quadratic. */
const maxNumbers = 200;
const statedConfidence = 0.9;
const pastConfidence = 0.6;

/** The final figure of a text: the last correction, else the first one not in the past (preferring "70 mensajes" over "mensajes: 70"), else the first. */
export function decideQuantity(field: FileField, { others: hits }: FieldHits, reading: Reading): FieldResult {
  const units = hits.filter(({ action }) => action.role === 'unit');
  const periods = marksOf(reading, 'period');
  // The common case: the text has no quantity with a unit.
  if (units.length === 0 || periods.length === 0) return emptyResult;
  const scope: QuantityScope = { field, hits, units, periods, reading };
  const figures = reading.numbers
    .slice(0, maxNumbers)
    .flatMap((number, index) => readFigure(scope, number, index) ?? []);
  const chosen =
    figures.filter((each) => each.isCorrection).at(-1) ??
    figures.find((each) => !each.isPast && each.isUnitAfter) ??
    figures.find((each) => !each.isPast) ??
    figures[0];
  if (chosen === undefined) return emptyResult;
  return {
    value: { count: chosen.number.value, period: chosen.period, approx: chosen.approx },
    confidence: chosen.isPast ? pastConfidence : statedConfidence,
    evidence: [quote(reading, chosen.from, chosen.to)],
  };
}

interface QuantityScope {
  readonly field: FileField;
  readonly hits: readonly Hit[];
  readonly units: readonly Hit[];
  readonly periods: readonly Mark[];
  readonly reading: Reading;
}

function marksOf({ marks }: Reading, role: TextRole): readonly Mark[] {
  return marks.get(role) ?? [];
}

function readFigure(scope: QuantityScope, number: NumberSpan, index: number): Figure | null {
  const { units, periods, reading } = scope;
  const sentence = reading.tokens[number.first]?.sentence ?? 0;
  const trust = reading.sentences[sentence]?.trustPercent ?? 100;
  if (trust <= 0 || !fitsContext(scope, number, index, sentence)) return null;
  if (isStartOfRange(number, reading)) return null;
  const unit = near(units, number, sentence, reading, unitReach, unitBeforeReach);
  if (unit === null) return null;
  const nearby = { first: Math.min(number.first, unit.first), last: Math.max(number.last, unit.last) };
  const period = near(periods, nearby, sentence, reading, periodReach, periodReach);
  if (period === null) return null;
  const approx =
    marksOf(reading, 'approxBefore').find(
      (mark) => mark.last <= number.first && number.first - mark.last <= approxReach && isIn(mark, sentence, reading),
    ) ??
    marksOf(reading, 'approxAfter').find(
      (mark) => mark.first > number.last && mark.first - number.last <= approxReach && isIn(mark, sentence, reading),
    );
  const parts = [number, unit, period, ...(approx === undefined ? [] : [approx])].filter((part) =>
    isIn(part, sentence, reading),
  );
  return {
    number,
    period: period.action.of === 'text' ? period.action.name : '',
    approx: approx !== undefined || isEndOfRange(number, reading),
    isCorrection: marksOf(reading, 'correction').some(
      (mark) => mark.last < number.first && number.first - mark.last <= unitBeforeReach,
    ),
    isPast: marksOf(reading, 'past').some((mark) => isIn(mark, sentence, reading) && mark.last < number.first),
    isUnitAfter: isIn(unit, sentence, reading) && unit.first >= number.first,
    from: Math.min(...parts.map((part) => part.first)),
    to: Math.max(...parts.map((part) => part.last)),
  };
}

function isIn(part: { readonly first: number }, sentence: number, reading: Reading): boolean {
  return reading.tokens[part.first]?.sentence === sentence;
}

/** A context applies within its sentence, up to a "but" or another number: "50 semanales, pero en Navidad 300". */
function fitsContext(
  { field, hits, reading }: QuantityScope,
  number: NumberSpan,
  index: number,
  sentence: number,
): boolean {
  const [before, after] = [reading.numbers[index - 1], reading.numbers[index + 1]];
  const hasNumberBetween = (hit: Hit): boolean =>
    hit.last < number.last
      ? before !== undefined && before.first > hit.last && before.last < number.first
      : after !== undefined && after.first > number.last && after.last < hit.first;
  const has = (role: FieldRole): boolean =>
    hits.some(
      (hit) =>
        hit.action.role === role &&
        isIn(hit, sentence, reading) &&
        !hasNumberBetween(hit) &&
        !hasClauseBetween(hit, number, reading),
    );
  if (field.quantity?.only !== undefined && !has('only')) return false;
  return !has('never');
}

function hasClauseBetween(hit: Hit, number: NumberSpan, reading: Reading): boolean {
  const from = Math.min(hit.last, number.last);
  const to = Math.max(hit.first, number.first);
  for (let at = from + 1; at <= to; at += 1) if (reading.tokens[at]?.word.beginsClause === true) return true;
  return false;
}

interface Span {
  readonly first: number;
  readonly last: number;
}

/** The nearest part before or after a span in its sentence, else the last one in the question that the sentence answers. */
function near<Part extends Span>(
  parts: readonly Part[],
  span: Span,
  sentence: number,
  reading: Reading,
  after: number,
  before: number,
): Part | null {
  let best: Part | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const part of parts) {
    if (!isIn(part, sentence, reading)) continue;
    const isAfter = part.first >= span.first;
    const distance = isAfter ? Math.max(0, part.first - span.last) : span.first - part.last;
    if (distance > (isAfter ? after : before)) continue;
    const rank = isAfter ? distance : distance + unitReach;
    if (rank < bestDistance) {
      best = part;
      bestDistance = rank;
    }
  }
  if (best !== null || reading.sentences[sentence - 1]?.isQuestion !== true) return best;
  return parts.findLast((part) => isIn(part, sentence - 1, reading)) ?? null;
}

/** The start of "de 80 a 100" or "80-100"; the answer is the end. */
function isStartOfRange(number: NumberSpan, reading: Reading): boolean {
  return reading.numbers.some((other) => isRange(number, other, reading));
}

function isEndOfRange(number: NumberSpan, reading: Reading): boolean {
  return reading.numbers.some((other) => isRange(other, number, reading));
}

function isRange(low: NumberSpan, high: NumberSpan, reading: Reading): boolean {
  const distance = high.first - low.last;
  if (distance < 1 || distance > rangeReach || high.value <= low.value) return false;
  return (
    reading.tokens[high.first]?.sentence === reading.tokens[low.first]?.sentence &&
    reading.tokens[high.first]?.brk === 'none'
  );
}
