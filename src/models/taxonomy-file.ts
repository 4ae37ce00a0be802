/** The shape of a taxonomy file, as zod schemas; taxonomies/taxonomy.schema.json is made from it. */
import * as z from 'zod';

const text = z.string().trim().min(1);
const id = z.string().regex(/^[a-z][a-z0-9_]*$/, 'must be lower-case letters, digits and underscores');
const labels = z.strictObject({ es: text, en: text });
const reach = z.int().min(1).max(60);

const cueGroup = z.strictObject({
  any: z.array(text).min(1).describe('Patterns with the same weight.'),
  weight: z
    .number()
    .min(-20)
    .max(20)
    .default(1)
    .describe('Points that one match adds; a negative weight is evidence against the value.'),
  unframed: z.number().min(0).max(1).optional().describe("Factor of the weight outside the field's frames."),
  firm: z
    .boolean()
    .default(false)
    .describe('True: negations and hedges around it have no effect, as in "no damos abasto".'),
});
const cue = z.union([text, cueGroup]);
const cues = z.record(z.string().regex(/^[a-z]{2}$|^any$/, 'must be a language code or "any"'), z.array(cue));

const frame = z.strictObject({
  factor: z.number().min(0).max(10).describe('Factor for the weight of a cue near it; with 0 the cue does not count.'),
  reach: reach.default(6).describe('Maximum number of words between frame and cue.'),
  side: z.enum(['before', 'after', 'both']).default('before').describe('Position of the frame relative to the cue.'),
  within: z.enum(['clause', 'sentence']).default('clause'),
  quoted: z.boolean().default(false).describe('True: the evidence is the text from frame to cue.'),
  takes_back: z
    .boolean()
    .default(false)
    .describe('True: at the start of a sentence it also applies to the previous sentence: "Eso no es problema."'),
  cues,
});

const position = z
  .strictObject({ factor: z.number().min(0).max(10), reach })
  .describe(
    'A cue among the first words that a client says counts so, unless a frame reaches it: "Cadena de hoteles, 700 empleados."',
  );

const value = z.strictObject({
  id,
  labels,
  definition: text,
  extension: z.boolean().default(false).describe('True: added by this worker; the replaced system does not have it.'),
  synonyms: z.array(text).default([]).describe('Other spellings that a model or a person may give.'),
  examples: z.array(text).default([]),
  cues: cues.default({}),
  follows: id.optional().describe('A phrases field: this value is set exactly when that field is not empty.'),
  unless: z.array(id).default([]).describe('Values of the same list that exclude this one.'),
});

const bands = z.strictObject({
  cues: cues.describe('Patterns with a # for the number.'),
  steps: z.array(z.strictObject({ from: z.number().min(0), value: id })).min(1),
});

const quantity = z.strictObject({
  units: cues,
  only: cues.optional().describe('Counted only in a sentence with one of these.'),
  never: cues.optional().describe('Not counted in a sentence with one of these.'),
});

const phrases = z.strictObject({
  after: cues.default({}).describe('Words before a phrase: "integrarse con".'),
  before: cues.default({}).describe('Words that refer to a phrase mentioned just before: "integrarlo".'),
  heads: cues.default({}).describe('Words that such a phrase must contain; empty: any.'),
  whole: z.boolean().default(false).describe('True: takes the rest of the clause instead of a noun phrase.'),
  most: z.int().min(1).max(20).default(6),
});

const decide = z.strictObject({
  by: z.enum(['sum', 'strongest', 'language']).default('sum'),
  threshold: z.number().positive().default(1),
  margin: z.number().min(0).default(0).describe('Minimum lead over the second value; below it the answer is null.'),
  otherwise: z
    .string()
    .optional()
    .describe('Answer when no cue decides and the text has content; needs quote: optional, or given.'),
  given: z
    .record(id, z.array(id))
    .optional()
    .describe(
      'Fields, and values of theirs (none: any), one of which must be answered for `otherwise` to hold; it is quoted.',
    ),
});

const refinement = z
  .strictObject({ from: id, to: id, cues })
  .describe('If `from` wins and one of the cues is found, the answer is `to`.');

