/** PgBouncer, as apt installs it, in front of a database. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from './wait-for.ts';

export interface PgBouncer {
  /** The given database through it. */
  readonly url: string;
  stop(): Promise<void>;
}

export async function startPgBouncer(
  url: string,
  { poolMode = 'transaction', more = '' }: { poolMode?: 'transaction' | 'session'; more?: string } = {},
): Promise<PgBouncer> {
  const target = new URL(url);
  const folder = mkdtempSync(join(tmpdir(), 'pgbouncer-'));
  const port = await freePort();
  const name = target.pathname.slice(1);
  writeFileSync(join(folder, 'users.txt'), `"${target.username}" "${target.password}"\n`);
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]
${name} = host=${target.hostname} port=${target.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(folder, 'users.txt')}
pool_mode = ${poolMode}
default_pool_size = 3
${more}
`,
  );
  const owner = process.getuid?.() === 0 ? postgresUser() : undefined;
  if (owner) for (const file of ['', 'users.txt', 'pgbouncer.ini']) chownSync(join(folder, file), owner.uid, owner.gid);
  const child = spawn('/usr/sbin/pgbouncer', [join(folder, 'pgbouncer.ini')], { ...owner, stdio: 'ignore' });
  await waitFor('PgBouncer', () => answers(port));
  target.port = String(port);
  return {
    url: target.href,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** It refuses to run as root. */
function postgresUser(): { uid: number; gid: number } {
  const [, , uid = '', gid = ''] =
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .find(([name]) => name === 'postgres') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
