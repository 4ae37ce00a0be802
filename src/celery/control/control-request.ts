/** A remote control request (pidbox): what it asks, of whom, and where the answer goes. celery-wire section 6.1; kombu's `pidbox`. */
import { isObject } from '../protocol/envelope.ts';

export interface ControlRequest {
  readonly method: string;
  /** Keyword arguments. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Node names; empty: it goes by the pattern, else to all. */
  readonly destination: readonly string[];
  readonly pattern: { readonly text: string; readonly matcher: string } | null;
  /** null: nobody waits for an answer. */
  readonly replyTo: { readonly exchange: string; readonly routingKey: string; readonly ticket: string | null } | null;
  /** The sender's logical clock, as it came. */
  readonly clock: unknown;
}

/**
 * Reads body and headers of a request; undefined where they are none. Never throws. The moment at which the caller gives up
 * (`expires`) is not looked at, as kombu's own node does not: clocks of machines differ, and who has given up has no list for an answer.
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

/** Whether a node is meant: by its exact name, else by pattern (`glob`, or `pcre` matched at the start), else everyone. */
export function isAddressedTo(node: string, { destination, pattern }: ControlRequest): boolean {
  if (destination.length > 0) return destination.includes(node);
  if (pattern === null) return true;
  const expression = pattern.matcher === 'glob' ? globExpression(pattern.text) : pcreExpression(pattern);
  return expression?.test(node) ?? false;
}

/** Longer ones are refused: a pattern of a stranger may not keep the event loop busy. */
const longestPatternChars = 256;

function pcreExpression({ text, matcher }: { text: string; matcher: string }): RegExp | undefined {
  if (matcher !== 'pcre' || text.length > longestPatternChars) return undefined;
  // A repeated group that holds a repetition can take for ever on a node's name.
  if (/[*+}]\)[*+{]/.test(text)) return undefined;
  try {
    return new RegExp(`^(?:${text})`);
  } catch {
    return undefined;
  }
}

/** Python's fnmatch: `*`, `?`, `[a-z]`, `[!a-z]`; the whole name has to match. */
function globExpression(pattern: string): RegExp | undefined {
  if (pattern.length > longestPatternChars) return undefined;
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const sign = pattern.charAt(at);
    const end = sign === '[' ? pattern.indexOf(']', at + 2) : -1;
    // Several stars in a row mean one, and would make a slow expression.
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
