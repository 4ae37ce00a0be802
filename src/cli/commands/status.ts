/** `vambe status`: servers, workers, queues and jobs at a glance, within two seconds. */
import type { Command } from 'commander';
import type { Cli } from '../kit/cli.ts';
import { withExample } from '../kit/help.ts';

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('status')
    .description('servers, workers, queues and open jobs at a glance; starts nothing')
    .action(() => runStatus(cli));
  withExample(command, 'vambe status', 'vambe status --json');
}

async function runStatus(cli: Cli): Promise<void> {
  const [{ gatherStatus }, { usesLlm }] = await Promise.all([
    import('../../services/observe/status.ts'),
    import('../../config/derived.ts'),
  ]);
  const { config } = cli.config();
  const report = await gatherStatus(config);
  const servers = [report.servers.postgres, report.servers.redis];
  const fault = servers.find(({ code }) => code !== null);
  const classifier = { kind: usesLlm(config) ? 'llm' : 'offline' };
  if (cli.json) {
    const trouble = fault === undefined ? {} : { error: fault.error, code: fault.code };
    cli.document({ success: fault === undefined, ...trouble, ...report, classifier });
  } else {
    const { describeStatus } = await import('../describe-status.ts');
    cli.out(describeStatus(cli, { ...report, classifier }, Date.now()));
  }
  for (const { error } of servers) if (error !== null) cli.note(`vambe: ${error}`);
  if (fault !== undefined) cli.exitWith(5);
}
