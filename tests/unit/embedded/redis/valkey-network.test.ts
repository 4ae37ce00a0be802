import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ClientSocket, ValkeyNetwork } from '../../../../src/embedded/redis/valkey-network.ts';

const readable = 1;
const writable = 2;
const listener = 7;

function makeNetwork() {
  const memory = new ArrayBuffer(4_096);
  let wakes = 0;
  const network = new ValkeyNetwork({
    memory: () => memory,
    wake: () => {
      wakes++;
    },
  });
  const host = network.imports();
  host.listen(listener);
  return { memory: Buffer.from(memory), network, host, wakes: () => wakes };
}

class FakeSocket implements ClientSocket {
  readonly written: Buffer[] = [];
  hasRoom = true;
  isDestroyed = false;

  write(bytes: Buffer): boolean {
    this.written.push(bytes);
    return this.hasRoom;
  }

  destroy(): void {
    this.isDestroyed = true;
  }
}

/** Asks about handle and mask pairs as Valkey does; returns those that are ready. */
function poll({ memory, host }: ReturnType<typeof makeNetwork>, interests: [number, number][]): [number, number][] {
  interests.forEach(([handle, mask], index) => {
    memory.writeInt32LE(handle, index * 8);
    memory.writeInt32LE(mask, index * 8 + 4);
  });
  const fired = 2_048;
  const count = host.poll(0, interests.length, fired, 64);
  return Array.from({ length: count }, (_, index) => [
    memory.readInt32LE(fired + index * 8),
    memory.readInt32LE(fired + index * 8 + 4),
  ]);
}

test('a client is announced at the listener, accepted once, and readable when it has sent something', () => {
  const made = makeNetwork();
  expect(poll(made, [[listener, readable]])).toEqual([]);
  expect(made.host.accept()).toBe(-1);
  const line = made.network.connect(new FakeSocket());
  expect(poll(made, [[listener, readable]])).toEqual([[listener, readable]]);
  const handle = made.host.accept();
  expect(made.host.accept()).toBe(-1);
  expect(poll(made, [[handle, readable]])).toEqual([]);
  const before = made.wakes();
  line.receive(Buffer.from('PING'));
  expect(made.wakes()).toBe(before + 1);
  expect(poll(made, [[handle, readable | writable]])).toEqual([[handle, readable | writable]]);
});

test('what a client sends is read in order, whatever the size of the pieces and of the reads', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 })),
      fc.integer({ min: 1, max: 60 }),
      (pieces, readLength) => {
        const { memory, network, host } = makeNetwork();
        const line = network.connect(new FakeSocket());
        const handle = host.accept();
        for (const piece of pieces) line.receive(Buffer.from(piece));
        const read: Buffer[] = [];
        for (let length = host.read(handle, 100, readLength); length > 0; length = host.read(handle, 100, readLength)) {
          read.push(Buffer.from(memory.subarray(100, 100 + length)));
        }
        expect(Buffer.concat(read)).toEqual(Buffer.concat(pieces));
      },
    ),
  );
});

test('nothing to read is told from the end of a connection', () => {
  const { network, host } = makeNetwork();
  const line = network.connect(new FakeSocket());
  const handle = host.accept();
  expect(host.read(handle, 0, 10)).toBe(-1);
  line.receive(Buffer.from('x'));
  line.end();
  expect(host.read(handle, 0, 10)).toBe(1);
  expect(host.read(handle, 0, 10)).toBe(0);
  expect(host.write(handle, 0, 1)).toBe(-1);
});

test('a written answer is a copy, as the memory is used again at once', () => {
  const { memory, network, host } = makeNetwork();
  const socket = new FakeSocket();
  network.connect(socket);
  const handle = host.accept();
  memory.write('+OK');
  expect(host.write(handle, 0, 3)).toBe(3);
  memory.write('xxx');
  expect(Buffer.concat(socket.written).toString()).toBe('+OK');
});

test('a client that does not take its answers is not writable until it has', () => {
  const made = makeNetwork();
  const socket = new FakeSocket();
  const line = made.network.connect(socket);
  const handle = made.host.accept();
  socket.hasRoom = false;
  made.host.write(handle, 0, 1);
  expect(poll(made, [[handle, writable]])).toEqual([]);
  line.drained();
  expect(poll(made, [[handle, writable]])).toEqual([[handle, writable]]);
});

test('a closed handle is forgotten, and closing the clients spares the kept one', () => {
  const { network, host } = makeNetwork();
  const [first, second, kept] = [new FakeSocket(), new FakeSocket(), new FakeSocket()];
  for (const socket of [first, second, kept]) network.connect(socket);
  const handle = host.accept();
  host.close(handle);
  expect(first.isDestroyed).toBe(true);
  expect(host.read(handle, 0, 1)).toBe(-1);
  network.closeClients(kept);
  expect([second.isDestroyed, kept.isDestroyed]).toEqual([true, false]);
});
