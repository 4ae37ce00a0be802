/** A model on loopback that speaks as one provider does, reads transcripts as the offline classifier does, and refuses what a test says. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Taxonomy } from '../../src/models/taxonomy.ts';
import { modelThatReads } from './fake-llm.ts';

export type Api = 'openai' | 'anthropic' | 'google';
export type Body = Readonly<Record<string, unknown>>;

export interface Refusal {
  readonly status: number;
  /** Text as it is sent; anything else as JSON. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RefusingModel {
  /** What LLM_BASE_URL takes. */
  readonly baseUrl: string;
  /** Bodies of all requests. */
  readonly seen: readonly Body[];
  readonly refusals: number;
  close(): Promise<void>;
}

export interface RefusingModelOptions {
  readonly api: Api;
  readonly taxonomy: Taxonomy;
  /** undefined: it answers. */
  readonly refuse: (body: Body) => Refusal | undefined;
  /** Its usual answer; unset: one of its API, with 1,000 and 200 tokens. */
  readonly reply?: (answer: unknown) => unknown;
}

export async function startRefusingModel(options: RefusingModelOptions): Promise<RefusingModel> {
  const { api, taxonomy, refuse, reply = replies[api] } = options;
  const read = modelThatReads(taxonomy);
  const seen: Body[] = [];
  let refusals = 0;
  const answerTo = async (body: Body): Promise<Refusal> => {
    const refusal = refuse(body);
    if (refusal !== undefined) {
      refusals += 1;
      return refusal;
    }
    return { status: 200, body: reply(await read(transcriptIn(body))) };
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const asked: Body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      seen.push(asked);
      const { status, body, headers } = await answerTo(asked);
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}${api === 'openai' ? '/v1' : ''}`,
    seen,
    get refusals() {
      return refusals;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const replies: Readonly<Record<Api, (answer: unknown) => unknown>> = {
  openai: (answer) => ({
    model: 'm',
    choices: [{ message: { role: 'assistant', content: JSON.stringify(answer) }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1_000, completion_tokens: 200 },
  }),
  // In words, as a model that is not forced to call a tool may do.
  anthropic: (answer) => ({
    model: 'm',
    content: [{ type: 'text', text: `Here it is:\n${JSON.stringify(answer)}` }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 1_000, output_tokens: 200 },
  }),
  google: (answer) => ({
    modelVersion: 'm',
    candidates: [{ content: { role: 'model', parts: [{ text: JSON.stringify(answer) }] }, finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 1_000, candidatesTokenCount: 200 },
  }),
};

/** Every list that the API may send to. */
function transcriptIn(body: Body): string {
  const found = /<<transcript (\w+)>>\n([\s\S]*)\n<<end \1>>/.exec(textsIn(body).join('\n\n'));
  return found?.[2] ?? '';
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
