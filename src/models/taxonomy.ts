/** A taxonomy: the fields that a classification fills, read from one YAML file. */
import { createHash } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import { type DecisionWeights, readDecisionWeights } from './decision-weights.ts';
import { checkTaxonomy, readTaxonomyFile, type TaxonomyFault } from './taxonomy-check.ts';
import type { FileField, FileValue, TaxonomyFile } from './taxonomy-file.ts';

export type FieldType = FileField['type'];

interface Labels {
  readonly es: string;
  readonly en: string;
}

export interface TaxonomyValue {
  readonly id: string;
  readonly labels: Labels;
  readonly definition: string;
  readonly synonyms: readonly string[];
  readonly examples: readonly string[];
  /** Added by this worker; the system that it replaces does not have it. */
  readonly isExtension: boolean;
}

export interface TaxonomyField {
  readonly id: string;
  readonly type: FieldType;
  readonly labels: Labels;
  readonly definition: string;
  readonly examples: readonly string[];
  /** For enum and list fields, in the file's order; empty for the other types. */
  readonly values: readonly TaxonomyValue[];
  /** Whether a value needs no quote. */
  readonly quoteOptional: boolean;
  /** Stored instead of null where the column cannot be null; undefined: the column has no such default. */
  readonly storedDefault: string | boolean | undefined;
  readonly isExtension: boolean;
  /** Periods that a quantity may have; empty for the other types. */
  readonly periods: readonly string[];
}

export interface Taxonomy {
  readonly id: string;
  /** The id and a short hash of the file: another file is another version. */
  readonly version: string;
  readonly fileName: string;
  readonly labels: Labels;
  readonly description: string;
  readonly fields: readonly TaxonomyField[];
  /** The checked file itself: cues and grammar for the offline classifier. */
  readonly file: TaxonomyFile;
  /** Fitted weights of the decisions; undefined: the rules decide alone. */
  readonly weights?: FittedWeights;
}

export interface FittedWeights extends DecisionWeights {
  /** Hash of the weights file. */
  readonly digest: string;
}

/** The taxonomy as parsed by the build, so that a start need not parse the file again. Used only for text with the same hash. */
export interface CompiledTaxonomy {
  readonly hash: string;
  readonly file: TaxonomyFile;
}

/**
 * Reads a taxonomy from the text of its YAML file. Throws TAXONOMY_INVALID, which lists every fault with its line; `details.faults`
 * holds them as data.
 */
export function loadTaxonomy(text: string, fileName: string, compiled?: CompiledTaxonomy): Taxonomy {
  const hash = hashOf(text);
  const file = compiled?.hash === hash ? compiled.file : readFile(text, fileName);
  return {
    id: file.id,
    version: `${file.id}-${hash.slice(0, 10)}`,
    fileName,
    labels: file.labels,
    description: file.description,
    fields: file.fields.map((field) => describeField(field, Object.keys(file.grammar.periods))),
    file,
  };
}

/** Where the weights of a taxonomy are: beside it. */
export function weightsFileOf(taxonomyFile: string): string {
  return `${taxonomyFile.replace(/\.ya?ml$/i, '')}.weights.json`;
}

/** A taxonomy that decides by the weights in the text of a file. @throws AppError TAXONOMY_INVALID */
export function withWeights(taxonomy: Taxonomy, text: string, fileName: string): Taxonomy {
  const weights = readDecisionWeights(text, fileName, taxonomy.id);
  return { ...taxonomy, weights: { ...weights, digest: hashOf(text).slice(0, 10) } };
}

/**
 * For the build (scripts/copy-assets.mjs). @throws AppError TAXONOMY_INVALID
 * @public
 */
export function compileTaxonomy(text: string, fileName: string): CompiledTaxonomy {
  return { hash: hashOf(text), file: readFile(text, fileName) };
}

function readFile(text: string, fileName: string): TaxonomyFile {
  const read = readTaxonomyFile(text);
  if (read.ok) return read.file;
  throw invalidTaxonomy(fileName, read.faults);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export { checkTaxonomy };

function describeField(field: FileField, periods: readonly string[]): TaxonomyField {
  return {
    id: field.id,
    type: field.type,
    labels: field.labels,
    definition: field.definition,
    examples: field.examples,
    values: field.type === 'boolean' ? [] : field.values.map(describeValue),
    quoteOptional: field.quote === 'optional',
    storedDefault: field.stored_default,
    isExtension: field.extension,
    periods: field.type === 'quantity' ? periods : [],
  };
}

function describeValue(value: FileValue): TaxonomyValue {
  const { id, labels, definition, synonyms, examples, extension } = value;
  return { id, labels, definition, synonyms, examples, isExtension: extension };
}

function invalidTaxonomy(fileName: string, faults: readonly TaxonomyFault[]): AppError {
  const list = faults.map((fault) => `  ${fileName}:${fault.line}:${fault.column} ${fault.message}`).join('\n');
  const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
  return new AppError('TAXONOMY_INVALID', `${fileName} is not a usable taxonomy: ${count}. Fix these lines:\n${list}`, {
    details: { fileName, faults },
  });
}
