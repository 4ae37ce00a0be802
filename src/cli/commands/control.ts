/** `vambe control`: changes running workers, ours and Python's, as `celery control` does. */
import type { Command } from 'commander';
import type { Cli } from '../kit/cli.ts';
import { oneOf, withExample } from '../kit/help.ts';
import { names, seconds } from '../node-arguments.ts';

/** Arguments in Celery's order; `...` takes all that follow, `?` may be left out, `#` is a number. */
const changes = {
  revoke: ['task_id...'],
  terminate: ['signal', 'task_id...'],
  rate_limit: ['task_name', 'rate_limit'],
  time_limit: ['task_name', '#soft', '#hard?'],
  add_consumer: ['queue', 'exchange?', 'exchange_type?', 'routing_key?'],
  cancel_consumer: ['queue'],
  pool_grow: ['#n?'],
  pool_shrink: ['#n?'],
  autoscale: ['#max?', '#min?'],
  pool_restart: [],
  enable_events: [],
  disable_events: [],
  heartbeat: [],
  shutdown: [],
} as const satisfies Record<string, readonly string[]>;

type Change = keyof typeof changes;
const changeNames = Object.keys(changes) as Change[];

interface ControlFlags {
  readonly destination?: readonly string[];
  readonly timeout: number;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('control')
    .description('change running workers, as celery control does; Python workers obey too')
    .argument('<change>', changeNames.join(', '), oneOf(changeNames))
    .argument('[arguments...]', 'as celery control takes them: revoke ID…, rate_limit TASK 10/m, pool_grow N')
    .option('-d, --destination <names>', 'change these nodes alone, separated by commas', names)
    .option('-t, --timeout <seconds>', 'how long to wait for answers', seconds({ min: 0.1, max: 60 }), 1)
    .action((change: Change, given: string[], flags: ControlFlags) => runControl(cli, change, given, flags));
  withExample(
    command,
    'vambe control revoke 2f1c1a52-5b1e-4a0c-9f55-0f7a3f3f2b10',
    'vambe control rate_limit classify_meeting 10/m',
    'vambe control shutdown --destination worker@host',
  );
}

async function runControl(
  cli: Cli,
  change: Change,
  given: readonly string[],
  { destination, timeout }: ControlFlags,
): Promise<void> {
  const [{ AppError }, { noAnswer, noWorker, withNodes }, { describeAnswer, isErrorAnswer }] = await Promise.all([
    import('../../core/errors.ts'),
    import('../ask-nodes.ts'),
    import('../describe-answer.ts'),
  ]);
  const named = nameArguments(changes[change], given);
  if (typeof named === 'string') throw new AppError('USAGE', `control ${change} ${named}`);
  const timeoutMs = timeout * 1_000;
  if (change === 'shutdown') {
    // A worker that stops answers nothing, so waiting for it would end as a failure (Celery's own does, with 69).
    const told = await withNodes(cli, (nodes) => nodes.tell(change, { arguments: named, destination }));
    if (told === 0) throw noWorker();
    if (cli.json) return cli.document({ success: true, told });
    return cli.out(`Told to stop: ${destination?.join(', ') ?? 'every node'}.`);
  }
  const { answers, listeners } = await withNodes(cli, (nodes) =>
    nodes.ask(change, { arguments: named, destination, timeoutMs, signal: cli.signal }),
  );
  const nodes = Object.entries(answers).sort(([a], [b]) => (a < b ? -1 : 1));
  if (nodes.length === 0) throw noAnswer(listeners, timeoutMs, destination);
  if (nodes.some(([, answer]) => isErrorAnswer(answer))) cli.exitWith(4);
  if (cli.json) return cli.document(answers);
  for (const [node, answer] of nodes) cli.out(describeAnswer(cli, node, answer));
}

/** Keyword arguments from positions; a text says what is wrong. */
function nameArguments(wanted: readonly string[], given: readonly string[]): Record<string, unknown> | string {
  const named: Record<string, unknown> = {};
  const shown = wanted.map((each) => (each.endsWith('?') ? `[${bare(each)}]` : bare(each))).join(' ') || 'nothing';
  for (const [index, name] of wanted.entries()) {
    const values = given.slice(index);
    const [value] = values;
    if (value === undefined) {
      if (name.endsWith('?')) continue;
      return `needs ${shown}.`;
    }
    if (name.startsWith('#') && !/^\d+(\.\d+)?$/.test(value)) return `takes ${shown}; "${value}" is no number.`;
    if (name.endsWith('...')) return { ...named, [bare(name)]: values };
    named[bare(name)] = name.startsWith('#') ? Number(value) : value;
  }
  return given.length > wanted.length ? `takes ${shown}, got ${given.length} arguments.` : named;
}

function bare(name: string): string {
  return name.replace(/^#|\?$|\.\.\.$/g, '');
}
