/** The shape of a taxonomy file, as zod schemas; taxonomies/taxonomy.schema.json is made from it. */
import { z } from 'zod';

const text = z.string().trim().min(1);
const id = z.string().regex(/^[a-z][a-z0-9_]*$/, 'must be lower-case letters, digits and underscores');
const labels = z.strictObject({ es: text, en: text });
const reach = z.int().min(1).max(60);

const cueGroup = z.strictObject({
  any: z.array(text).min(1).describe('Patterns that count alike.'),
  weight: z.number().min(-20).max(20).default(1).describe('What one match adds; negative speaks against the value.'),
  unframed: z.number().min(0).max(1).optional().describe("What is left of the weight outside the field's frames."),
  firm: z
    .boolean()
    .default(false)
    .describe('True: negations and hedges around it change nothing, as in "no damos abasto".'),
});
const cue = z.union([text, cueGroup]);
const cues = z.record(z.string().regex(/^[a-z]{2}$|^any$/, 'must be a language code or "any"'), z.array(cue));

const frame = z.strictObject({
  factor: z.number().min(0).max(10).describe('What it does to the weight of a cue near it; 0 silences the cue.'),
  reach: reach.default(6).describe('Words between frame and cue, at most.'),
  side: z.enum(['before', 'after', 'both']).default('before').describe('Where the frame stands, seen from the cue.'),
  within: z.enum(['clause', 'sentence']).default('clause'),
  quoted: z.boolean().default(false).describe('True: the evidence runs from frame to cue.'),
  takes_back: z
    .boolean()
    .default(false)
    .describe('True: among the first words of a sentence it also reaches the sentence before: "Eso no es problema."'),
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
  extension: z.boolean().default(false).describe('True: not in the list of the system this worker replaces.'),
  synonyms: z.array(text).default([]).describe('Other spellings that a model or a person may give.'),
  examples: z.array(text).default([]),
  cues: cues.default({}),
  follows: id.optional().describe('A phrases field: this value is set exactly when that field is not empty.'),
  unless: z.array(id).default([]).describe('Values of the same list that rule this one out.'),
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
  after: cues.default({}).describe('What a phrase follows: "integrarse con".'),
  before: cues.default({}).describe('What refers back to a phrase named just before: "integrarlo".'),
  heads: cues.default({}).describe('Words that such a phrase holds; empty: any.'),
  whole: z.boolean().default(false).describe('True: the rest of the clause, instead of a noun phrase.'),
  most: z.int().min(1).max(20).default(6),
});

const decide = z.strictObject({
  by: z.enum(['sum', 'strongest', 'language']).default('sum'),
  threshold: z.number().positive().default(1),
  margin: z.number().min(0).default(0).describe('Lead over the second value, below which the answer is null.'),
  otherwise: z
    .string()
    .optional()
    .describe('Answer where nothing decides and the text says something; needs quote: optional, or given.'),
  given: z
    .record(id, z.array(id))
    .optional()
    .describe(
      'Fields, and values of theirs (none: any), one of which must be answered for `otherwise` to hold; it is quoted.',
    ),
});

const refinement = z
  .strictObject({ from: id, to: id, cues })
  .describe('Where `from` has won and a cue is there, `to` is the answer.');

const fieldShape = z.strictObject({
  id,
  type: z.enum(['enum', 'boolean', 'list', 'quantity', 'phrases']),
  labels,
  definition: text,
  extension: z.boolean().default(false),
  quote: z.enum(['required', 'optional']).default('required'),
  stored_default: z.union([z.string(), z.boolean()]).optional(),
  topic: z.boolean().default(false).describe('True: what was found names a topic of the talk.'),
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
  content_words: z.int().min(1).describe('Shorter texts, in words of a known language, say nothing.'),
  abbreviations: z.array(text).default([]),
  breaks: z.array(text).describe('Words that begin a new clause.'),
  negation: z.strictObject({ reach, cues, except: cues.default({}) }),
  hedges: z.strictObject({ reach, factor: z.number().min(0).max(1), cues }),
  orders: cues.describe('From one of these on a sentence speaks to the machine: nothing in it is evidence.'),
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
    says: cues.describe('What a seller says, by which an unnamed one is known.'),
    claims: cues.default({}).describe('What a client says of itself.'),
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
    .describe('Function words; a language that is no value counts against.'),
});

const curve = z
  .array(z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)]))
  .min(1)
  .refine((points) => points.every(([from, share], at) => at === 0 || isAbove([from, share], points[at - 1])), {
    message: 'must rise: each point lies right of the one before and not below it',
  })
  .describe('Points [confidence of the rules, share that is right there], joined by straight lines.');

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
    .describe('Confidence of the whole below which a person should look.'),
  calibration: z
    .strictObject({
      enum: curve.optional(),
      boolean: curve.optional(),
      list: curve.optional(),
      quantity: curve.optional(),
      phrases: curve.optional(),
    })
    .optional()
    .describe('How often answers are right, by type of field; printed by scripts/fit-confidence.ts.'),
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
