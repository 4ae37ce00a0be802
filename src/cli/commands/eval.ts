/** `vambe eval`: how well labelled meetings are classified. */
import type { Command } from 'commander';
import type { Cli } from '../kit/cli.ts';
import { withExample } from '../kit/help.ts';

interface EvalFlags {
  readonly verbose?: boolean;
  readonly compare?: readonly string[];
  readonly html?: string;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('eval')
    .description('classify labelled meetings: accuracy a field, calibration and cost, beside the commonest value')
    .argument('<file>', 'one JSON object a line: id, transcript, labels; rows without labels are not scored')
    .option('-v, --verbose', 'list every disagreement')
    .option('--compare <what...>', 'two of offline, llm or taxonomy files, tested on the same meetings')
    .option('--html <file>', 'also write a page with charts: one file, no network')
    .addHelpText(
      'after',
      `
Needs no server and stores nothing. --json adds "predictions": [{"id", "labels"}].
A label is null where the text does not say; "acceptable" may hold other values that count as right:
  {"id": "1", "transcript": "…", "labels": {"urgency": true}, "acceptable": {"lead_source": ["seo"]}}`,
    )
    .action(async (file: string, flags: EvalFlags) => {
      const { runEval } = await import('../run-eval.ts');
      await runEval(cli, file, flags);
    });
  withExample(
    command,
    'vambe eval labelled.jsonl',
    'vambe eval labelled.jsonl --compare offline llm --html report.html',
    'vambe eval labelled.jsonl --json > scores.json',
  );
}
