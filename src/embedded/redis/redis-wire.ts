/** The part of the Redis protocol (RESP2) that our own commands to the broker need. */

/** One command, as an array of bulk strings. https://redis.io/docs/latest/develop/reference/protocol-spec/ */
export function encodeCommand(words: readonly string[]): Buffer {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`);
}

/** Splits a stream of bytes into replies. Simple strings, errors and numbers keep their first character (`+OK`). */
export class ReplyReader {
  #text = '';

  /** The replies that the new bytes complete. None of our commands is answered with an array. */
  push(bytes: Uint8Array): string[] {
    this.#text += Buffer.from(bytes).toString('latin1');
    const replies: string[] = [];
    for (let reply = this.#take(); reply !== undefined; reply = this.#take()) replies.push(reply);
    return replies;
  }

  #take(): string | undefined {
    const lineEnd = this.#text.indexOf('\r\n');
    if (lineEnd < 0) return undefined;
    const line = this.#text.slice(0, lineEnd);
    const bulkLength = line.startsWith('$') ? Number(line.slice(1)) : -1;
    if (bulkLength < 0) {
      this.#text = this.#text.slice(lineEnd + 2);
      return line;
    }
    const bulkEnd = lineEnd + 2 + bulkLength;
    if (this.#text.length < bulkEnd + 2) return undefined;
    const bulk = this.#text.slice(lineEnd + 2, bulkEnd);
    this.#text = this.#text.slice(bulkEnd + 2);
    return bulk;
  }
}

/** Commands and their replies over any duplex of bytes, answered in order. */
export class CommandLine {
  readonly #reader = new ReplyReader();
  readonly #waiting: ((reply: string) => void)[] = [];
  readonly #send: (bytes: Buffer) => void;

  constructor(send: (bytes: Buffer) => void) {
    this.#send = send;
  }

  /** Resolves with the reply, also with an error reply (`-ERR …`). Stays pending while the server does not answer. */
  ask(...words: string[]): Promise<string> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#send(encodeCommand(words));
    });
  }

  receive(bytes: Uint8Array): void {
    for (const reply of this.#reader.push(bytes)) this.#waiting.shift()?.(reply);
  }
}
