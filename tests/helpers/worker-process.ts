/** A worker in a process of its own: what it logs, how it ends, signals to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { productProgram, runsTypeScript } from './product.ts';
import type { Steering } from './steered-worker.ts';
import { waitFor } from './wait-for.ts';

export interface SpawnedWorker {
  readonly pid: number;
  /** JSON log lines so far. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
  /** All it wrote, for tests of what must not be in it. */
  output(): string;
  /** Waits for a log event; fails when the process ends without it. */
  logged(event: string, deadlineMs?: number): Promise<Readonly<Record<string, unknown>>>;
  kill(signal: NodeJS.Signals): void;
  /** Nobody reads its log any more. */
  closeLog(): void;
  /** Exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
}

export interface SpawnOptions {
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Given: `vambe worker` with these arguments; unset: `node worker.js`. */
  readonly args?: readonly string[];
  /** From the sources where there is a build too: the tasks of `args` are in TypeScript. */
  readonly fromSources?: boolean;
  /** Another command of `vambe` than `worker`, with `args`. */
  readonly command?: string;
  /** Given: the same process with bounds and a classifier of the test's (steered-worker.ts). */
  readonly steer?: Steering;
  /** `--max-old-space-size=128` and the like. */
  readonly nodeFlags?: readonly string[];
}

const fileOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export function startWorkerProcess(options: SpawnOptions): SpawnedWorker {
  const {
    postgresUrl,
    redisUrl,
    environment = {},
    args,
    command = 'worker',
    steer,
    fromSources,
    nodeFlags = [],
  } = options;
  const worker = steer ? [...runsTypeScript, fileOf('tests/helpers/steered-worker.ts')] : productProgram('worker');
  const program = args ? [...productProgram('cli/main', { fromSources }), command, ...args] : worker;
  const child = spawn(process.execPath, [...nodeFlags, ...program], {
    cwd: fileOf('tests/fixtures'), // no .env there
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NO_COLOR: '1',
      LOG_FORMAT: 'json',
      LOG_LEVEL: 'debug',
      DATABASE_URL: postgresUrl,
      REDIS_URL: redisUrl,
      ...(steer ? { TEST_STEERING: JSON.stringify(steer) } : {}),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const events: Record<string, unknown>[] = [];
  let text = '';
  let rest = '';
  const take = (bytes: Buffer) => {
    text += bytes;
    const lines = (rest + bytes).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('{')) events.push(JSON.parse(line));
  };
  child.stderr.on('data', take);
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes;
  });
  const exited = exitOf(child);
  return {
    pid: child.pid ?? 0,
    events,
    output: () => text,
    exited,
    kill: (signal) => child.kill(signal),
    closeLog: () => child.stderr.destroy(),
    logged: (event, deadlineMs = 45_000) =>
      waitFor(
        `the worker to log ${event}`,
        () => {
          const found = events.find((each) => each.event === event);
          if (!found && (child.exitCode !== null || child.signalCode !== null)) {
            throw new Error(
              `the worker ended (${child.exitCode ?? child.signalCode}) before ${event}:\n${text.slice(-2_000)}`,
            );
          }
          return found;
        },
        deadlineMs,
      ),
  };
}

function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  return new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal ?? 0)));
}
