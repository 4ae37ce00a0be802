/** Writes down what a worker tells its clients: each result document as it is written, and each event. */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { readEvents } from '../../../src/celery/events/event-bodies.ts';
import { createRedis } from '../../../src/core/connections/redis.ts';

export type Fields = Readonly<Record<string, unknown>>;

export interface WrittenDocument {
  readonly fields: Fields;
  readonly lifeSeconds: number;
  isPublished: boolean;
}

export interface Recording {
  /** By task id, in the order of writing. */
  readonly documents: Map<string, WrittenDocument[]>;
  readonly events: Fields[];
}

const prefix = 'celery-task-meta-';

/** Of several databases of one Redis that nobody else uses; the recordings grow until `stop`. */
export async function record(
  url: string,
  databases: readonly string[],
): Promise<{ readonly recordings: ReadonlyMap<string, Recording>; stop(): void }> {
  const recordings = new Map(databases.map((each) => [each, { documents: new Map(), events: [] } as Recording]));
  const listener = createRedis({ url, name: 'tests', use: 'listener' });
  listener.on('pmessage', (_pattern, channel: string, raw: string) => {
    recordings.get(/^\/(\d+)\./.exec(channel)?.[1] ?? '')?.events.push(...readEvents(raw));
  });
  await listener.psubscribe('*celeryev/*');
  const monitor = await watchCommands(url, (database, [command = '', key = '', ...rest]) => {
    if (!key.startsWith(prefix)) return;
    const documents = recordings.get(database)?.documents;
    const id = key.slice(prefix.length);
    const known = documents?.get(id) ?? [];
    if (command.toUpperCase() === 'PUBLISH') {
      const last = known.at(-1);
      if (last) last.isPublished = true;
    }
    if (command.toUpperCase() !== 'SETEX') return;
    const [life = '', json = ''] = rest;
    documents?.set(id, [...known, { fields: JSON.parse(json), lifeSeconds: Number(life), isPublished: false }]);
  });
  return {
    recordings,
    stop() {
      listener.disconnect();
      monitor.destroy();
    },
  };
}

/** MONITOR, which also tells what scripts do. ioredis has it too, but garbles what is not ASCII. */
async function watchCommands(
  url: string,
  hear: (database: string, command: readonly string[]) => void,
): Promise<Socket> {
  const { hostname, port, password } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  let markReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    markReady = resolve;
  });
  let replies = 0;
  createInterface({ input: socket }).on('line', (line) => {
    const [, database, quoted] = /^\+[\d.]+ \[(\d+) [^\]]*\] (.*)$/.exec(line) ?? [];
    if (database !== undefined && quoted !== undefined) return hear(database, unquote(quoted));
    replies += 1;
    if (replies === 2) markReady();
  });
  socket.write(`AUTH ${password}\r\nMONITOR\r\n`);
  await ready;
  return socket;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };

/** `"SET" "a\xc3\xb1"` as its words; the bytes are UTF-8. */
function unquote(text: string): string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, inner = '']) => {
    const bytes = inner.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_match, hex?: string, sign = '') =>
      hex === undefined ? (escapes[sign] ?? sign) : String.fromCharCode(Number.parseInt(hex, 16)),
    );
    return Buffer.from(bytes, 'latin1').toString();
  });
}
