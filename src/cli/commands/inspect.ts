/** `vambe inspect`: what workers do and know, in the form of `celery inspect`. */
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { oneOf, withExample } from '../help.ts';
import { type Question, questions } from '../inspect-answers.ts';

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('inspect')
    .description('what the workers do and know, as celery inspect shows it')
    .argument('<what>', questions.join(', '), oneOf(questions))
    .action((what: Question) => runInspect(cli, what));
  withExample(command, 'vambe inspect active', 'vambe inspect stats --json');
}

async function runInspect(cli: Cli, what: Question): Promise<void> {
  const [{ AppError }, { gatherAnswers }, { describeAnswer }] = await Promise.all([
    import('../../core/errors.ts'),
    import('../gather-answers.ts'),
    import('../describe-answer.ts'),
  ]);
  const answers = await gatherAnswers(cli.config().config, what);
  const workers = Object.entries(answers);
  if (workers.length === 0) {
    throw new AppError(
      'NOT_FOUND',
      'No worker is registered, so nobody can answer. "vambe worker" starts one, "vambe status" tells more.',
    );
  }
  if (cli.json) return cli.document(answers);
  for (const [worker, answer] of workers) cli.out(describeAnswer(cli, worker, answer));
  cli.out(`\n${workers.length} ${workers.length === 1 ? 'node' : 'nodes'} online.`);
}
