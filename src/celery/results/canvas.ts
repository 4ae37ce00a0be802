/** Plans the follow-ups of a task: turns signatures of links, chains, groups and chords into task messages. Pure. */
import { nameUuid } from '../../core/name-uuid.ts';
import type { TaskToSend } from '../protocol/encode-task-message.ts';
import { isObject, type JsonObject } from '../protocol/envelope.ts';
import { fromSignature, type Signature, toSignature } from '../protocol/signature.ts';
import type { Embed } from '../protocol/task-message.ts';
import { countEnds, endsOf, nameEnds, type ResultTuple, signaturesIn, tasksOf, withOptions } from './canvas-ends.ts';

/** The task that sends them. */
export interface Parent {
  readonly id: string;
  readonly rootId: string | null;
  readonly replyTo: string | null;
  /** Custom headers of the sender. */
  readonly headers: JsonObject;
}

export interface PlanOptions {
  readonly parent: Parent;
  /** Put before the arguments of a signature that is not immutable. */
  readonly prefix: readonly unknown[];
  /** Ids are derived from it, so the same plan has the same ids. */
  readonly seed: string;
  readonly nowMs: number;
  readonly origin: string;
  queueOf(task: string, options: JsonObject): string;
}

export interface Plan {
  readonly sends: readonly TaskToSend[];
  /** The result tuple of it. */
  readonly result: unknown;
  /** The result tuple for `children` of its sender's document; for a chord this is its header. */
  readonly trail: unknown;
  /** Chords that must be saved before their members end. */
  readonly chords: readonly PlannedChord[];
}

export interface PlannedChord {
  readonly groupId: string;
  readonly size: number;
  /** How results are nested in the list for the body; null: not nested. */
  readonly structure: ResultTuple | null;
}

interface Position {
  readonly groupId?: string | null;
  readonly groupIndex?: number | null;
  /** The steps after it, in order. */
  readonly chain?: readonly Signature[];
  readonly chord?: Signature | null;
}

/** @throws AppError MESSAGE_INVALID for a malformed signature */
export function planSignature(signature: Signature, options: PlanOptions, position: Position = {}): Plan {
  const place = placeOf(signature, position);
  const given = signature.isImmutable ? { ...options, prefix: [] } : options;
  switch (signature.subtaskType) {
    case 'chain':
      return planChain(signature, given, place);
    case 'group':
      return planGroup(signature, given, place);
    case 'chord':
      return planChord(signature, given, place);
    default:
      return planTask(signature, given, place);
  }
}

/** The options of a signature may name what follows it: the rest of a chain, a position in a chord. */
function placeOf({ options: own }: Signature, { chain, groupId, groupIndex, chord }: Position): Position {
  const ownChain = signaturesIn(own.chain).toReversed();
  return {
    // `embed.chain` is null outside of a chain; a step of a chain has a list, which may be empty.
    chain: chain || ownChain.length > 0 ? [...ownChain, ...(chain ?? [])] : undefined,
    groupId: groupId ?? text(own.group_id),
    groupIndex: groupIndex ?? number(own.group_index),
    chord: chord ?? signaturesIn(own.chord)[0] ?? null,
  };
}

/** The next step of a chain; its message carries the rest. */
export function planChainStep(steps: readonly Signature[], options: PlanOptions): Plan | undefined {
  const [next, ...rest] = steps;
  return next && planSignature(next, options, { chain: rest });
}

function planTask(signature: Signature, options: PlanOptions, position: Position): Plan {
  const { task, options: own } = signature;
  const { parent, prefix, seed, nowMs } = options;
  const id = text(own.task_id) ?? nameUuid(seed);
  const embed: Partial<Embed> = {
    callbacks: signaturesIn(own.link),
    errbacks: signaturesIn(own.link_error),
    chain: position.chain,
    chord: position.chord,
  };
  const send: TaskToSend = {
    id,
    task,
    args: [...prefix, ...signature.args],
    kwargs: signature.kwargs,
    queue: options.queueOf(task, own),
    priority: number(own.priority) ?? 0,
    etaMs: number(own.countdown) === null ? moment(own.eta) : nowMs + (number(own.countdown) ?? 0) * 1_000,
    expiresAtMs: number(own.expires) === null ? moment(own.expires) : nowMs + (number(own.expires) ?? 0) * 1_000,
    hardLimitSeconds: number(own.time_limit),
    softLimitSeconds: number(own.soft_time_limit),
    rootId: parent.rootId ?? parent.id,
    parentId: parent.id,
    groupId: position.groupId,
    groupIndex: position.groupIndex,
    ignoresResult: own.ignore_result === true,
    replyTo: text(own.reply_to) ?? parent.replyTo,
    embed,
    headers: { ...parent.headers, ...(isObject(own.headers) ? own.headers : {}) },
    origin: options.origin,
  };
  const result = [[id, null], null];
  return { sends: [send], result, trail: result, chords: [] };
}

/** Several links are sent as one group, error links always. Links that are groups are sent separately. */
export function planLinks(
  links: readonly Signature[],
  options: PlanOptions,
  { alwaysGroup = false }: { alwaysGroup?: boolean } = {},
): readonly Plan[] {
  if (links.length === 0) return [];
  const [first] = links;
  if (first && links.length === 1 && !alwaysGroup) return [planSignature(first, options)];
  const isGroup = ({ subtaskType }: Signature) => !alwaysGroup && subtaskType === 'group';
  const groups = links.filter(isGroup).map((link, index) => ({ link, seed: `${options.seed}:group ${index}` }));
  const rest = links.filter((link) => !isGroup(link));
  return [
    ...groups.map(({ link, seed }) => planSignature(link, { ...options, seed })),
    ...(rest.length === 0 ? [] : [joinMembers(rest, options, { groupId: nameUuid(`${options.seed}:links`) })]),
  ];
}

