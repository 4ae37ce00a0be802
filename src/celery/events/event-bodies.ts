/** Bodies of Celery's events, field by field as Celery 5.2 writes them. Pure. docs/celery-protocol.md */
import type { AppError } from '../../core/errors.ts';
import { decodeEnvelope, isObject } from '../protocol/envelope.ts';
import { pythonException, tracebackOf } from '../protocol/python-exception.ts';
import { pythonRepr, safeRepr } from '../protocol/python-repr.ts';

export type EventFields = Readonly<Record<string, unknown>>;

export interface Sender {
  readonly node: string;
  readonly pid: number;
  /** Rises with every event. */
  readonly clock: number;
  /** Unix milliseconds. */
  readonly wallMs: number;
}

/** The body of an event; `utcoffset` is 0, as all times are UTC. */
export function eventBody(type: string, fields: EventFields, { node, pid, clock, wallMs }: Sender): EventFields {
  return { hostname: node, utcoffset: 0, pid, clock, ...fields, timestamp: wallMs / 1_000, type };
}

/** The events of one message: a list of task events, or one event. Empty where it cannot be read; never throws. */
export function readEvents(raw: string): readonly EventFields[] {
  try {
    const { body } = decodeEnvelope(raw);
    return (Array.isArray(body) ? body : [body]).filter(isObject);
  } catch {
    return [];
  }
}

export interface WorkerFacts {
  /** Seconds between heartbeats: a monitor shows a worker as offline after two missed ones. */
  readonly freq: number;
  readonly active: number;
  readonly processed: number;
  readonly loadavg: readonly number[];
  readonly version: string;
}

/** Fields of worker-online, -heartbeat and -offline. `sw_ident` names the software. */
export function workerFields({ freq, active, processed, loadavg, version }: WorkerFacts): EventFields {
  return {
    freq,
    active,
    processed,
    loadavg: loadavg.map((each) => Math.round(each * 100) / 100),
    sw_ident: 'vambe-ai-worker',
    sw_ver: version,
    sw_sys: systemName(),
  };
}

const systemNames: Readonly<Record<string, string>> = { linux: 'Linux', darwin: 'Darwin', win32: 'Windows' };

/** As Python's platform.system() names it. */
function systemName(): string {
  return systemNames[process.platform] ?? process.platform;
}

export interface ReceivedTask {
  readonly uuid: string;
  readonly name: string;
  /** As text. */
  readonly args: string;
  readonly kwargs: string;
  readonly rootId: string | null;
  readonly parentId: string | null;
  readonly retries: number;
  /** ISO 8601 */
  readonly eta: string | null;
  readonly expires: string | null;
}

/** Fields of task-received. */
export function receivedFields(task: ReceivedTask): EventFields {
  return {
    uuid: task.uuid,
    name: task.name,
    args: task.args,
    kwargs: task.kwargs,
    root_id: task.rootId,
    parent_id: task.parentId,
    retries: task.retries,
    eta: task.eta,
    expires: task.expires,
  };
}

/** Fields of task-succeeded; the result as text. */
export function succeededFields(uuid: string, result: unknown, runtimeSeconds: number): EventFields {
  return { uuid, result: safeRepr(result), runtime: runtimeSeconds };
}

/** Fields of task-failed and task-retried; no traceback where Celery has none. */
export function failedFields(uuid: string, error: AppError): EventFields {
  const { exc_type: type, exc_message: args } = pythonException(error);
  const traceback = tracebackOf(error);
  const items = args.map(pythonRepr).join(', ');
  return { uuid, exception: `${type}(${items})`, ...(traceback === null ? {} : { traceback }) };
}

/** Fields of task-revoked. `signum`: the signal that terminated it. */
export function revokedFields(
  uuid: string,
  { terminated, signum, expired }: { terminated: boolean; signum: number | null; expired: boolean },
): EventFields {
  return { uuid, terminated, signum, expired };
}
