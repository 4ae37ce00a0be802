/** `vambe config`: each setting's value, where it came from and what it means. */
import type { Command } from 'commander';
import { llmModel, usesLlm } from '../../config/derived.ts';
import { describeLlmAccess, llmAccess, unusedProviderHint } from '../../config/llm-access.ts';
import type { LoadedConfig } from '../../config/load.ts';
import type { SettingsCheckDocument, SettingsDocument } from '../../contract/settings.ts';
import type { Cli } from '../kit/cli.ts';
import { withExample } from '../kit/help.ts';

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('config')
    .description('each setting: its value with secrets masked, where it came from, what it means')
    .option('--check', 'only say whether the settings are right')
    .action(async ({ check }: { check?: boolean }) => {
      const loaded = cli.config();
      if (check === true) printChecked(cli, loaded);
      else await printAll(cli, loaded);
    });
  withExample(command, 'vambe config', 'WORKER_CONCURRENCY=50 vambe config --check');
}

function printChecked(cli: Cli, { origin, warnings }: LoadedConfig): void {
  const set = Object.values(origin).filter((each) => each !== 'default').length;
  const document: SettingsCheckDocument = { success: true, set, warnings };
  if (cli.json) cli.document(document);
  else cli.out(`Settings are right: ${set} set, all others at their defaults.`);
}

async function printAll(cli: Cli, loaded: LoadedConfig): Promise<void> {
  const { describeGroups, describeSettings } = await import('../print/settings.ts');
  const settings = describeSettings(loaded);
  const document: SettingsDocument = { success: true, settings, llm: llmInForce(loaded), warnings: loaded.warnings };
  if (cli.json) return cli.document(document);
  if (cli.isTerminal) cli.out(describeGroups(cli, settings));
  else {
    const rows = settings.map(({ name, value, unset, origin, meaning }) => [
      name,
      value === null ? `- (${unset})` : [value].flat().join(','),
      origin,
      meaning,
    ]);
    cli.out(cli.table(['setting', 'value', 'from', 'meaning'], rows));
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
