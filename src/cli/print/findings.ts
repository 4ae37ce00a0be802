/** Findings of `check` and `doctor` as lines for people, or as one document. */
import { toFindingsDocument } from '../../contract/findings.ts';
import type { Finding } from '../../services/observe/check-servers.ts';
import type { Cli } from '../kit/cli.ts';

/** Ends the command with the highest exit code among the faults. */
export function tellFindings(cli: Cli, findings: readonly Finding[]): void {
  const faults = findings.flatMap(({ fault }) => (fault === null ? [] : [fault]));
  cli.exitWith(Math.max(0, ...faults.map(({ exit }) => exit)));
  if (cli.json) {
    cli.document(toFindingsDocument(findings));
    return;
  }
  for (const { part, address, words, warnings, fault } of findings) {
    const mark =
      fault !== null ? cli.style('red', '✗') : warnings.length > 0 ? cli.style('yellow', '!') : cli.style('green', '✓');
    const where = address === null ? '' : ` ${address}`;
    const found = fault === null ? words : `${fault.error} [${fault.code}]`;
    cli.out(cli.prose(`${mark} ${part}${where}: ${found}`));
    for (const warning of warnings) cli.out(cli.prose(`  ${warning}`));
  }
}
