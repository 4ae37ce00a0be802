/** `vambe check`: connection tests of the servers: what answers, how fast, what is wrong and what to do. */
import type { Command } from 'commander';
import type { Finding } from '../../services/observe/check-servers.ts';
import type { Cli } from '../kit/cli.ts';
import { oneOf, withExample } from '../kit/help.ts';

const parts = ['redis', 'db', 'llm'] as const;
type Part = (typeof parts)[number];

export function register(program: Command, cli: Cli): void {
  const asPart = oneOf(parts);
  const command = program
    .command('check')
    .description('test the connections: what answers, how fast, what is wrong and what to do')
    .argument(
      '[part...]',
      `${parts.slice(0, -1).join(', ')} or ${parts.at(-1)}; all when none is named`,
      (given, before: Part[] = []) => [...before, asPart(given)],
    )
    .action((named: Part[]) => runCheck(cli, named.length === 0 ? parts : named));
  withExample(command, 'vambe check', 'vambe check redis');
}

async function runCheck(cli: Cli, named: readonly Part[]): Promise<void> {
  const [
    { callClassifier, checkDatabase, checkRedis },
    { commandLog, openServers },
    { classifierTargetOf, databaseTargetOf, redisTargetsOf },
    { tellFindings },
  ] = await Promise.all([
    import('../../services/observe/check-servers.ts'),
    import('../kit/servers.ts'),
    import('../kit/look-targets.ts'),
    import('../print/findings.ts'),
  ]);
  const { config } = cli.config();
  const needsServers = named.includes('redis') || named.includes('db');
  const servers = needsServers ? await openServers(config, await commandLog(cli)) : null;
  const findings: Finding[] = [];
  try {
    const looks: Promise<Finding>[] = [];
    if (servers !== null && named.includes('redis')) {
      const all = redisTargetsOf(config, servers.redisUrl, servers.embedded.redis);
      looks.push(...all.map((target) => checkRedis(target)));
    }
    if (servers !== null && named.includes('db'))
      looks.push(checkDatabase(databaseTargetOf(config, servers.postgresUrl, servers.embedded.postgres)));
    findings.push(...(await Promise.all(looks)));
    // Not beside the others: what it loads would count into their latency.
    if (named.includes('llm')) findings.push(await callClassifier(classifierTargetOf(config, null)));
  } finally {
    await servers?.stop();
  }
  tellFindings(cli, findings);
}
