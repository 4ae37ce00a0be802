/** Entry of the host process: starts the servers that its parent requests, and stops them when the channel to the parent closes. */

import type { Host } from './host.ts';
import { openHost } from './host.ts';
import { describeFailure, type FromHost, isToHost } from './messages.ts';

/** Exit code of a host that could not open its servers; its parent has been told why. */
const couldNotOpen = 6;

let opening: Promise<Host | undefined> = Promise.resolve(undefined);

// Only a closed channel ends this process. Signals go to the whole group, and the parent may still be draining jobs.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.once('message', (message) => {
  if (isToHost(message)) opening = open(message.request);
});
process.once('disconnect', () => void close());

async function open(request: Parameters<typeof openHost>[0]): Promise<Host | undefined> {
  try {
    const host = await openHost(request, (name, fields) => tell({ kind: 'event', name, fields }));
    tell({ kind: 'ready', postgresUrl: host.postgresUrl, redisUrl: host.redisUrl });
    return host;
  } catch (error) {
    tell(describeFailure(error, String(error)), () => process.exit(couldNotOpen));
    return undefined;
  }
}

async function close(): Promise<void> {
  const host = await opening;
  await host?.stop();
  process.exit(0);
}

function tell(message: FromHost, sent?: () => void): void {
  if (process.connected && process.send) process.send(message, undefined, undefined, sent);
  else sent?.();
}
