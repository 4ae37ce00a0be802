import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createPostJson } from '../../../src/services/classification/model/providers/post-json.ts';

test('a process that was blocked longer than a limit accepts the reply that arrived meanwhile', async () => {
  // The server is in the same process, so it is blocked too, and answers before any timer fires.
  const server = createServer((request, response) => {
    request.resume();
    request.once('end', () => response.end('{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const bounds = { connectMs: 20, wholeMs: 5_000, maxReplyBytes: 1_000 };
  const post = createPostJson({ url: `http://127.0.0.1:${port}/`, bounds });
  const reply = post({ headers: {}, body: '{}', signal: new AbortController().signal });
  const stillUntilMs = performance.now() + 60;
  while (performance.now() < stillUntilMs) {
    // Blocks the event loop.
  }
  expect(await reply).toMatchObject({ status: 200, body: '{}' });
});
