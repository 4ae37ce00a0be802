/** `vambe config`: each setting's value, where it came from and what it means. */
import type { Command } from 'commander';
import { llmModel, usesLlm } from '../../config/derived.ts';
import { describeLlmAccess, llmAccess, unusedProviderHint } from '../../config/llm-access.ts';
import type { LoadedConfig } from '../../config/load.ts';
import type { Cli } from '../kit/cli.ts';
import { withExample } from '../kit/help.ts';

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('config')
    .description('each setting: its value with secrets masked, where it came from, what it means')
    .option('--check', 'only say whether the settings are right')
    .action(async ({ check }: { check?: boolean }) => {
      const loaded = cli.config();
      if (check === true) tellChecked(cli, loaded);
      else await tellAll(cli, loaded);
    });
  withExample(command, 'vambe config', 'WORKER_CONCURRENCY=50 vambe config --check');
}

function tellChecked(cli: Cli, { origin, warnings }: LoadedConfig): void {
  const set = Object.values(origin).filter((each) => each !== 'default').length;
  if (cli.json) cli.document({ success: true, set, warnings });
  else cli.out(`Settings are right: ${set} set, all others at their defaults.`);
}

async function tellAll(cli: Cli, loaded: LoadedConfig): Promise<void> {
  const { describeSettings } = await import('../describe-settings.ts');
  const described = describeSettings(loaded);
  if (cli.json) {
    cli.document({ success: true, settings: described, llm: llmInForce(loaded), warnings: loaded.warnings });
    return;
  }
  const head = ['setting', 'value', 'from', 'meaning'];
  const rowOf = (each: (typeof described)[number]) => [
    each.name,
    each.value === null ? `- (${each.unset})` : [each.value].flat().join(','),
    each.origin,
    each.meaning,
  ];
  if (!cli.isTerminal) {
    cli.out(cli.table(head, described.map(rowOf)));
    cli.note(describeLlm(loaded));
    return;
  }
  for (const group of new Set(described.map((each) => each.group))) {
    const rows = described.filter((each) => each.group === group).map(rowOf);
    cli.out(`${cli.style(['bold', 'cyan'], group)}\n${cli.table(head, rows)}\n`);
  }
  cli.note(describeLlm(loaded));
}

/** Which settings the model's address and key are taken from; null: no model is asked. */
function llmInForce({ config }: LoadedConfig) {
  if (!usesLlm(config)) return null;
  const { provider, baseUrlFrom, apiKeyFrom } = llmAccess(config);
  return { provider, model: llmModel(config), address_from: baseUrlFrom, key_from: apiKeyFrom };
}

function describeLlm({ config }: LoadedConfig): string {
  if (usesLlm(config)) return `Model asked: ${llmModel(config)} (${describeLlmAccess(llmAccess(config))}).`;
  return unusedProviderHint(config) ?? 'No model is asked.';
}
