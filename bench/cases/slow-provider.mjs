// A provider of its own process that answers each chat completion after a fixed time, and tells what it saw: (delay ms, reply file) are its arguments.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const delayMs = Number(process.argv[2]);
const content = readFileSync(process.argv[3], 'utf8');
const reply = Buffer.from(
  JSON.stringify({
    model: 'slow',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 4_000, completion_tokens: 600 },
  }),
);
const headers = { 'content-type': 'application/json', 'content-length': reply.length };
let [calls, atOnce, mostAtOnce, firstMs] = [0, 0, 0, 0];

const server = createServer((request, response) => {
  request.resume();
  request.once('end', () => {
    firstMs ||= Date.now();
    calls += 1;
    atOnce += 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    setTimeout(() => {
      atOnce -= 1;
      response.writeHead(200, headers);
      response.end(reply);
    }, delayMs);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', () => process.send({ calls, mostAtOnce, firstMs }));
process.on('disconnect', () => process.exit(0));
