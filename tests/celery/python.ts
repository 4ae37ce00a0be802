/** Real Celery, as apt installs it: a client that runs lines of Python, and workers. Everything is dead after the test. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { celeryAppFolder } from '../helpers/celery-vectors.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** Distributions install Celery for this one, whatever `python3` on PATH is. */
const python = '/usr/bin/python3';

/** Why tests against real Celery cannot run here; undefined where they can. */
export const whyNoCelery: string | undefined = importCelery();

function importCelery(): string | undefined {
  try {
    execFileSync(python, ['-c', 'import celery, redis'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${python} has no celery (apt-get install python3-celery python3-redis)`;
  }
}

export interface PythonClient {
  /** Runs code beside the app; what it left in `answer`. @throws what Python raised */
  run<T = unknown>(code: string): Promise<T>;
  stop(): void;
}

function environment(redisUrl: string, more: Readonly<Record<string, string>> = {}) {
  return { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1', REDIS_URL: redisUrl, ...more };
}

const options = (env: NodeJS.ProcessEnv) => ({ cwd: celeryAppFolder, env });

export function startPython(redisUrl: string): PythonClient {
  const driver = fileURLToPath(new URL('./driver.py', import.meta.url));
  const env = environment(redisUrl, { PYTHONPATH: celeryAppFolder });
  const child = spawn(python, [driver], { ...options(env), stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: ((line: string) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(line));
  return {
    async run<T>(code: string) {
      child.stdin.write(`${JSON.stringify(code)}\n`);
      const line = await new Promise<string>((resolve) => waiting.push(resolve));
      const { answer, error }: { answer?: T; error?: string } = JSON.parse(line);
      if (error !== undefined) throw new Error(error);
      return answer as T;
    },
    stop: () => child.kill('SIGKILL'),
  };
}

export interface PythonWorker {
  readonly pid: number;
  output(): string;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<void>;
}

export interface PythonWorkerOptions {
  /** Module of the Celery app, beside the client app or on PYTHONPATH of `env`. */
  readonly app?: string;
  readonly name?: string;
  readonly concurrency?: number;
  readonly lists?: string;
  /** Further arguments of `celery worker`. */
  readonly more?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A Celery worker on all four lists; resolves when it is ready. */
export async function startPythonWorker(
  redisUrl: string,
  {
    app = 'app',
    name = 'python@host',
    concurrency = 2,
    lists = 'classification,default,celery,vambe_tasks',
    more = [],
    env = {},
  }: PythonWorkerOptions = {},
): Promise<PythonWorker> {
  const args = [
    '-m',
    'celery',
    '-A',
    app,
    'worker',
    '-n',
    name,
    '-Q',
    lists,
    '-c',
    String(concurrency),
    '-l',
    'info',
    ...more,
  ];
  const child: ChildProcess = spawn(python, args, {
    ...options(environment(redisUrl, env)),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => (text += bytes));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await waitFor('a Python worker to be ready', () => / ready\./.test(text) || undefined, 30_000);
  return { pid: child.pid ?? 0, output: () => text, kill: (signal) => void child.kill(signal), exited };
}

/** `celery …` of the command line, running until it is killed. */
export function startCelery(redisUrl: string, args: readonly string[]): { output(): string; kill(): void } {
  const env = environment(redisUrl, { PYTHONUNBUFFERED: '1' });
  const child = spawn(python, ['-m', 'celery', '-A', 'app', ...args], options(env));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (text += bytes));
  return { output: () => text, kill: () => void child.kill('SIGKILL') };
}

/** `celery …` of the command line: its output and exit code. */
export async function runCelery(redisUrl: string, args: readonly string[]): Promise<{ out: string; code: number }> {
  const child = spawn(python, ['-m', 'celery', '-A', 'app', ...args], options(environment(redisUrl)));
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (out += bytes));
  const code = await new Promise<number>((resolve) => child.once('close', (each) => resolve(each ?? -1)));
  return { out, code };
}
