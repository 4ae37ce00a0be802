/** Free ports on the loopback interface. */
import { createServer } from 'node:net';

export const loopback = '127.0.0.1';

/** `wanted` when it is free, else any free port. Another program may take it before it is used, so callers retry. */
export async function findFreePort(wanted = 0): Promise<number> {
  return (wanted === 0 ? undefined : await tryPort(wanted)) ?? (await tryPort(0)) ?? 0;
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, loopback, () => {
      const address = server.address();
      const found = typeof address === 'object' && address ? address.port : undefined;
      server.close(() => resolve(found));
    });
  });
}
