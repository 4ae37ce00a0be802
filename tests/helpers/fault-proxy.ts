/** A TCP proxy on loopback in front of Redis or PostgreSQL that a test makes cut, freeze, delay, refuse, or answer itself. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface FaultProxy {
  /** The server's address with the proxy's port. */
  readonly url: string;
  /** Connections that clients have tried to open, refused ones too. */
  readonly tries: number;
  readonly open: number;
  /** Takes connections and bytes and hands nothing on; what came meanwhile follows after `pass`. */
  freeze(): void;
  /** As `freeze`, for answers alone: the server gets what is sent. */
  freezeAnswers(): void;
  /** Resets every connection; new ones are taken. */
  cut(): void;
  /** Resets every connection, and each new one at once. */
  refuse(): void;
  /** Nobody listens any more: ECONNREFUSED. */
  shut(): Promise<void>;
  /** Each piece of an answer comes so much later. */
  delay(ms: number): void;
  /** The next time a client sends this, its connection is reset: before the server saw it, or when the server has answered. */
  cutAt(bytes: string, when: 'before' | 'after'): void;
  /** How many of `cutAt` and `answer` are in wait. */
  readonly traps: number;
  /** What a client sends that holds these bytes is answered by the proxy. */
  answer(bytes: string, reply: Reply): void;
  /** Ends whatever was set: an ordinary connection again. */
  pass(): Promise<void>;
}

type Mode = 'pass' | 'freeze' | 'freeze-answers' | 'refuse';

type Reply = (sent: Buffer) => Buffer;

interface Trap {
  readonly bytes: string;
  readonly act: 'before' | 'after' | Reply;
}

export async function startFaultProxy(serverUrl: string): Promise<FaultProxy> {
  const target = new URL(serverUrl);
  const pairs = new Set<{ client: Socket; server: Socket }>();
  let mode: Mode = 'pass';
  let delayMs = 0;
  let traps: Trap[] = [];
  let tries = 0;

  const steer = ({ client, server }: { client: Socket; server: Socket }) => {
    if (mode === 'freeze') client.pause();
    else client.resume();
    if (mode === 'freeze' || mode === 'freeze-answers') server.pause();
    else server.resume();
  };
  const springTrap = (bytes: Buffer): Trap | undefined => {
    const sprung = traps.find((trap) => bytes.includes(trap.bytes));
    if (typeof sprung?.act === 'string') traps = traps.filter((trap) => trap !== sprung);
    return sprung;
  };

  const listener = createServer((client) => {
    tries += 1;
    client.on('error', () => undefined);
    if (mode === 'refuse') return void client.resetAndDestroy();
    const server = connect(Number(target.port), target.hostname);
    const pair = { client, server };
    let isDoomed = false;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', end).on('close', end);
    client.on('data', (bytes) => {
      const trap = springTrap(bytes);
      if (typeof trap?.act === 'function') return void client.write(trap.act(bytes));
      if (trap?.act === 'before') return void reset(pair);
      isDoomed ||= trap?.act === 'after';
      server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (isDoomed) return void reset(pair);
      if (delayMs > 0) setTimeout(() => client.write(bytes), delayMs);
      else client.write(bytes);
    });
    steer(pair);
  });
  const reset = (pair: { client: Socket; server: Socket }) => {
    pairs.delete(pair);
    pair.client.resetAndDestroy();
    pair.server.destroy();
  };
  const set = (next: Mode) => {
    mode = next;
    for (const pair of pairs) steer(pair);
  };
  const cut = () => {
    for (const pair of pairs) reset(pair);
  };
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  onTestFinished(() => {
    cut();
    listener.close();
  });
  const url = new URL(serverUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return {
    url: url.href,
    get tries() {
      return tries;
    },
    get open() {
      return pairs.size;
    },
    get traps() {
      return traps.length;
    },
    freeze: () => set('freeze'),
    freezeAnswers: () => set('freeze-answers'),
    cut,
    refuse() {
      set('refuse');
      cut();
    },
    async shut() {
      const closed = new Promise((resolve) => listener.close(resolve));
      cut();
      await closed;
    },
    delay(ms) {
      delayMs = ms;
    },
    cutAt(bytes, when) {
      traps.push({ bytes, act: when });
    },
    answer(bytes, reply) {
      traps.push({ bytes, act: reply });
    },
    async pass() {
      traps = [];
      delayMs = 0;
      set('pass');
      if (!listener.listening) await new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', resolve));
    },
  };
}

/** An error as PostgreSQL sends it, and "ready for the next statement". https://www.postgresql.org/docs/15/protocol-message-formats.html */
export function postgresError(sqlState: string, message: string): Reply {
  const fields = Buffer.from(`SERROR\0VERROR\0C${sqlState}\0M${message}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  const answer = Buffer.concat([head, fields, Buffer.from('Z\0\0\0\x05I')]);
  return () => answer;
}

/** An error as Redis sends it, for each command of what was sent. https://redis.io/docs/latest/develop/reference/protocol-spec/ */
export function redisError(message: string): Reply {
  return (sent) => {
    const commands = sent.toString('latin1').match(/(?:^|\r\n)\*\d+\r\n\$/g)?.length ?? 1;
    return Buffer.from(`-${message}\r\n`.repeat(commands));
  };
}
