/** Compiles a taxonomy into one matcher and a table of actions: the meaning of each match. */
import { parsePattern } from '../../../models/cue-pattern.ts';
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { CueGroup, Cues, FileField } from '../../../models/taxonomy-file.ts';
import { createMatcher, type Matcher } from '../matching/matcher.ts';
import { buildTrie, type Pattern, type Trie } from '../matching/trie.ts';
import { createLexicon, type Lexicon } from '../text/lexicon.ts';
import { createRoleReader, createSelfReader, type RoleReader, type SelfReader } from '../text/speakers.ts';

/** The role of a pattern for one field. */
export type FieldRole = 'cue' | 'frame' | 'refine' | 'band' | 'unit' | 'only' | 'never' | 'after' | 'before' | 'head';

/** The role of a pattern that is not about one field. */
export type TextRole =
  | 'negator'
  | 'notNegator'
  | 'hedge'
  | 'order'
  | 'sellerSays'
  | 'clientClaims'
  | 'confirmation'
  | 'refusal'
  | 'correction'
  | 'past'
  | 'approxBefore'
  | 'approxAfter'
  | 'period'
  | 'topics'
  | 'actions'
  | 'next'
  | 'summary';

export interface FieldAction {
  readonly of: 'field';
  readonly role: FieldRole;
  /** Index of the field in the taxonomy. */
  readonly field: number;
  /** Index of the value, frame or refinement that the pattern belongs to; 0 for the other roles. */
  readonly part: number;
  readonly weight: number;
  readonly unframed: number;
  readonly isFirm: boolean;
}

export interface TextAction {
  readonly of: 'text';
  readonly role: TextRole;
  /** The id of the period for role `period`, else empty. */
  readonly name: string;
  readonly weight: number;
}

export type Action = FieldAction | TextAction;

export interface Program {
  readonly taxonomy: Taxonomy;
  readonly lexicon: Lexicon;
  readonly matcher: Matcher;
  readonly actions: readonly Action[];
  readonly roleOf: RoleReader;
  readonly isSelf: SelfReader;
}

/** The cues of a taxonomy, compiled. */
export interface CompiledCues {
  /** Version of the taxonomy that they were compiled from. */
  readonly version: string;
  readonly actions: readonly Action[];
  readonly trie: Trie;
}

/** One program serves all classifications; it keeps no state that changes an answer. Cues of another version are ignored. */
export function createProgram(taxonomy: Taxonomy, compiled?: CompiledCues): Program {
  const { actions, trie } = compiled?.version === taxonomy.version ? compiled : compileCues(taxonomy);
  const matcher = createMatcher(trie, actions.length);
  const lexicon = createLexicon(
    taxonomy.file,
    (...word) => matcher.transitionsOf(...word),
    taxonomy.weights?.vocabulary,
  );
  const { speakers } = taxonomy.file.grammar;
  return {
    taxonomy,
    lexicon,
    matcher,
    actions,
    roleOf: createRoleReader(speakers),
    isSelf: createSelfReader(speakers),
  };
}

/** Takes about 0.2 s, so the build does it for the default taxonomy. */
export function compileCues({ file, version }: Taxonomy): CompiledCues {
  const actions: Action[] = [];
  const patterns: Pattern[] = [];

  const add = (cues: Cues | undefined, make: (group: CueGroup) => Action): void => {
    for (const list of Object.values(cues ?? {})) {
      for (const cue of list) {
        const group: CueGroup = typeof cue === 'string' ? { any: [cue], weight: 1, firm: false } : cue;
        actions.push(make(group));
        for (const source of group.any) {
          const parsed = parsePattern(source, file.classes);
          // Loading the taxonomy has already rejected patterns with faults.
          if (!parsed.ok) continue;
          for (const sequence of parsed.sequences) patterns.push({ sequence, action: actions.length - 1 });
        }
      }
    }
  };
  const addText = (role: TextRole, cues: Cues | undefined, name = ''): void =>
    add(cues, (group) => ({ of: 'text', role, name, weight: group.weight }));

  const { grammar, extracts } = file;
  addText('negator', grammar.negation.cues);
  addText('notNegator', grammar.negation.except);
  addText('hedge', grammar.hedges.cues);
  addText('order', grammar.orders);
  addText('sellerSays', grammar.speakers.says);
  addText('clientClaims', grammar.speakers.claims);
  addText('confirmation', grammar.confirmations);
  addText('refusal', grammar.refusals);
  addText('correction', grammar.corrections);
  addText('past', grammar.past);
  addText('approxBefore', grammar.numbers.approx_before);
  addText('approxAfter', grammar.numbers.approx_after);
  for (const [period, cues] of Object.entries(grammar.periods)) addText('period', cues, period);
  addText('topics', extracts.topics.cues);
  addText('actions', extracts.actions.cues);
  addText('next', extracts.next.cues);
  addText('summary', extracts.summary.cues);
  file.fields.forEach((field, index) => {
    const addField = (role: FieldRole, cues: Cues | undefined, part = 0): void =>
      add(cues, (group) => fieldAction(field, index, role, part, group));
    for (const [part, value] of field.values.entries()) addField('cue', value.cues, part);
    for (const [part, frame] of field.frames.entries()) addField('frame', frame.cues, part);
    for (const [part, refinement] of field.refine.entries()) addField('refine', refinement.cues, part);
    addField('band', field.bands?.cues);
    addField('unit', field.quantity?.units);
    addField('only', field.quantity?.only);
    addField('never', field.quantity?.never);
    addField('after', field.phrases?.after);
    addField('before', field.phrases?.before);
    addField('head', field.phrases?.heads);
  });

  return { version, actions, trie: buildTrie(patterns) };
}

function fieldAction(field: FileField, index: number, role: FieldRole, part: number, group: CueGroup): FieldAction {
  return {
    of: 'field',
    role,
    field: index,
    part,
    weight: group.weight,
    unframed: group.unframed ?? field.unframed,
    isFirm: group.firm,
  };
}
