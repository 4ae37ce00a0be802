/** Binds the arguments of a call to the names of a task's parameters, with the rules of a Python call. */
import { AppError } from './errors.ts';

export interface Signature {
  readonly name: string;
  /** In the order of positional arguments. */
  readonly parameterNames: readonly string[];
  /** Parameters without a default. */
  readonly required: readonly string[];
  /** Takes further positional arguments, as `*args` does; later parameters can only be passed by name. */
  readonly restParameter?: string | undefined;
}

export interface Call {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

const maxShownName = 100;

/**
 * Named parameters of a call. The messages are those of CPython's TypeError, which Python clients show.
 * @throws AppError TASK_ARGUMENTS
 */
export function bindArguments(signature: Signature, { args, kwargs }: Call): Record<string, unknown> {
  const { name, parameterNames, required, restParameter } = signature;
  const restAt = restParameter === undefined ? -1 : parameterNames.indexOf(restParameter);
  const positional = restAt < 0 ? parameterNames : parameterNames.slice(0, restAt);
  const refuse = (message: string) => new AppError('TASK_ARGUMENTS', `${name}() ${message}`);
  const bound = new Map<string, unknown>();
  for (const [index, parameter] of positional.entries()) if (index < args.length) bound.set(parameter, args[index]);
  for (const [key, value] of Object.entries(kwargs)) {
    if (!parameterNames.includes(key) || key === restParameter)
      throw refuse(`got an unexpected keyword argument '${shortened(key)}'`);
    if (bound.has(key)) throw refuse(`got multiple values for argument '${key}'`);
    bound.set(key, value);
  }
  // In CPython's order: keywords first, then too many, then too few.
  if (restParameter !== undefined) bound.set(restParameter, args.slice(positional.length));
  else if (args.length > positional.length) {
    throw refuse(
      `takes ${spanOfArguments(required.length, positional.length)} but ${args.length} ${args.length === 1 ? 'was' : 'were'} given`,
    );
  }
  const missing = required.filter((each) => !bound.has(each));
  const missingPositional = missing.filter((each) => positional.includes(each));
  if (missingPositional.length > 0) throw refuse(describeMissing('positional', missingPositional));
  if (missing.length > 0) throw refuse(describeMissing('keyword-only', missing));
  return Object.fromEntries(bound);
}

function describeMissing(kind: 'positional' | 'keyword-only', names: readonly string[]): string {
  const quoted = names.map((each) => `'${each}'`);
  return `missing ${names.length} required ${kind} argument${names.length === 1 ? '' : 's'}: ${joinNames(quoted)}`;
}

/** Shortens a name, because a sender may use a name of any length. */
function shortened(name: string): string {
  return name.length <= maxShownName ? name : `${name.slice(0, maxShownName)}…`;
}

function spanOfArguments(min: number, max: number): string {
  if (min !== max) return `from ${min} to ${max} positional arguments`;
  return `${max} positional argument${max === 1 ? '' : 's'}`;
}

function joinNames(names: readonly string[]): string {
  if (names.length <= 2) return names.join(' and ');
  return `${names.slice(0, -1).join(', ')}, and ${names.at(-1)}`;
}