const fieldShape = z.strictObject({
  id,
  type: z.enum(['enum', 'boolean', 'list', 'quantity', 'phrases']),
  labels,
  definition: text,
  extension: z.boolean().default(false),
  quote: z.enum(['required', 'optional']).default('required'),
  stored_default: z.union([z.string(), z.boolean()]).optional(),
  topic: z.boolean().default(false).describe('True: the found value is also a topic of the meeting.'),
  examples: z.array(text).default([]),
  values: z.array(value).default([]),
  decide: decide.default({ by: 'sum', threshold: 1, margin: 0 }),
  frames: z.array(frame).default([]),
  unframed: z.number().min(0).max(1).default(1),
  opening: position.optional(),
  alone: z
    .number()
    .min(0)
    .max(10)
    .optional()
    .describe('Factor of a cue that is a whole sentence, unless a frame reaches it.'),
  refine: z.array(refinement).default([]),
  bands: bands.optional(),
  quantity: quantity.optional(),
  phrases: phrases.optional(),
});

const wordNumbers = z.record(text, z.number().min(0));

const grammarShape = z.strictObject({
  content_words: z.int().min(1).describe('Texts with fewer words of a known language count as empty.'),
  abbreviations: z.array(text).default([]),
  breaks: z.array(text).describe('Words that start a new clause.'),
  negation: z.strictObject({ reach, cues, except: cues.default({}) }),
  hedges: z.strictObject({ reach, factor: z.number().min(0).max(1), cues }),
  orders: cues.describe('After one of these a sentence gives orders to the model, so it is not used as evidence.'),
  speakers: z.strictObject({
    client: z.array(text),
    seller: z.array(text),
    ignored: z.array(text).default([]),
    selves: z
      .array(text)
      .default([])
      .describe(
        'Words in which speakers speak of themselves, `*mos` by its end: what follows an order and holds one is speech again.',
      ),
    says: cues.describe('Phrases that identify an unnamed speaker as the seller.'),
    claims: cues.default({}).describe('Phrases that clients use about themselves.'),
  }),
  confirmations: cues,
  refusals: cues,
  corrections: cues,
  past: cues,
  numbers: z.strictObject({
    words: wordNumbers,
    multipliers: wordNumbers,
    joiners: z.array(text),
    approx_before: cues,
    approx_after: cues,
  }),
  periods: z.record(id, cues),
  languages: z
    .record(z.string(), z.array(text))
    .describe('Function words; those of a language that is not a value count against it.'),
});

const curve = z
  .array(z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)]))
  .min(1)
  .refine((points) => points.every(([from, share], at) => at === 0 || isAbove([from, share], points[at - 1])), {
    message: 'must rise: each point lies right of the one before and not below it',
  })
  .describe('Points [confidence of the rules, share of correct answers], connected by straight lines.');

function isAbove([from, share]: [number, number], before: [number, number] | undefined): boolean {
  return before === undefined || (from > before[0] && share >= before[1]);
}

const extract = z.strictObject({ cues: cues.default({}), most: z.int().min(1).max(20) });

const extractsShape = z.strictObject({
  topics: extract,
  actions: extract,
  next: extract,
  summary: extract,
});

export const taxonomyFileShape = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case letters, digits and hyphens'),
  labels,
  description: text,
  shared: z.unknown().optional().describe('Anchors for YAML aliases; not read.'),
  review_below: z
    .number()
    .min(0)
    .max(1)
    .default(0.4)
    .describe('Total confidence below which a person should review the answer.'),
  calibration: z
    .strictObject({
      enum: curve.optional(),
      boolean: curve.optional(),
      list: curve.optional(),
      quantity: curve.optional(),
      phrases: curve.optional(),
    })
    .optional()
    .describe('Share of correct answers, by type of field; printed by scripts/fit-confidence.ts.'),
  classes: z.record(z.string().regex(/^[a-z_]+$/), z.array(text).min(1)).default({}),
  grammar: grammarShape,
  extracts: extractsShape,
  fields: z.array(fieldShape).min(1),
});

export type TaxonomyFile = z.output<typeof taxonomyFileShape>;
export type FileField = z.output<typeof fieldShape>;
export type FileValue = z.output<typeof value>;
export type Cues = z.output<typeof cues>;
export type CueGroup = z.output<typeof cueGroup>;
