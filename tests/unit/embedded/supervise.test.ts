import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type RunningServer, restartDelayMs, supervise } from '../../../src/embedded/supervise.ts';

class FakeServer implements RunningServer {
  readonly port: number;
  readonly processes = [];
  readonly ended: Promise<string>;
  answers = true;
  end: (reason: string) => void = () => undefined;

  constructor(port: number) {
    this.port = port;
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  async ping(): Promise<void> {
    if (!this.answers) await new Promise(() => undefined);
  }

  kill(): void {
    this.end('ended by SIGKILL');
  }

  async stop(): Promise<void> {
    this.end('stopped');
  }
}

let servers: FakeServer[];
let asked: (number | undefined)[];
let events: { name: string; fields: Record<string, unknown> }[];
let failures: number;

const start = () =>
  supervise({
    name: 'broker',
    start: async (port) => {
      asked.push(port);
      if (asked.length > 1 && failures-- > 0) throw new Error('port 4000 is taken');
      const server = new FakeServer(port ?? 4_000);
      servers.push(server);
      return server;
    },
    report: (name, fields) => events.push({ name, fields }),
    onStart: () => undefined,
  });

beforeEach(() => {
  vi.useFakeTimers();
  [servers, asked, events, failures] = [[], [], [], 0];
});

afterEach(() => {
  vi.useRealTimers();
});

test('a server that ends is started again on the port it had (H4)', async () => {
  const supervised = await start();
  servers[0]?.end('ended with code 70');
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toEqual([undefined, 4_000]);
  expect(events[0]).toEqual({ name: 'broker.ended', fields: { reason: 'ended with code 70', restarts: 1 } });
  expect(events[1]?.name).toBe('broker.restarted');
  await supervised.stop();
  expect(servers).toHaveLength(2);
});

test('a server that no longer answers is killed after three missed beats, in less than 10 s (H4)', async () => {
  const supervised = await start();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(servers).toHaveLength(1);
  for (const server of servers) server.answers = false;
  await vi.advanceTimersByTimeAsync(5_900);
  expect(servers).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2_200);
  expect(servers).toHaveLength(2);
  expect(events[0]?.fields).toMatchObject({ reason: 'it did not answer any more' });
  await supervised.stop();
});

test('two missed beats and an answer are no reason to kill', async () => {
  const supervised = await start();
  const [server] = servers;
  if (server) server.answers = false;
  await vi.advanceTimersByTimeAsync(5_000);
  if (server) server.answers = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(servers).toHaveLength(1);
  await supervised.stop();
});

test('a start that fails is told and tried again, and the server is back when it succeeds', async () => {
  const supervised = await start();
  failures = 3;
  servers[0]?.end('ended by SIGSEGV');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(events.map(({ name }) => name)).toEqual([
    'broker.ended',
    ...Array.from({ length: 3 }, () => 'broker.start_failed'),
    'broker.restarted',
  ]);
  expect(events[1]?.fields).toEqual({ reason: 'port 4000 is taken' });
  await supervised.stop();
});

test('a stop while it waits for the next try ends the trying', async () => {
  const supervised = await start();
  failures = Number.POSITIVE_INFINITY;
  servers[0]?.end('ended by SIGSEGV');
  await vi.advanceTimersByTimeAsync(60_000);
  await supervised.stop();
  const tries = asked.length;
  await vi.advanceTimersByTimeAsync(600_000);
  expect(asked).toHaveLength(tries);
});

test('the failure of the first start is the caller’s', async () => {
  const failing = supervise({
    name: 'postgres',
    start: () => Promise.reject(new Error('no')),
    report: () => undefined,
    onStart: () => undefined,
  });
  await expect(failing).rejects.toThrow('no');
});

test('restarts come at once at first, then ever later, at most 30 s apart', () => {
  const delays = Array.from({ length: 12 }, (_, index) => restartDelayMs(index + 1));
  expect(delays.slice(0, 5)).toEqual([0, 0, 500, 1_000, 2_000]);
  expect(delays.at(-1)).toBe(30_000);
  expect(delays).toEqual([...delays].sort((a, b) => a - b));
});
