/** Finds every fault of a taxonomy file, each with its line. */
import { type Document, isCollection, isPair, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { parsePattern } from './cue-pattern.ts';
import { type Cues, type FileField, type TaxonomyFile, taxonomyFileShape } from './taxonomy-file.ts';

export interface TaxonomyFault {
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  readonly message: string;
}

const mostSyntaxFaults = 10;

type Path = readonly (string | number)[];
interface Finding {
  readonly path: Path;
  readonly message: string;
}

export type TaxonomyRead =
  | { readonly ok: true; readonly file: TaxonomyFile }
  | { readonly ok: false; readonly faults: readonly TaxonomyFault[] };

/** Lists what is wrong with the text of a taxonomy file, in the order of its lines; empty where nothing is. */
export function checkTaxonomy(text: string): readonly TaxonomyFault[] {
  const read = readTaxonomyFile(text);
  return read.ok ? [] : read.faults;
}

/** Parses and checks the text of a taxonomy file. Never throws for any text. */
export function readTaxonomyFile(text: string): TaxonomyRead {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  // Errors after the first ones are mostly caused by them.
  const broken = document.errors
    .slice(0, mostSyntaxFaults)
    .map((error) => ({ ...place(lines, error.pos[0]), message: `YAML: ${error.message}` }));
  if (broken.length > 0) return { ok: false, faults: broken };
  const plain = toPlain(document);
  if (!plain.ok) return { ok: false, faults: [{ line: 1, column: 1, message: `YAML: ${plain.message}` }] };
  const parsed = taxonomyFileShape.safeParse(plain.value);
  const findings = parsed.success
    ? checkMeaning(parsed.data)
    : parsed.error.issues.flatMap((issue) => readIssue(issue));
  if (parsed.success && findings.length === 0) return { ok: true, file: parsed.data };
  const faults = findings.map(({ path, message }) => ({
    ...place(lines, offsetOf(document, path)),
    message: path.length === 0 ? message : `${path.join('.')}: ${message}`,
  }));
  return { ok: false, faults: faults.sort((a, b) => a.line - b.line || a.column - b.column) };
}

/** Too many aliases (a "billion laughs" file) make toJS throw; that is reported as a fault of the file. */
function toPlain(document: Document): { ok: true; value: unknown } | { ok: false; message: string } {
  try {
    return { ok: true, value: document.toJS() };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

function place(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** The offset of the deepest part of the path that exists in the document. */
function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    if (!isCollection(node)) break;
    const item = node.items.find((each, index) => (isPair(each) ? String(each.key) === String(step) : index === step));
    if (item === undefined) break;
    offset = startOf(isPair(item) ? item.key : item) ?? offset;
    node = isPair(item) ? item.value : item;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined;
  return typeof node.range[0] === 'number' ? node.range[0] : undefined;
}

function readIssue(issue: z.core.$ZodIssue, parent: Path = []): Finding[] {
  const path = [...parent, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], message: 'is not a known key here' }));
  }
  if (issue.code === 'invalid_union') {
    // The branch that failed at the deepest path is most likely the intended one.
    const branches = issue.errors.map((errors) => errors.flatMap((each) => readIssue(each, path)));
    const depth = (findings: Finding[]): number => Math.max(0, ...findings.map((each) => each.path.length));
    return branches.sort((a, b) => depth(b) - depth(a))[0] ?? [{ path, message: issue.message }];
  }
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) {
    return [{ path, message: `is missing, expected ${withArticle(issue.expected)}` }];
  }
  return [{ path, message: issue.message }];
}

