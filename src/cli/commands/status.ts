/** `vambe status`: servers, workers, queues and jobs at a glance, within two seconds. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { AppError } from '../../core/errors.ts';
import type { Cli } from '../kit/cli.ts';
import { withExample } from '../kit/help.ts';

interface StatusFlags {
  readonly watch?: boolean;
}

const redrawEveryMs = 2_000;
/** Clears the screen and puts the cursor in its upper left corner. */
const clearScreen = '\u001b[H\u001b[2J';

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('status')
    .description('servers, workers, queues and open jobs at a glance; starts nothing')
    .option('-w, --watch', 'show it again every 2 s until Ctrl-C; on a terminal')
    .action((flags: StatusFlags) => (flags.watch === true ? watchStatus(cli) : runStatus(cli)));
  withExample(command, 'vambe status', 'vambe status --watch', 'vambe status --json');
}

async function load(cli: Cli) {
  const [{ gatherStatus }, { statusTargets }, { usesLlm }, { toStatusDocument }, { describeStatus }] =
    await Promise.all([
      import('../../services/observe/status.ts'),
      import('../kit/look-targets.ts'),
      import('../../config/derived.ts'),
      import('../../contract/status.ts'),
      import('../print/status.ts'),
    ]);
  const { config } = cli.config();
  const classifier = { kind: usesLlm(config) ? ('llm' as const) : ('offline' as const) };
  const look = async () => toStatusDocument(await gatherStatus(await statusTargets(config)), classifier);
  return { look, describeStatus };
}

type Status = Awaited<ReturnType<Awaited<ReturnType<typeof load>>['look']>>;

async function runStatus(cli: Cli): Promise<void> {
  const { look, describeStatus } = await load(cli);
  const status = await look();
  if (cli.json) cli.document(status);
  else cli.out(describeStatus(cli, status, Date.now()));
  for (const error of errorsOf(status)) cli.note(`vambe: ${error}`);
  if (!status.success) cli.exitWith(5);
}

/** A server that is away is part of the picture: Ctrl-C ends it with 0. */
async function watchStatus(cli: Cli): Promise<void> {
  if (!cli.isTerminal || cli.json)
    throw new AppError('USAGE', '--watch draws on a terminal. Leave out --json, or call "vambe status" repeatedly.');
  cli.endByInterrupt();
  const { look, describeStatus } = await load(cli);
  while (!cli.signal.aborted) {
    const status = await look();
    const nowMs = Date.now();
    const errors = errorsOf(status).map((error) => cli.prose(`vambe: ${error}`));
    const time = `${new Date(nowMs).toLocaleTimeString('en-GB')}, every ${redrawEveryMs / 1_000} s, Ctrl-C ends it`;
    const parts = [cli.style('dim', time), describeStatus(cli, status, nowMs), ...errors];
    cli.out(`${clearScreen}${parts.join('\n\n')}`);
    await sleep(redrawEveryMs, undefined, { signal: cli.signal });
  }
}

function errorsOf({ servers }: Status): readonly string[] {
  return [servers.postgres, servers.redis].flatMap(({ error }) => (error === null ? [] : [error]));
}
