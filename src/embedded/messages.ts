/** Messages between the processes of the embedded servers. */
import { AppError, type ErrorCode, errorCodes } from '../core/errors.ts';
import { isObject } from './private-file.ts';
import type { KnownProcess } from './process-identity.ts';
import type { BrokerKind, EngineRequest } from './redis/broker-engine.ts';
import type { ServerProcess } from './server-processes.ts';

export interface HostRequest {
  readonly dataDir: string;
  readonly postgres: boolean;
  readonly redis: boolean;
  readonly broker: BrokerKind;
  /** Clients already know the last ports, so the servers must use them again. */
  readonly keepPorts: boolean;
}

export interface Failure {
  readonly kind: 'failed';
  /** undefined: not an AppError. */
  readonly code: ErrorCode | undefined;
  readonly message: string;
}

interface EventMessage {
  readonly kind: 'event';
  readonly name: string;
  readonly fields: Record<string, unknown>;
}

/** Parent to host. */
export type ToHost = { readonly kind: 'start'; readonly request: HostRequest };

/** Host to parent. */
export type FromHost =
  | { readonly kind: 'ready'; readonly postgresUrl: string | null; readonly redisUrl: string | null }
  | EventMessage
  | Failure;

/** Host to broker. */
export type ToBroker =
  | { readonly kind: 'start'; readonly broker: BrokerKind; readonly engine: EngineRequest }
  /** The postmaster to stop when the host is gone. */
  | { readonly kind: 'guard'; readonly postgres: KnownProcess }
  | { readonly kind: 'ping' }
  | { readonly kind: 'stop' };

/** Broker to host. */
export type FromBroker =
  | { readonly kind: 'ready'; readonly port: number; readonly processes: readonly ServerProcess[] }
  | { readonly kind: 'pong' }
  | { readonly kind: 'saving'; readonly isSaving: boolean }
  | EventMessage
  | (Failure & { readonly isPortTaken: boolean });

// Both ends of a channel come from the same build, so checking the kind is enough.
const hasKind = (value: unknown) => isObject(value) && typeof value.kind === 'string';
export const isToHost = (value: unknown): value is ToHost => hasKind(value);
export const isFromHost = (value: unknown): value is FromHost => hasKind(value);
export const isToBroker = (value: unknown): value is ToBroker => hasKind(value);
export const isFromBroker = (value: unknown): value is FromBroker => hasKind(value);

/** An error in the form that is sent over a channel; `otherwise` is the message for a thrown value that is not an Error. */
export function describeFailure(error: unknown, otherwise: string): Failure {
  const code = error instanceof AppError ? error.code : undefined;
  return { kind: 'failed', code, message: error instanceof Error ? error.message : otherwise };
}

/** The error that was received over a channel. */
export function failureToError({ code, message }: Failure): AppError {
  return new AppError(code !== undefined && code in errorCodes ? code : 'BUG', message);
}