function withArticle(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

function checkMeaning(file: TaxonomyFile): Finding[] {
  const seen = new Set<string>();
  return [
    ...file.fields.flatMap((field, index) => {
      const path = ['fields', index];
      const twice: Finding[] = seen.has(field.id)
        ? [{ path: [...path, 'id'], message: `"${field.id}" appears twice` }]
        : [];
      seen.add(field.id);
      return [...twice, ...checkField(field, path, file)];
    }),
    ...checkPatterns(file),
  ];
}

function checkField(field: FileField, path: Path, file: TaxonomyFile): Finding[] {
  const findings: Finding[] = [];
  const report = (sub: Path, message: string): void => void findings.push({ path: [...path, ...sub], message });
  const ids = field.values.map((value) => value.id);
  const known = (id: string): boolean => ids.includes(id);
  const hasValues = field.type === 'enum' || field.type === 'list' || field.type === 'boolean';
  if (hasValues && ids.length === 0) report(['type'], `a field of type ${field.type} needs values`);
  if (!hasValues && ids.length > 0) report(['values'], `a field of type ${field.type} has no values`);
  if (field.type === 'boolean' && ids.some((id) => id !== 'true' && id !== 'false')) {
    report(['values'], 'a boolean has the values "true" and "false" (quoted)');
  }
  if (field.type === 'quantity' && field.quantity === undefined) report(['type'], 'a quantity needs the key quantity');
  if (field.type === 'phrases' && field.phrases === undefined)
    report(['type'], 'a phrases field needs the key phrases');
  ids.forEach((id, index) => {
    if (ids.indexOf(id) !== index) report(['values', index, 'id'], `"${id}" appears twice`);
  });
  field.values.forEach((value, index) => {
    for (const other of value.unless)
      if (!known(other)) report(['values', index, 'unless'], `"${other}" is no value of the field`);
    const followed = file.fields.find((each) => each.id === value.follows);
    if (value.follows !== undefined && followed?.type !== 'phrases') {
      report(['values', index, 'follows'], `"${value.follows}" is no phrases field`);
    }
  });
  field.refine.forEach(({ from, to }, index) => {
    for (const id of [from, to]) if (!known(id)) report(['refine', index], `"${id}" is no value of the field`);
  });
  field.bands?.steps.forEach(({ value }, index) => {
    if (!known(value)) report(['bands', 'steps', index, 'value'], `"${value}" is no value of the field`);
  });
  const { otherwise, given, by } = field.decide;
  if (otherwise !== undefined && !known(otherwise))
    report(['decide', 'otherwise'], `"${otherwise}" is no value of the field`);
  if (otherwise !== undefined && given === undefined && field.quote !== 'optional')
    report(['decide', 'otherwise'], 'needs quote: optional, or given');
  for (const [id, values] of Object.entries(given ?? {})) {
    const other = file.fields.find((each) => each.id === id);
    if (other === undefined) report(['decide', 'given', id], `"${id}" is no field`);
    for (const value of values)
      if (other !== undefined && !other.values.some((each) => each.id === value))
        report(['decide', 'given', id], `"${value}" is no value of "${id}"`);
  }
  if (by === 'language') {
    for (const id of ids)
      if (file.grammar.languages[id] === undefined) report(['decide', 'by'], `grammar.languages lacks "${id}"`);
  }
  const stored = field.stored_default;
  if (stored !== undefined && hasValues && !known(String(stored)))
    report(['stored_default'], `"${stored}" is no value of the field`);
  return findings;
}

/** Parses every pattern of the file once. */
function checkPatterns(file: TaxonomyFile): Finding[] {
  const findings: Finding[] = [];
  for (const { cues, path } of listCues(file)) {
    for (const [language, list] of Object.entries(cues)) {
      list.forEach((cue, index) => {
        const patterns = typeof cue === 'string' ? [cue] : cue.any;
        patterns.forEach((pattern, position) => {
          const parsed = parsePattern(pattern, file.classes);
          const inGroup = typeof cue === 'string' ? [] : ['any', position];
          if (!parsed.ok) findings.push({ path: [...path, language, index, ...inGroup], message: parsed.fault });
        });
      });
    }
  }
  return findings;
}

function listCues(file: TaxonomyFile): { cues: Cues; path: Path }[] {
  const { grammar, extracts } = file;
  const all: { cues: Cues | undefined; path: Path }[] = [
    { cues: grammar.negation.cues, path: ['grammar', 'negation', 'cues'] },
    { cues: grammar.negation.except, path: ['grammar', 'negation', 'except'] },
    { cues: grammar.hedges.cues, path: ['grammar', 'hedges', 'cues'] },
    { cues: grammar.orders, path: ['grammar', 'orders'] },
    { cues: grammar.speakers.says, path: ['grammar', 'speakers', 'says'] },
    { cues: grammar.speakers.claims, path: ['grammar', 'speakers', 'claims'] },
    { cues: grammar.confirmations, path: ['grammar', 'confirmations'] },
    { cues: grammar.refusals, path: ['grammar', 'refusals'] },
    { cues: grammar.corrections, path: ['grammar', 'corrections'] },
    { cues: grammar.past, path: ['grammar', 'past'] },
    { cues: grammar.numbers.approx_before, path: ['grammar', 'numbers', 'approx_before'] },
    { cues: grammar.numbers.approx_after, path: ['grammar', 'numbers', 'approx_after'] },
    ...Object.entries(grammar.periods).map(([id, cues]) => ({ cues, path: ['grammar', 'periods', id] })),
    ...Object.entries(extracts).map(([id, { cues }]) => ({ cues, path: ['extracts', id, 'cues'] })),
  ];
  file.fields.forEach((field, index) => {
    const path = ['fields', index];
    for (const [at, { cues }] of field.values.entries()) all.push({ cues, path: [...path, 'values', at, 'cues'] });
    for (const [at, { cues }] of field.frames.entries()) all.push({ cues, path: [...path, 'frames', at, 'cues'] });
    for (const [at, { cues }] of field.refine.entries()) all.push({ cues, path: [...path, 'refine', at, 'cues'] });
    all.push({ cues: field.bands?.cues, path: [...path, 'bands', 'cues'] });
    for (const key of ['units', 'only', 'never'] as const) {
      all.push({ cues: field.quantity?.[key], path: [...path, 'quantity', key] });
    }
    for (const key of ['after', 'before', 'heads'] as const) {
      all.push({ cues: field.phrases?.[key], path: [...path, 'phrases', key] });
    }
  });
  return all.flatMap(({ cues, path }) => (cues === undefined ? [] : [{ cues, path }]));
}
