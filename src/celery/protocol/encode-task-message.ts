/** Task messages to send, as Python sends them. Pure but for the delivery tag. */
import { randomUUID } from 'node:crypto';
import { encodeEnvelope, type JsonObject } from './envelope.ts';
import { listKey } from './list-key.ts';
import { momentText } from './message-fields.ts';
import { safeRepr, tupleRepr } from './python-repr.ts';
import { fromSignature, type Signature } from './signature.ts';
import type { Embed } from './task-message.ts';

export interface TaskToSend {
  readonly id: string;
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: JsonObject;
  /** Name of the queue, which is also the key of its list for priority 0. */
  readonly queue: string;
  readonly priority?: number;
  readonly etaMs?: number | null;
  readonly expiresAtMs?: number | null;
  readonly retries?: number;
  readonly hardLimitSeconds?: number | null;
  readonly softLimitSeconds?: number | null;
  readonly rootId?: string | null;
  readonly parentId?: string | null;
  readonly groupId?: string | null;
  readonly groupIndex?: number | null;
  readonly ignoresResult?: boolean;
  readonly replyTo?: string | null;
  readonly embed?: Partial<Embed>;
  readonly headers?: JsonObject;
  /** `<pid>@<host>` of the sender. */
  readonly origin: string;
}

/** A protocol 2 message as Python sends it, and the key of the list it is pushed to. */
export function encodeTaskMessage(task: TaskToSend): { readonly key: string; readonly raw: string } {
  const { id, args, kwargs, queue, embed, priority = 0 } = task;
  const headers = {
    lang: 'py',
    task: task.task,
    id,
    shadow: null,
    eta: momentText(task.etaMs),
    expires: momentText(task.expiresAtMs),
    group: task.groupId ?? null,
    group_index: task.groupIndex ?? null,
    retries: task.retries ?? 0,
    timelimit: [task.hardLimitSeconds ?? null, task.softLimitSeconds ?? null],
    root_id: task.rootId ?? id,
    parent_id: task.parentId ?? null,
    argsrepr: tupleRepr(args),
    kwargsrepr: safeRepr(kwargs),
    origin: task.origin,
    ignore_result: task.ignoresResult ?? false,
    ...task.headers,
  };
  const properties = {
    correlation_id: id,
    reply_to: task.replyTo ?? '',
    delivery_mode: 2,
    delivery_info: { exchange: '', routing_key: queue },
    priority,
    delivery_tag: randomUUID(),
  };
  const list = (signatures: readonly Signature[] | undefined) =>
    signatures && signatures.length > 0 ? signatures.map(fromSignature) : null;
  const wire = {
    callbacks: list(embed?.callbacks),
    errbacks: list(embed?.errbacks),
    chain: embed?.chain ? embed.chain.map(fromSignature).toReversed() : null,
    chord: embed?.chord ? fromSignature(embed.chord) : null,
  };
  return {
    key: listKey(queue, priority),
    raw: encodeEnvelope({ body: [args, kwargs, wire], headers, properties }),
  };
}
