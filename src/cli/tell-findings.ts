/** Findings of `check` and `doctor` as lines for people, or as one document. */
import type { Finding } from '../services/observe/check-servers.ts';
import type { Cli } from './kit/cli.ts';

/** Ends the command with the highest exit code among the faults. */
export function tellFindings(cli: Cli, findings: readonly Finding[]): void {
  const faults = findings.flatMap(({ fault }) => (fault === null ? [] : [fault]));
  cli.exitWith(Math.max(0, ...faults.map(({ exit }) => exit)));
  if (cli.json) {
    const [first] = faults;
    const trouble = first === undefined ? {} : { error: first.error, code: first.code };
    const checks = findings.map(({ fault, words: _words, ...each }) => ({
      ...each,
      ok: fault === null,
      code: fault?.code ?? null,
      error: fault?.error ?? null,
    }));
    cli.document({ success: first === undefined, ...trouble, checks });
    return;
  }
  for (const { part, address, words, warnings, fault } of findings) {
    const mark =
      fault !== null ? cli.style('red', '✗') : warnings.length > 0 ? cli.style('yellow', '!') : cli.style('green', '✓');
    const where = address === null ? '' : ` ${address}`;
    if (fault !== null) cli.out(`${mark} ${part}${where}: ${fault.error} [${fault.code}]`);
    else cli.out(`${mark} ${part}${where}: ${words}`);
    for (const warning of warnings) cli.out(`  ${warning}`);
  }
}
