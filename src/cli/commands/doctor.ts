/** `vambe doctor`: everything that has to be right for the product to run, a line and a remedy each. */
import type { Command } from 'commander';
import type { LoadedConfig } from '../../config/load.ts';
import { AppError } from '../../core/errors.ts';
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
  const [{ examineNode }, { tellFindings }] = await Promise.all([
    import('../../services/observe/examine.ts'),
    import('../print/findings.ts'),
  ]);
  const findings = [examineNode(), ...(await examineInstallation(cli))];
  tellFindings(cli, findings);
  if (cli.json) return;
  const count = (isCounted: (finding: Finding) => boolean) => findings.filter(isCounted).length;
  const faults = count(({ fault }) => fault !== null);
  const warnings = count(({ fault, warnings: found }) => fault === null && found.length > 0);
  if (faults + warnings > 0)
    cli.note(`vambe: ${counted(faults, 'fault')} and ${counted(warnings, 'warning')} in ${findings.length} checks.`);
}

/** Settings first: where they are wrong, what depends on them is left out. */
async function examineInstallation(cli: Cli): Promise<readonly Finding[]> {
  const [
    examine,
    { checkClassifier },
    { locateServers },
    { classifierTargetOf, dataFolderOf, embeddedPackagesOf, serverTargetsOf },
    { readTaxonomy },
  ] = await Promise.all([
    import('../../services/observe/examine.ts'),
    import('../../services/observe/check-servers.ts'),
    import('../kit/servers.ts'),
    import('../kit/look-targets.ts'),
    import('../../wire-services.ts'),
  ]);
  const loaded = loadSettings(cli);
  if (loaded instanceof AppError) return [examine.examineSettings(loaded)];
  const { config } = loaded;
  const servers = await locateServers(config);
  const { platform, packages } = await embeddedPackagesOf(config);
  return [
    examine.examineSettings(loaded),
    ...(await examine.examineServers(serverTargetsOf(config, servers))),
    await examine.examineTaxonomy(config.taxonomyFile ?? 'the one that comes along', () => readTaxonomy(config)),
    await checkClassifier(classifierTargetOf(config, servers.redisUrl)),
    await examine.examineDisk(await dataFolderOf(config)),
    await examine.examinePackages(platform, packages),
  ];
}

function loadSettings(cli: Cli): LoadedConfig | AppError {
  try {
    return cli.config({ warnings: 'caller' });
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}
