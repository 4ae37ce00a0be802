import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AppError, errorCodes, type Fault } from '../../../src/core/errors.ts';

const retried: Readonly<Record<Fault, string>> = {
  transient: 'yes',
  throttled: 'waits',
  held: 'queue waits',
  permanent: 'no',
};

const documented = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => /^\| `[A-Z_]+` \|/.test(line))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| |`| \|$/g, '').trim()));

describe('docs/errors.md', () => {
  it('explains exactly the codes there are, in their order', () => {
    expect(documented.map(([code]) => code)).toEqual(Object.keys(errorCodes));
  });

  it('gives each code its exit code and says whether a job is retried', () => {
    const told = documented.map(([code, , exit, again]) => [code, exit, again]);
    expect(told).toEqual(
      Object.entries(errorCodes).map(([code, { exit, fault }]) => [code, String(exit), retried[fault]]),
    );
  });

  it('says of each code what it means and what to do', () => {
    for (const [code, meaning, , , remedy] of documented) {
      expect(meaning, code).toMatch(/^[A-Z].{15,}\.$/);
      expect(remedy, code).toMatch(/\.$/);
    }
  });
});

describe('AppError', () => {
  it('carries the fault and the exit code of its code, and keeps the cause', () => {
    const cause = new Error('socket closed');
    const error = new AppError('REDIS_UNREACHABLE', 'Redis does not answer.', { cause, details: { port: 6379 } });
    expect(error).toMatchObject({ name: 'AppError', fault: 'transient', exitCode: 5, details: { port: 6379 }, cause });
  });

  it('has no cause where none is given', () => {
    expect('cause' in new AppError('BUG', 'x')).toBe(false);
  });
});
