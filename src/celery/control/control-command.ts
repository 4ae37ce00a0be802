/** One remote control command. */
import type { NodeContext } from './node-context.ts';

/** How the answers of several processes of one node are joined. */
export type Join = 'first' | 'list' | 'object' | 'stats' | 'terminated';

export interface ControlCommand {
  readonly name: string;
  /** `control` changes something. */
  readonly kind: 'inspect' | 'control';
  readonly aliases?: readonly string[];
  /** Keyword arguments that have no default. */
  readonly required?: readonly string[];
  readonly join: Join;
  /** The value under the node's name; undefined: no answer is sent. */
  run(context: NodeContext, given: Readonly<Record<string, unknown>>): unknown;
}
