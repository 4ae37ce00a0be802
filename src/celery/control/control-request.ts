/** A remote control request (kombu's pidbox): the command, the nodes it is for, and where the answer goes. docs/celery-protocol.md */
import { isObject } from '../protocol/envelope.ts';

export interface ControlRequest {
  readonly method: string;
  /** Keyword arguments. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Node names; empty: the pattern decides, or it is for all nodes. */
  readonly destination: readonly string[];
  readonly pattern: { readonly text: string; readonly matcher: string } | null;
  /** null: the caller wants no answer. */
  readonly replyTo: { readonly exchange: string; readonly routingKey: string; readonly ticket: string | null } | null;
  /** The sender's logical clock, not validated. */
  readonly clock: unknown;
}

/**
 * Reads body and headers of a request; undefined where they are none. Never throws. It ignores `expires`, as kombu's own node does:
 * clocks of machines differ, and a caller that has stopped waiting has no list for an answer any more.
 */
export function readControlRequest(
  body: unknown,
  headers: Readonly<Record<string, unknown>>,
): ControlRequest | undefined {
  if (!isObject(body) || typeof body.method !== 'string') return undefined;
  const { destination, pattern, matcher, ticket, reply_to: replyTo } = body;
  const names = typeof destination === 'string' ? [destination] : destination;
  return {
    method: body.method,
    arguments: isObject(body.arguments) ? body.arguments : {},
    destination: Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [],
    pattern:
      typeof pattern === 'string' && pattern !== '' && typeof matcher === 'string' ? { text: pattern, matcher } : null,
    replyTo:
      isObject(replyTo) && typeof replyTo.routing_key === 'string'
        ? {
            exchange: typeof replyTo.exchange === 'string' ? replyTo.exchange : 'reply.celery.pidbox',
            routingKey: replyTo.routing_key,
            ticket: typeof ticket === 'string' ? ticket : null,
          }
        : null,
    clock: headers.clock,
  };
}

/** Whether the request is for a node: by its exact name, else by pattern (`glob`, or `pcre` matched at the start), else always. */
export function isAddressedTo(node: string, { destination, pattern }: ControlRequest): boolean {
  if (destination.length > 0) return destination.includes(node);
  if (pattern === null) return true;
  const expression = pattern.matcher === 'glob' ? globExpression(pattern.text) : pcreExpression(pattern);
  return expression?.test(node) ?? false;
}

/** Longer patterns are refused, as a slow one would block the event loop. */
const maxPatternChars = 256;

function pcreExpression({ text, matcher }: { text: string; matcher: string }): RegExp | undefined {
  if (matcher !== 'pcre' || text.length > maxPatternChars) return undefined;
  // A repetition inside a repeated group can take exponential time.
  if (/[*+}]\)[*+{]/.test(text)) return undefined;
  try {
    return new RegExp(`^(?:${text})`);
  } catch {
    return undefined;
  }
}

/** Python's fnmatch: `*`, `?`, `[a-z]`, `[!a-z]`; it matches the whole name. */
function globExpression(pattern: string): RegExp | undefined {
  if (pattern.length > maxPatternChars) return undefined;
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const sign = pattern.charAt(at);
    const end = sign === '[' ? pattern.indexOf(']', at + 2) : -1;
    // Several stars in a row mean the same as one, but make a slow expression.
    if (sign === '*') source += source.endsWith('.*') ? '' : '.*';
    else if (sign === '?') source += '.';
    else if (end > 0) {
      const inside = pattern
        .slice(at + 1, end)
        .replaceAll('\\', '\\\\')
        .replaceAll(']', '\\]');
      source += `[${inside.startsWith('!') ? `^${inside.slice(1)}` : inside.replace(/^\^/, '\\^')}]`;
      at = end;
    } else source += sign.replace(/[\\^$.|+()[\]{}]/, '\\$&');
  }
  try {
    return new RegExp(`^(?:${source})$`, 's');
  } catch {
    return undefined;
  }
}
