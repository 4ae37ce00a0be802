/** Exceptions as Python shows them, for errors of remote control and events. */
import { pythonRepr } from './python-repr.ts';

/** `KeyError('nosuchcmd')`: the repr of an exception with one argument. */
export function pythonError(type: string, message: string): string {
  return `${type}(${pythonRepr(message)})`;
}
