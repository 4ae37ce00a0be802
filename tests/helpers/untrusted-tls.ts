/** A TLS server on loopback whose certificate nothing trusts. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';

/** `greets`: speaks PostgreSQL's "yes, TLS" first. Gives back its port. */
export async function startUntrustedTls({ greets = false }: { greets?: boolean } = {}): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'vambe-tls-'));
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', keyFile];
  execFileSync('openssl', ['req', '-x509', ...key, '-out', certFile, '-subj', '/CN=localhost', '-days', '1'], {
    stdio: 'ignore',
  });
  const [pemKey, cert] = [readFileSync(keyFile), readFileSync(certFile)];
  rmSync(folder, { recursive: true });
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    const secure = () => {
      new TLSSocket(socket, { isServer: true, key: pemKey, cert }).on('error', () => undefined);
    };
    if (!greets) return secure();
    socket.once('data', () => {
      socket.write('S');
      secure();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}