function planChain(signature: Signature, options: PlanOptions, position: Position): Plan {
  const tasks = tasksOf(signature);
  const last = tasks.at(-1);
  const end = last && endOfChain(last, signature, position);
  const steps = [...tasks.slice(0, -1), ...(end ? [end] : []), ...(position.chain ?? [])];
  return planChainStep(steps, options) ?? nothing;
}

/** Links and chord of the whole chain belong to its last step. */
function endOfChain(last: Signature, { options: own }: Signature, { groupId, groupIndex, chord }: Position): Signature {
  const links = {
    link: joined(last.options.link, own.link),
    link_error: joined(last.options.link_error, own.link_error),
  };
  const id = text(last.options.task_id) ?? text(own.task_id);
  const place = { task_id: id, group_id: groupId, group_index: groupIndex, chord: chord && fromSignature(chord) };
  return withOptions(last, defined({ ...links, ...place }));
}

function planGroup(signature: Signature, options: PlanOptions, position: Position): Plan {
  const tasks = tasksOf(signature);
  const groupId = text(signature.options.task_id);
  const { chord, groupId: outer, groupIndex } = position;
  const [next, ...chain] = position.chain ?? [];
  // A group that is followed by a task is a chord.
  if (next) return planMembers({ tasks, body: next, groupId }, options, { ...position, chain });
  // Where a group ends a member of a chord, its tasks are members themselves.
  if (chord && outer) return joinMembers(tasks, options, { groupId: outer, groupIndex, chord });
  if (chord) return planMembers({ tasks, body: chord, groupId }, options, {});
  return joinMembers(tasks, options, { groupId: groupId ?? nameUuid(options.seed) });
}

/** The id of a chord is that of its header; its result has the id of its body. */
function planChord(signature: Signature, options: PlanOptions, position: Position): Plan {
  const { header, body } = signature.kwargs;
  const group = isObject(header) ? toSignature(header) : undefined;
  const tasks = group ? tasksOf(group) : signaturesIn(header);
  const groupId = text(group?.options.task_id) ?? text(signature.options.task_id);
  const { link, link_error: linkError } = signature.options;
  const end = toSignature(body);
  const links = { link: joined(end.options.link, link), link_error: joined(end.options.link_error, linkError) };
  return planMembers({ tasks, body: withOptions(end, defined(links)), groupId }, options, position);
}

interface Members {
  readonly tasks: readonly Signature[];
  readonly body: Signature;
  readonly groupId: string | null;
}

/** Members of a chord and its body, which may itself be a step of a chain or a member of an outer chord. */
function planMembers({ tasks, body, groupId }: Members, options: PlanOptions, position: Position): Plan {
  const { chain = [], groupId: outer, groupIndex, chord } = position;
  const rest = [...chain.map(fromSignature).toReversed(), ...signaturesIn(body.options.chain).map(fromSignature)];
  const place = outer ? { group_id: outer, group_index: groupIndex, chord: chord && fromSignature(chord) } : {};
  const carried = defined({ ...place, chain: rest.length > 0 ? rest : null });
  const end = withOptions(nameEnds(body, `${options.seed}:body`), carried);
  // The end of the last member sends the body; without members it is sent now.
  if (tasks.length === 0) return planSignature(end, { ...options, prefix: [[]] });
  const id = groupId ?? nameUuid(`${options.seed}:group`);
  const members = unrolled(tasks).map((each, index) => nameEnds(each, `${options.seed}:${index}`));
  const structure: ResultTuple = [[id, null], members.map(endsOf)];
  const isNested = structure[1]?.some(([, inner]) => inner !== null) ?? false;
  const planned = { groupId: id, size: countEnds(structure), structure: isNested ? structure : null };
  const plan = joinMembers(members, options, { groupId: id, chord: end });
  const [[endId], ends] = endsOf(end);
  return { ...plan, result: [[endId, plan.result], ends], chords: [...plan.chords, planned] };
}

function joinMembers(
  tasks: readonly Signature[],
  options: PlanOptions,
  { groupId, groupIndex, chord = null }: { groupId: string; groupIndex?: number | null; chord?: Signature | null },
): Plan {
  const plans = unrolled(tasks).map((each, index) =>
    planSignature(
      each,
      { ...options, seed: `${options.seed}:${index}` },
      { groupId, groupIndex: groupIndex ?? index, chord },
    ),
  );
  const result = [[groupId, null], plans.map((plan) => plan.result)];
  return {
    sends: plans.flatMap(({ sends }) => sends),
    result,
    trail: result,
    chords: plans.flatMap(({ chords }) => chords),
  };
}

/** The members of a nested group are members of the outer one. */
function unrolled(tasks: readonly Signature[]): readonly Signature[] {
  return tasks.flatMap((each) => (each.subtaskType === 'group' ? unrolled(tasksOf(each)) : [each]));
}

const nothing: Plan = { sends: [], result: null, trail: null, chords: [] };

/** Both lists of links; null where there are none. */
function joined(first: unknown, second: unknown): readonly JsonObject[] | null {
  const links = [...signaturesIn(first), ...signaturesIn(second)];
  return links.length === 0 ? null : links.map(fromSignature);
}

function defined(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== null));
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function moment(value: unknown): number | null {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}
