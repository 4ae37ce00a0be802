/** `vambe worker`: consumes the queues until it is told to stop. */
import { type Command, InvalidArgumentError } from 'commander';
import { redisUrl } from '../../config/derived.ts';
import { nodeNamePattern } from '../../config/node-name.ts';
import type { Log, LogLevel } from '../../core/log/logger.ts';
import type { Cli } from '../kit/cli.ts';
import { oneOf, taskFolders, wholeNumber, withExample } from '../kit/help.ts';
import type { ServerUrls } from '../kit/servers.ts';

interface WorkerFlags {
  readonly queues?: string;
  readonly concurrency?: number;
  readonly processes?: number;
  readonly hostname?: string;
  readonly loglevel?: LogLevel;
  readonly tasks?: readonly string[];
  readonly taskEvents?: boolean;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('worker')
    .description('take jobs from the queues and run them until SIGTERM or Ctrl-C')
    .option('-Q, --queues <names>', 'queues to take from, separated by commas (WORKER_QUEUES)')
    .option('-c, --concurrency <jobs>', 'jobs at once (WORKER_CONCURRENCY)', wholeNumber({ min: 1, max: 1000 }))
    .option(
      '--processes <count>',
      'worker processes, each with this concurrency; one that dies is started again',
      wholeNumber({ min: 1, max: 64 }),
    )
    .option('-n, --hostname <name>', "this worker's name, %h is the host (WORKER_HOSTNAME)", nodeName)
    .option('-l, --loglevel <level>', "debug, info, warn or error, or Celery's names of them (LOG_LEVEL)", logLevel)
    .option(...taskFolders)
    .option('-E, --task-events', "Celery's task events from the start, for celery events and Flower")
    .action((flags: WorkerFlags) => runWorker(cli, flags));
  withExample(
    command,
    'vambe worker --queues classification --concurrency 50',
    'vambe worker --processes 2',
    'vambe worker --tasks ./my-tasks',
  );
}

/** As `celery worker` takes them: in any case, with its longer names. */
function logLevel(given: string): LogLevel {
  const name = given.toLowerCase();
  const celeryNames: Readonly<Record<string, LogLevel>> = { warning: 'warn', critical: 'error', fatal: 'error' };
  return celeryNames[name] ?? oneOf(['debug', 'info', 'warn', 'error'])(name);
}

function nodeName(given: string): string {
  if (nodeNamePattern.test(given)) return given;
  throw new InvalidArgumentError('It must be a node name such as worker@%h.');
}

async function runWorker(cli: Cli, flags: WorkerFlags): Promise<void> {
  const [{ AppError }, { createLogger }, { openServers }, { runWorkerUntilSignal }] = await Promise.all([
    import('../../core/errors.ts'),
    import('../../core/log/logger.ts'),
    import('../kit/servers.ts'),
    import('../../worker.ts'),
  ]);
  const { config, warnings } = cli.config({ warnings: 'caller' });
  const log = createLogger({
    level: flags.loglevel ?? config.logLevel,
    format: config.logFormat ?? (process.stderr.isTTY ? 'pretty' : 'json'),
  });
  for (const warning of warnings) log.warn('settings.warning', { warning });
  cli.takeOverShutdown();
  const isEmbedded = redisUrl(config) === null || (config.databaseUrl === null && config.postgresHost === null);
  if (isEmbedded && config.nodeEnv === 'production') {
    throw new AppError(
      'EMBEDDED_REFUSED',
      'NODE_ENV is production, but no address is set for Redis or PostgreSQL. Set REDIS_URL and POSTGRES_HOST (or DATABASE_URL).',
    );
  }
  const servers = await openServers(config, log);
  try {
    if ((flags.processes ?? 1) > 1) {
      // The children see ordinary addresses and migrate nothing.
      if (servers.embedded.postgres) await prepareSchema(servers, log);
      return cli.exitWith(await runProcesses(flags.processes ?? 1, servers, log));
    }
    const code = await runWorkerUntilSignal({
      config,
      log,
      postgresUrl: servers.postgresUrl,
      redisUrl: servers.redisUrl,
      concurrency: flags.concurrency,
      queues: flags.queues
        ?.split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
      workerName: flags.hostname,
      taskFolders: flags.tasks,
      sendsTaskEvents: flags.taskEvents,
      migrates: servers.embedded.postgres,
      createsApiTables: servers.embedded.postgres,
    });
    cli.exitWith(code);
  } finally {
    await servers.stop();
  }
}

/** The same command line, once for each process, on the servers that this process opened. */
async function runProcesses(processes: number, { postgresUrl, redisUrl }: ServerUrls, log: Log): Promise<number> {
  const [{ fork }, { supervise }, { childEnvironment }] = await Promise.all([
    import('node:child_process'),
    import('../../core/process/supervise.ts'),
    import('../../config/load.ts'),
  ]);
  const [script = '', ...args] = process.argv.slice(1);
  const at = args.findIndex((each) => each === '--processes' || each.startsWith('--processes='));
  const childArgs = args.filter((_each, index) => index !== at && !(index === at + 1 && args[at] === '--processes'));
  return supervise({
    processes,
    log,
    signals: process,
    start: () =>
      fork(script, childArgs, {
        detached: true,
        env: childEnvironment({ DATABASE_URL: postgresUrl, REDIS_URL: redisUrl }),
      }),
  });
}

async function prepareSchema({ postgresUrl }: ServerUrls, log: Log): Promise<void> {
  const { preflight } = await import('../../preflight.ts');
  await preflight({ postgresUrl, redisUrls: [], patienceMs: 10_000, migrates: true, createsApiTables: true, log });
}
