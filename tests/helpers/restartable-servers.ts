/** Installed servers that may be ended and started again at the same address. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { startPostgres, startRedis } from './real-servers.ts';

export interface Restartable {
  readonly url: string;
  readonly pid: number;
  /** Ends it by this signal and waits for its end. */
  end(signal: NodeJS.Signals): Promise<void>;
  start(options?: { isEmpty?: boolean; args?: readonly string[] }): Promise<void>;
  /** For good, whatever state it is in. */
  close(): Promise<void>;
}

export async function openPostgres(folder: string): Promise<Restartable> {
  const { url, pid, stop } = await startPostgres(folder);
  const [program, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  const { uid, gid } = statSync(`/proc/${pid}`);
  const cwd = readlinkSync(`/proc/${pid}/cwd`);
  return restartable(url, { pid, stop }, async () => spawn(program ?? '', args, { cwd, uid, gid, stdio: 'ignore' }));
}

/** With an append-only file in a folder of its own; `isEmpty` takes another folder, `args` are more settings. */
export async function openRedis(folder: string): Promise<Restartable> {
  const { url, pid, stop } = await startRedis(folder);
  const { port, password } = new URL(url);
  let cwd = readlinkSync(`/proc/${pid}/cwd`);
  return restartable(url, { pid, stop }, async ({ isEmpty, args: more }) => {
    if (isEmpty) cwd = await mkdtemp(join(folder, 'redis-'));
    const args = ['--bind', '127.0.0.1', '--port', port, '--requirepass', password, '--appendonly', 'yes', ...more];
    return spawn('redis-server', args, { cwd, stdio: 'ignore' });
  });
}

function restartable(
  url: string,
  first: { readonly pid: number; stop(): Promise<void> },
  startAgain: (options: { isEmpty: boolean; args: readonly string[] }) => Promise<ChildProcess>,
): Restartable {
  let again: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals) => {
    if (!again) {
      process.kill(first.pid, signal);
      return first.stop();
    }
    if (again.exitCode !== null || again.signalCode !== null) return;
    const ended = once(again, 'exit');
    again.kill(signal);
    await ended;
  };
  return {
    url,
    get pid() {
      return again?.pid ?? first.pid;
    },
    end,
    async close() {
      if (again) await end('SIGKILL');
      else await first.stop();
    },
    async start({ isEmpty = false, args = [] } = {}) {
      again = await startAgain({ isEmpty, args });
    },
  };
}
