/** Reads the error that Redis sends when it closes a connection at once: too many clients, or protected mode. */
import { connect } from 'node:net';

const patienceMs = 500;

/**
 * Connects and sends nothing. A client that sends at once, as ioredis does, may get a reset before it has read the reason.
 * Undefined where the server sends nothing by itself, and for TLS.
 */
export function readGreeting(url: string): Promise<Error | undefined> {
  if (!URL.canParse(url)) return Promise.resolve(undefined);
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'redis:') return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || 6379 });
    const end = (words?: string) => {
      socket.destroy();
      resolve(
        words?.startsWith('-') ? Object.assign(new Error(words.slice(1).trim()), { name: 'ReplyError' }) : undefined,
      );
    };
    socket.setTimeout(patienceMs, () => end());
    socket.once('data', (bytes) => end(bytes.toString('latin1')));
    socket.once('error', () => end());
    socket.once('close', () => end());
  });
}
