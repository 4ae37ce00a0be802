/** A certificate authority of a test's own, and a certificate for 127.0.0.1 that it signed. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** `host`: the name or address that the certificate is for. */
export function makeCertificates(host = 'IP:127.0.0.1'): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'vambe-ca-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  const key = (name: string) => ['-newkey', 'rsa:2048', '-nodes', '-keyout', at(name)];
  openssl('req', '-x509', ...key('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=a private authority', '-days', '2');
  openssl('req', ...key('server.key'), '-out', at('server.csr'), '-subj', '/CN=server');
  writeFileSync(at('names'), `subjectAltName=${host}`);
  const sign = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-extfile', at('names'), '-days', '2'];
  openssl('x509', '-req', '-in', at('server.csr'), ...sign, '-out', at('server.pem'));
  return { ca: at('ca.pem'), cert: at('server.pem'), key: at('server.key') };
}
