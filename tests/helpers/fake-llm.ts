/** An OpenAI-compatible server on loopback whose answers a test scripts: status, headers, bytes, stalls, broken connections. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Taxonomy } from '../../src/models/taxonomy.ts';
import type { Classification, FieldResult } from '../../src/services/classification/classifier.ts';
import { createOfflineClassifier } from '../../src/services/classification/rules/offline-classifier.ts';

export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: {
    readonly model: string;
    readonly messages: readonly { readonly role: string; readonly content: string }[];
    readonly [name: string]: unknown;
  };
}

/** What one request gets. A function may do what it likes with the response. */
export type Answer = (seen: SeenRequest, response: ServerResponse) => void | Promise<void>;

export interface FakeLlm {
  readonly baseUrl: string;
  readonly seen: readonly SeenRequest[];
  /** Requests whose connection is still open. */
  readonly openSockets: number;
  readonly mostAtOnce: number;
  /** Answers for the next requests, in order; then `otherwise`. */
  script(...answers: readonly Answer[]): void;
  otherwise(answer: Answer): void;
  close(): Promise<void>;
}

export async function startFakeLlm(): Promise<FakeLlm> {
  const seen: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  let answers: Answer[] = [];
  let usual: Answer = refuse(500, 'nothing_scripted');
  let [atOnce, mostAtOnce] = [0, 0];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      atOnce += 1;
      mostAtOnce = Math.max(mostAtOnce, atOnce);
      response.once('close', () => {
        atOnce -= 1;
      });
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      const one: SeenRequest = { path: request.url ?? '', headers: request.headers, body };
      seen.push(one);
      void (answers.shift() ?? usual)(one, response);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    seen,
    get openSockets() {
      return sockets.size;
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
    script(...given) {
      answers = [...given];
    },
    otherwise(answer) {
      usual = answer;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A completion with this content. */
export function say(
  content: string,
  {
    finish = 'stop',
    refusal = null,
    usage = usualUsage,
  }: { finish?: string; refusal?: string | null; usage?: object | null } = {},
): Answer {
  return ({ body }, response) => send(response, 200, completion(body.model, content, { finish, refusal, usage }));
}

export function refuse(status: number, code: string, headers: Record<string, string> = {}, message = ''): Answer {
  return (_seen, response) =>
    send(response, status, { error: { message, type: 'fake_error', param: null, code } }, headers);
}

/** Breaks the connection without a word. */
export const hangUp: Answer = (_seen, response) => void response.socket?.destroy();

/** Never answers. */
export const stall: Answer = () => undefined;

/** Half of a completion, then the connection breaks. */
export const breakOff: Answer = (_seen, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' });
  response.write('{"choices":[{"index":0,"message":{"content":"{');
  setImmediate(() => response.socket?.destroy());
};

/** Begins and goes on without an end, as fast as it is read. */
export const flood: Answer = (_seen, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const chunk = 'x'.repeat(64 * 1_024);
  const more = () => {
    while (!response.destroyed && response.write(chunk));
    if (!response.destroyed) response.once('drain', more);
  };
  more();
};

/** Begins its reply and never goes on. */
export const trickle: Answer = (_seen, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{');
};

/** A model that reads as the offline classifier does, and quotes what it rests on. */
export function modelThatReads(taxonomy: Taxonomy): (transcript: string) => Promise<Record<string, unknown>> {
  const offline = createOfflineClassifier(taxonomy);
  return async (transcript) => {
    const signal = new AbortController().signal;
    return toReply(taxonomy, await offline.classify({ transcript, sellerPrompt: null, signal }));
  };
}

/** Such a model behind the server: it finds the transcript between the marker lines. */
export function answerByReading(taxonomy: Taxonomy, options: Parameters<typeof say>[1] = {}): Answer {
  const read = modelThatReads(taxonomy);
  return async (seen, response) => {
    const answer = await read(transcriptOf(seen.body.messages));
    await say(JSON.stringify(answer), options)(seen, response);
  };
}

export function transcriptOf(messages: SeenRequest['body']['messages']): string {
  const content = messages.find(({ role }) => role === 'user')?.content ?? '';
  return /<<transcript (\w+)>>\n([\s\S]*)\n<<end \1>>$/.exec(content)?.[2] ?? '';
}

function toReply({ file }: Taxonomy, answer: Classification): Record<string, unknown> {
  const fields = file.fields.map(({ id, type }) => {
    const { value, confidence, evidence }: FieldResult = answer.fields[id] ?? {
      value: null,
      confidence: 0,
      evidence: [],
    };
    const quotes = evidence.map(({ quote }) => quote);
    if (type !== 'list' && type !== 'phrases') return [id, { value, quotes, confidence }];
    const items = Array.isArray(value)
      ? value.map((each, index) => ({ value: each, quote: quotes[index] ?? quotes[0] ?? '' }))
      : [];
    return [id, { items, confidence }];
  });
  const { keyTopics, actionItems, nextSteps, summary } = answer;
  return {
    fields: Object.fromEntries(fields),
    key_topics: keyTopics,
    action_items: actionItems,
    next_steps: nextSteps,
    summary,
  };
}

const usualUsage = { prompt_tokens: 1_000, completion_tokens: 200, total_tokens: 1_200 };

function completion(
  model: string,
  content: string,
  { finish, refusal, usage }: { finish: string; refusal: string | null; usage: object | null },
) {
  return {
    id: 'chatcmpl-fake',
    object: 'chat.completion',
    created: 0,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content, refusal }, finish_reason: finish }],
    ...(usage === null ? {} : { usage }),
  };
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  if (response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
