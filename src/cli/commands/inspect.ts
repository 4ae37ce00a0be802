/** `vambe inspect`: what workers do and know, asked and shown as `celery inspect` does, of ours and of Python's. */
import type { Command } from 'commander';
import type { Cli } from '../kit/cli.ts';
import { oneOf, withExample } from '../kit/help.ts';
import { names, seconds } from '../node-arguments.ts';

/** `hello` is for workers alone. */
const questions = [
  'active',
  'registered',
  'stats',
  'active_queues',
  'scheduled',
  'reserved',
  'revoked',
  'query_task',
  'ping',
  'report',
  'conf',
  'clock',
  'memsample',
  'memdump',
  'objgraph',
] as const;

type Question = (typeof questions)[number];

interface InspectFlags {
  readonly destination?: readonly string[];
  readonly timeout: number;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('inspect')
    .description('what the workers do and know, as celery inspect shows it; Python workers answer too')
    .argument('<what>', questions.join(', '), oneOf(questions))
    .argument('[arguments...]', 'task ids for query_task, attributes for registered')
    .option('-d, --destination <names>', 'ask these nodes alone, separated by commas', names)
    .option('-t, --timeout <seconds>', 'how long to wait for answers', seconds({ min: 0.1, max: 60 }), 1)
    .action((what: Question, given: string[], flags: InspectFlags) => runInspect(cli, what, given, flags));
  withExample(command, 'vambe inspect active', 'vambe inspect stats --json');
}

async function runInspect(
  cli: Cli,
  what: Question,
  given: readonly string[],
  { destination, timeout }: InspectFlags,
): Promise<void> {
  const [{ noAnswer, withNodes }, { describeAnswer }] = await Promise.all([
    import('../ask-nodes.ts'),
    import('../describe-answer.ts'),
  ]);
  const timeoutMs = timeout * 1_000;
  const { answers, listeners } = await withNodes(cli, (nodes) =>
    nodes.ask(what, { arguments: argumentsOf(what, given), destination, timeoutMs, signal: cli.signal }),
  );
  const nodes = Object.entries(answers).sort(([a], [b]) => (a < b ? -1 : 1));
  if (nodes.length === 0) throw noAnswer(listeners, timeoutMs, destination);
  if (cli.json) return cli.document(answers);
  for (const [node, answer] of nodes) cli.out(describeAnswer(cli, node, answer));
  cli.out(`\n${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'} online.`);
}

function argumentsOf(what: Question, given: readonly string[]): Record<string, unknown> {
  if (what === 'query_task') return { ids: given };
  return what === 'registered' ? { taskinfoitems: given } : {};
}
