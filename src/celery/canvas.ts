/** Plans what a task sends on: signatures of links, chains, groups and chords become task messages. Pure. */
import { nameUuid } from '../core/name-uuid.ts';
import { isObject, type JsonObject } from './envelope.ts';
import { type Embed, fromSignature, type Signature, type TaskToSend, toSignature } from './message.ts';

/** Whose children they are. */
export interface Parent {
  readonly id: string;
  readonly rootId: string | null;
  readonly replyTo: string | null;
  /** Headers of the sender's own. */
  readonly headers: JsonObject;
}

export interface PlanOptions {
  readonly parent: Parent;
  /** Put before the arguments of what is not immutable. */
  readonly prefix: readonly unknown[];
  /** Makes ids that are the same when a plan is made again. */
  readonly seed: string;
  readonly nowMs: number;
  readonly origin: string;
  queueOf(task: string, options: JsonObject): string;
}

export interface Plan {
  readonly sends: readonly TaskToSend[];
  /** As a result that holds it names it. */
  readonly result: unknown;
  /** As `children` of its sender's document names it: of a chord that is its header. */
  readonly trail: unknown;
  /** Sizes of chords that must be known before their members end. */
  readonly chordSizes: readonly { readonly groupId: string; readonly size: number }[];
}

interface Position {
  readonly groupId?: string | null;
  readonly groupIndex?: number | null;
  /** What runs after it, in order. */
  readonly chain?: readonly Signature[];
  readonly chord?: Signature | null;
}

/** @throws AppError MESSAGE_INVALID for a signature that is none */
export function planSignature(signature: Signature, options: PlanOptions, position: Position = {}): Plan {
  switch (signature.subtaskType) {
    case 'chain':
      return planChain(signature, options, position);
    case 'group':
      return planGroup(signature, options, position);
    case 'chord':
      return planChord(signature, options, position);
    default:
      return planTask(signature, options, position);
  }
}

/** The next step of a chain: it carries the rest. */
export function planChainStep(steps: readonly Signature[], options: PlanOptions): Plan | undefined {
  const [next, ...rest] = steps;
  return next && planSignature(next, options, { chain: rest });
}

function planTask(signature: Signature, options: PlanOptions, position: Position): Plan {
  const { task, options: own } = signature;
  const { parent, prefix, seed, nowMs } = options;
  const id = text(own.task_id) ?? nameUuid(seed);
  const embed: Embed = {
    callbacks: signatures(own.link),
    errbacks: signatures(own.link_error),
    chain: position.chain ?? signatures(own.chain).toReversed(),
    chord: position.chord ?? (own.chord === undefined || own.chord === null ? null : toSignature(own.chord)),
  };
  const send: TaskToSend = {
    id,
    task,
    args: signature.isImmutable ? signature.args : [...prefix, ...signature.args],
    kwargs: signature.kwargs,
    queue: options.queueOf(task, own),
    priority: number(own.priority) ?? 0,
    etaMs: number(own.countdown) === null ? moment(own.eta) : nowMs + (number(own.countdown) ?? 0) * 1_000,
    expiresAtMs: number(own.expires) === null ? moment(own.expires) : nowMs + (number(own.expires) ?? 0) * 1_000,
    hardLimitSeconds: number(own.time_limit),
    softLimitSeconds: number(own.soft_time_limit),
    rootId: parent.rootId ?? parent.id,
    parentId: parent.id,
    groupId: position.groupId ?? text(own.group_id),
    groupIndex: position.groupIndex ?? number(own.group_index),
    ignoresResult: own.ignore_result === true,
    replyTo: text(own.reply_to) ?? parent.replyTo,
    // Without a chain `embed.chain` is null; a step of one carries a list, be it empty.
    embed: position.chain || embed.chain.length > 0 ? embed : { ...embed, chain: undefined },
    headers: { ...parent.headers, ...(isObject(own.headers) ? own.headers : {}) },
    origin: options.origin,
  };
  const result = [[id, null], null];
  return { sends: [send], result, trail: result, chordSizes: [] };
}

