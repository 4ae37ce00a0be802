/** The last tasks of a signature: a chord counts them, passes their results to its body, and they fail with the tasks before them. Pure. */
import { nameUuid } from '../../core/name-uuid.ts';
import { isObject, type JsonObject } from '../protocol/envelope.ts';
import { fromSignature, type Signature, toSignature } from '../protocol/signature.ts';

/** A result as Celery writes it, `[[id, parent], members]`: a task has no members, a group has a list. */
export type ResultTuple = readonly [readonly [id: string | null, parent: unknown], readonly ResultTuple[] | null];

/** A task that will never be sent, and the chord that counts it. */
export interface SkippedTask {
  readonly id: string;
  readonly groupId: string | null;
  readonly groupIndex: number | null;
  readonly chord: Signature | null;
}

/** The signature with an id for each last task. */
export function nameEnds(signature: Signature, seed: string): Signature {
  const { kwargs, options } = signature;
  switch (signature.subtaskType) {
    case 'chain': {
      const tasks = tasksOf(signature);
      const last = tasks.at(-1);
      if (!last) return signature;
      const id = text(last.options.task_id) ?? text(options.task_id);
      const named = nameEnds(id === null ? last : withOptions(last, { task_id: id }), seed);
      return withTasks(signature, [...tasks.slice(0, -1), named]);
    }
    case 'group':
      return withTasks(
        signature,
        tasksOf(signature).map((each, index) => nameEnds(each, `${seed}:${index}`)),
      );
    case 'chord':
      return { ...signature, kwargs: { ...kwargs, body: fromSignature(nameEnds(toSignature(kwargs.body), seed)) } };
    default:
      return withOptions(signature, { task_id: text(options.task_id) ?? nameUuid(seed) });
  }
}

/** The last tasks of a signature in which they have ids. */
export function endsOf(signature: Signature): ResultTuple {
  const id = text(signature.options.task_id);
  switch (signature.subtaskType) {
    case 'chain': {
      const last = tasksOf(signature).at(-1);
      return last ? endsOf(last) : [[id, null], []];
    }
    case 'group':
      return [[id, null], tasksOf(signature).map(endsOf)];
    case 'chord':
      return endsOf(toSignature(signature.kwargs.body));
    default:
      return [[id, null], null];
  }
}

export function countEnds([, members]: ResultTuple): number {
  return members === null ? 1 : members.reduce((sum, each) => sum + countEnds(each), 0);
}

/** Every task with an id that a signature would have sent, the last first; those of a chord's header have no results of their own. */
export function skippedTasks(signature: Signature, outer: Omit<SkippedTask, 'id'> = noChord): readonly SkippedTask[] {
  const { options } = signature;
  const place = isObject(options.chord) ? placeOf(options) : outer;
  const later = signaturesIn(options.chain).flatMap((each) => skippedTasks(each));
  return [...later, ...skippedOf(signature, place)];
}

function skippedOf(signature: Signature, place: Omit<SkippedTask, 'id'>): readonly SkippedTask[] {
  const id = text(signature.options.task_id);
  switch (signature.subtaskType) {
    case 'chain': {
      const [last, ...earlier] = tasksOf(signature).toReversed();
      if (!last) return [];
      const named = text(last.options.task_id) === null && id !== null ? withOptions(last, { task_id: id }) : last;
      return [...skippedTasks(named, place), ...earlier.flatMap((each) => skippedTasks(each))];
    }
    case 'group':
      return tasksOf(signature).flatMap((each) => skippedTasks(each, place));
    case 'chord':
      return skippedTasks(toSignature(signature.kwargs.body), place);
    default:
      return id === null ? [] : [{ id, ...place }];
  }
}

const noChord = { groupId: null, groupIndex: null, chord: null };

function placeOf({ chord, group_id, group_index }: JsonObject): Omit<SkippedTask, 'id'> {
  const groupIndex = typeof group_index === 'number' ? group_index : null;
  return { groupId: text(group_id), groupIndex, chord: toSignature(chord) };
}

/** Tasks of a chain or a group. */
export function tasksOf({ kwargs }: Signature): Signature[] {
  return signaturesIn(kwargs.tasks);
}

/** A list of signatures, one, or none. */
export function signaturesIn(value: unknown): Signature[] {
  if (Array.isArray(value)) return value.map(toSignature);
  return value === undefined || value === null ? [] : [toSignature(value)];
}

export function withOptions(signature: Signature, options: JsonObject): Signature {
  return { ...signature, options: { ...signature.options, ...options } };
}

function withTasks(signature: Signature, tasks: readonly Signature[]): Signature {
  return { ...signature, kwargs: { ...signature.kwargs, tasks: tasks.map(fromSignature) } };
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
