/** `vambe doctor`: everything that has to be right for the product to run, a line and a remedy each. */
import type { Command } from 'commander';
import type { Finding } from '../../services/observe/check-servers.ts';
import type { Cli } from '../kit/cli.ts';
import { counted } from '../kit/counted.ts';
import { withExample } from '../kit/help.ts';

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('doctor')
    .description('look at versions, settings, servers, workers, clocks, taxonomy and disk; a line and a remedy each')
    .action(() => runDoctor(cli));
  withExample(command, 'vambe doctor', 'vambe doctor --json');
}

async function runDoctor(cli: Cli): Promise<void> {
  const [
    { examineDisk, examineNode, examinePackages, examineServers, examineSettings, examineTaxonomy },
    { checkClassifier },
    { locateServers },
    { tellFindings },
  ] = await Promise.all([
    import('../../services/observe/examine.ts'),
    import('../../services/observe/check-servers.ts'),
    import('../../services/observe/look.ts'),
    import('../tell-findings.ts'),
  ]);
  const { finding: settings, loaded } = examineSettings(() => cli.config({ warnings: 'caller' }));
  const findings: Finding[] = [examineNode(), settings];
  if (loaded !== null) {
    const { config } = loaded;
    const servers = await locateServers(config);
    findings.push(...(await examineServers(config, servers)));
    findings.push(await examineTaxonomy(config));
    findings.push(await checkClassifier(config, { calls: false, redisUrl: servers.redisUrl }));
    findings.push(await examineDisk(config), await examinePackages(config));
  }
  tellFindings(cli, findings);
  if (cli.json) return;
  const count = (isCounted: (finding: Finding) => boolean) => findings.filter(isCounted).length;
  const faults = count(({ fault }) => fault !== null);
  const warnings = count(({ fault, warnings: found }) => fault === null && found.length > 0);
  if (faults + warnings > 0)
    cli.note(`vambe: ${counted(faults, 'fault')} and ${counted(warnings, 'warning')} in ${findings.length} checks.`);
}
