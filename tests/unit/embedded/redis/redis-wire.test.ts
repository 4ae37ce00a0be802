import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CommandLine, encodeCommand, ReplyReader } from '../../../../src/embedded/redis/redis-wire.ts';

test('a command is an array of bulk strings whose lengths are bytes', () => {
  expect(encodeCommand(['SET', 'ñ']).toString()).toBe('*2\r\n$3\r\nSET\r\n$2\r\nñ\r\n');
});

const line = fc.string().map((text) => text.replaceAll(/[\r\n$]/g, ''));
const reply = fc.oneof(
  line.map((text) => ({ wire: `+${text}\r\n`, value: `+${text}` })),
  line.map((text) => ({ wire: `-ERR ${text}\r\n`, value: `-ERR ${text}` })),
  fc.integer().map((number) => ({ wire: `:${number}\r\n`, value: `:${number}` })),
  fc.constant({ wire: '$-1\r\n', value: '$-1' }),
  fc.string({ unit: 'binary-ascii' }).map((text) => ({ wire: `$${text.length}\r\n${text}\r\n`, value: text })),
);

test('replies come out whole and in order, wherever the stream of bytes is cut', () => {
  const cut = fc.array(fc.nat(7), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(reply), cut, (replies, sizes) => {
      const wire = Buffer.from(replies.map(({ wire }) => wire).join(''), 'latin1');
      const reader = new ReplyReader();
      const found: string[] = [];
      for (let at = 0, step = 0; at < wire.length; step++) {
        const size = (sizes[step % sizes.length] ?? 0) + 1;
        found.push(...reader.push(wire.subarray(at, at + size)));
        at += size;
      }
      // One character is one byte here, as in the reader.
      expect(found).toEqual(replies.map(({ value }) => Buffer.from(value, 'latin1').toString('latin1')));
    }),
  );
});

test('each command gets its own reply, in the order of asking', async () => {
  const sent: string[] = [];
  const commands = new CommandLine((bytes) => sent.push(bytes.toString()));
  const replies = Promise.all([commands.ask('PING'), commands.ask('GET', 'x')]);
  commands.receive(Buffer.from('+PONG\r\n$1\r\n'));
  commands.receive(Buffer.from('7\r\n'));
  expect(await replies).toEqual(['+PONG', '7']);
  expect(sent).toHaveLength(2);
});