/** Several links are sent as one group, error links always; those that are groups themselves go by themselves. */
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
    ...(rest.length === 0 ? [] : [joinMembers(rest, nameUuid(`${options.seed}:links`), options, null)]),
  ];
}

function planChain(signature: Signature, options: PlanOptions, position: Position): Plan {
  const tasks = signatures(signature.kwargs.tasks);
  const last = tasks.at(-1);
  if (!last) return nothing;
  // What belongs to the whole chain happens when its last step ends.
  const ends = { group_id: position.groupId, group_index: position.groupIndex, chord: position.chord };
  const carried = Object.fromEntries(Object.entries(ends).filter(([, value]) => value !== undefined && value !== null));
  const own = text(signature.options.task_id) === null ? {} : { task_id: signature.options.task_id };
  const links = { link: signature.options.link, link_error: signature.options.link_error };
  const marked = { ...last, options: { ...defined(links), ...last.options, ...own, ...wireOf(carried) } };
  const steps = [...tasks.slice(0, -1), marked, ...(position.chain ?? [])];
  const [first = marked, ...rest] = steps;
  return planSignature(first, options, { chain: rest });
}

function planGroup(signature: Signature, options: PlanOptions, position: Position): Plan {
  const tasks = signatures(signature.kwargs.tasks);
  const groupId = text(signature.options.task_id);
  // A group with something after it is a chord.
  const [next, ...chain] = position.chain ?? [];
  const body = next ?? position.chord;
  if (body) return planMembers({ tasks, body, groupId }, options, { ...position, chain });
  return joinMembers(tasks, groupId ?? nameUuid(options.seed), options, null);
}

/** The id of a chord is that of its header; its result has the id of its body. */
function planChord(signature: Signature, options: PlanOptions, position: Position): Plan {
  const { header, body } = signature.kwargs;
  const group = isObject(header) ? toSignature(header) : undefined;
  const tasks = signatures(group ? group.kwargs.tasks : header);
  const groupId = text(group?.options.task_id) ?? text(signature.options.task_id);
  return planMembers({ tasks, body: toSignature(body), groupId }, options, position);
}

interface Members {
  readonly tasks: readonly Signature[];
  readonly body: Signature;
  readonly groupId: string | null;
}

/** Members that end in a body, which itself may be a step of a chain or a member of a chord. */
function planMembers({ tasks, body, groupId }: Members, options: PlanOptions, position: Position): Plan {
  const bodyId = text(body.options.task_id) ?? nameUuid(`${options.seed}:body`);
  const { chain = [], groupId: outer, groupIndex = null } = position;
  const carried = {
    ...(chain.length > 0 ? { chain: chain.map(fromSignature).toReversed() } : {}),
    ...(outer ? { group_id: outer, group_index: groupIndex } : {}),
  };
  const end: Signature = { ...body, options: { ...body.options, ...carried, task_id: bodyId } };
  const id = groupId ?? nameUuid(`${options.seed}:group`);
  const members = joinMembers(tasks, id, options, end);
  return {
    ...members,
    result: [[bodyId, members.result], null],
    chordSizes: [...members.chordSizes, { groupId: id, size: tasks.length }],
  };
}

function joinMembers(
  tasks: readonly Signature[],
  groupId: string,
  options: PlanOptions,
  chord: Signature | null,
): Plan {
  const plans = tasks.map((each, index) =>
    planSignature(each, { ...options, seed: `${options.seed}:${index}` }, { groupId, groupIndex: index, chord }),
  );
  const result = [[groupId, null], plans.map((plan) => plan.result)];
  return {
    sends: plans.flatMap(({ sends }) => sends),
    result,
    trail: result,
    chordSizes: plans.flatMap(({ chordSizes }) => chordSizes),
  };
}

const nothing: Plan = { sends: [], result: null, trail: null, chordSizes: [] };

function signatures(value: unknown): Signature[] {
  if (Array.isArray(value)) return value.map(toSignature);
  return value === undefined || value === null ? [] : [toSignature(value)];
}

function wireOf(values: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, isSignature(value) ? fromSignature(value) : value]),
  );
}

function isSignature(value: unknown): value is Signature {
  return isObject(value) && 'subtaskType' in value;
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
