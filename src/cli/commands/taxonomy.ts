/** `vambe taxonomy check`: every fault of a taxonomy file, with its line. */
import type { Command } from 'commander';
import type { TaxonomyDocument } from '../../contract/settings.ts';
import type { Cli } from '../kit/cli.ts';
import { withExample } from '../kit/help.ts';

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('taxonomy')
    .description('the file that says which fields a classification fills')
    .helpCommand(false);
  withExample(command, 'vambe taxonomy check my-fields.yaml');
  const check = command
    .command('check')
    .description('list every fault of a taxonomy file with its line')
    .argument('<file>', 'YAML file; - reads standard input')
    .action((file: string) => runCheck(cli, file));
  withExample(check, 'vambe taxonomy check my-fields.yaml', 'vambe taxonomy check my-fields.yaml --json');
}

const maxBytes = 8 * 1024 ** 2;

async function runCheck(cli: Cli, path: string): Promise<void> {
  const [{ readInput }, { checkTaxonomy, loadTaxonomy }, { createOfflineClassifier }, { basename }] = await Promise.all(
    [
      import('../read-input.ts'),
      import('../../models/taxonomy.ts'),
      import('../../services/classification/rules/offline-classifier.ts'),
      import('node:path'),
    ],
  );
  const { text, name } = await readInput(path, { what: 'a taxonomy as YAML', maxBytes });
  const faults = checkTaxonomy(text);
  if (faults.length > 0) {
    const invalid: TaxonomyDocument = { success: false, file: name, code: 'TAXONOMY_INVALID', faults };
    if (cli.json) cli.document(invalid);
    else for (const { line, column, message } of faults) cli.out(`${name}:${line}:${column} ${message}`);
    cli.note(
      `vambe: ${name} has ${faults.length === 1 ? 'one fault' : `${faults.length} faults`}. Correct the lines named.`,
    );
    cli.exitWith(2);
    return;
  }
  const taxonomy = loadTaxonomy(text, basename(name));
  // Compiles the cues too: a worker must be able to start with any file that this check accepts.
  createOfflineClassifier(taxonomy);
  const { id, version, fields } = taxonomy;
  const values = fields.reduce((sum, field) => sum + field.values.length, 0);
  const counts = { fields: fields.length, values };
  const valid: TaxonomyDocument = { success: true, file: name, id, version, ...counts, faults: [] };
  if (cli.json) cli.document(valid);
  else cli.out(`${name} is right: taxonomy ${id}, ${fields.length} fields, ${values} values, version ${version}.`);
}
