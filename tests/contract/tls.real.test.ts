/** PostgreSQL with a certificate of a private authority, and each mode of libpq. */
import { spawnSync } from 'node:child_process';
import { chownSync, copyFileSync, mkdtempSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createDatabase } from '../../src/core/connections/database.ts';
import { makeCertificates } from '../helpers/certificates.ts';
import { startPostgres } from '../helpers/real-servers.ts';

async function startTlsPostgres() {
  const folder = mkdtempSync(join(tmpdir(), 'vambe-pg-tls-'));
  const { url, pid, stop } = await startPostgres(folder);
  onTestFinished(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const data = readlinkSync(`/proc/${pid}/cwd`);
  const { uid, gid } = statSync(`/proc/${pid}`);
  const use = async (certificates: { cert: string; key: string }) => {
    for (const [from, name] of [
      [certificates.cert, 'server.crt'],
      [certificates.key, 'server.key'],
    ] as const) {
      copyFileSync(from, join(data, name));
      await chmod(join(data, name), 0o600);
      if (process.getuid?.() === 0) chownSync(join(data, name), uid, gid);
    }
    await ask(url, 'alter system set ssl = on');
    process.kill(pid, 'SIGHUP');
  };
  return { url, use };
}

async function ask(url: string, text: string): Promise<unknown> {
  const database = createDatabase({ url, poolSize: 1, applicationName: 'tests' });
  try {
    const [row] = await database.run<Record<string, unknown>>({ name: '', text }, []);
    return row && Object.values(row)[0];
  } finally {
    await database.close();
  }
}

const isTls = (url: string) => ask(url, 'select ssl from pg_stat_ssl where pid = pg_backend_pid()');

test('each sslmode means what it means in libpq, with a private authority, before and after a new certificate (O2)', {
  timeout: 120_000,
}, async () => {
  const { url, use } = await startTlsPostgres();
  expect(await isTls(`${url}?sslmode=prefer`)).toBe(false);
  await expect(isTls(`${url}?sslmode=require`)).rejects.toMatchObject({
    code: 'DATABASE_REFUSED',
    message: expect.stringContaining('has no TLS, and TLS was asked for'),
  });

  const first = makeCertificates();
  await use(first);
  await expect.poll(() => isTls(`${url}?sslmode=prefer`), { timeout: 20_000 }).toBe(true);
  expect(await isTls(`${url}?sslmode=require`)).toBe(true);
  expect(await isTls(`${url}?ssl=true`)).toBe(true);
  expect(await isTls(url)).toBe(false);
  for (const mode of ['verify-ca', 'verify-full']) {
    await expect(isTls(`${url}?sslmode=${mode}`)).rejects.toMatchObject({ code: 'DATABASE_REFUSED' });
    expect(await isTls(`${url}?sslmode=${mode}&sslrootcert=${first.ca}`)).toBe(true);
  }

  const other = makeCertificates('DNS:other.example');
  await use(other);
  const full = `${url}?sslmode=verify-full&sslrootcert=`;
  await expect
    .poll(() => isTls(`${full}${first.ca}`).catch((error) => error.code), { timeout: 20_000 })
    .toBe('DATABASE_REFUSED');
  await expect(isTls(`${full}${other.ca}`)).rejects.toMatchObject({
    message: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
  });
  expect(await isTls(`${url}?sslmode=verify-ca&sslrootcert=${other.ca}`)).toBe(true);
});

test('no plain warning of a library is printed for a mode (O2)', async () => {
  const script = `const { createDatabase } = await import(${JSON.stringify(new URL('../../src/core/connections/database.ts', import.meta.url).href)});
const database = createDatabase({ url: 'postgres://u:p@127.0.0.1:1/x?sslmode=require', poolSize: 1, applicationName: 'tests' });
await database.testConnection().catch(() => undefined);`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stderr).toBe('');
});
