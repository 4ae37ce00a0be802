/** Signatures: calls that a message carries, to be sent later. Pure. */
import { isObject, type JsonObject } from './envelope.ts';
import { invalidMessage, textOf } from './message-fields.ts';

/** A call to be sent later: a link, a step of a chain, the body of a chord. */
export interface Signature {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: JsonObject;
  readonly options: JsonObject;
  readonly subtaskType: string | null;
  /** Its arguments do not get the result of its parent. */
  readonly isImmutable: boolean;
}

/** @throws AppError MESSAGE_INVALID */
export function signaturesOf(value: unknown): Signature[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw invalidMessage('its links are no list');
  return value.map(toSignature);
}

/** Reads a signature from JSON. @throws AppError MESSAGE_INVALID */
export function toSignature(value: unknown): Signature {
  if (!isObject(value) || typeof value.task !== 'string') throw invalidMessage('one of its links is no signature');
  return {
    task: value.task,
    args: Array.isArray(value.args) ? value.args : [],
    kwargs: isObject(value.kwargs) ? value.kwargs : {},
    options: isObject(value.options) ? value.options : {},
    subtaskType: textOf(value.subtask_type),
    isImmutable: value.immutable === true,
  };
}

/** The signature as JSON, as a message has it. */
export function fromSignature(signature: Signature): JsonObject {
  const { task, args, kwargs, options, subtaskType, isImmutable } = signature;
  return { task, args, kwargs, options, subtask_type: subtaskType, immutable: isImmutable };
}
