/** A host name that resolves to this machine, or not at all, without any name server. */
import dns from 'node:dns';
import { onTestFinished, vi } from 'vitest';

export interface NamedHost {
  /** The address with the name in place of its host. */
  at(url: string): string;
  /** From now on each lookup fails with this code of Node's. */
  fail(code: string): void;
  /** Resolves again. */
  mend(): void;
}

export function nameThisMachine(name: string): NamedHost {
  let failing: string | undefined;
  const real = dns.lookup;
  const lookup = (host: string, ...rest: unknown[]) => {
    const done = rest.at(-1) as (error: Error | null, ...found: unknown[]) => void;
    const options = rest.length > 1 ? (rest[0] as { all?: boolean } | number) : {};
    if (host !== name) return Reflect.apply(real, dns, [host, ...rest]);
    const error =
      failing && Object.assign(new Error(`getaddrinfo ${failing} ${name}`), { code: failing, syscall: 'getaddrinfo' });
    process.nextTick(() => {
      if (error) done(error);
      else if (typeof options === 'object' && options.all) done(null, [{ address: '127.0.0.1', family: 4 }]);
      else done(null, '127.0.0.1', 4);
    });
  };
  const spy = vi.spyOn(dns, 'lookup').mockImplementation(lookup as unknown as typeof dns.lookup);
  onTestFinished(() => spy.mockRestore());
  return {
    at(url) {
      const named = new URL(url);
      named.hostname = name;
      return named.href;
    },
    fail(code) {
      failing = code;
    },
    mend() {
      failing = undefined;
    },
  };
}
