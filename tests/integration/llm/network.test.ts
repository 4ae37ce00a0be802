/** How a model is reached: through a proxy, with our name, with extra entries in the request. */
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { chooseClassifier } from '../../../src/wire-services.ts';
import { answerByReading, type FakeLlm, startFakeLlm } from '../../helpers/fake-llm.ts';
import { salesTaxonomy, testKey } from '../../helpers/llm-classifier.ts';
import { spanishTranscript } from '../../helpers/meetings.ts';

let stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops) await stop();
  stops = [];
});

async function startModel(): Promise<FakeLlm> {
  const fake = await startFakeLlm();
  stops.push(() => fake.close());
  fake.otherwise(answerByReading(salesTaxonomy));
  return fake;
}

/** A proxy that sends everything to one server, and says what it was asked for. */
async function startProxy(fake: FakeLlm) {
  const asked: string[] = [];
  const { port: target } = new URL(fake.baseUrl);
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    request.headers['x-proxied'] = 'yes';
    const onward = connect(Number(target), '127.0.0.1');
    const { pathname } = new URL(request.url ?? '');
    const head = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
    onward.write(`POST ${pathname} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`);
    request.pipe(onward);
    if (response.socket !== null) onward.pipe(response.socket);
  });
  server.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(async () => server.closeAllConnections() ?? server.close());
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function classify(environment: Readonly<Record<string, string>>) {
  const { config } = loadConfig({ LLM_API_KEY: testKey, LLM_MODEL: 'm', ...environment }, '');
  const { classify } = await chooseClassifier(config, salesTaxonomy, { isPatient: false });
  return classify({ transcript: spanishTranscript, sellerPrompt: null, signal: new AbortController().signal });
}

test('a request says who sends it, and has the entries of LLM_EXTRA_BODY (M10, M12)', async () => {
  const fake = await startModel();
  await classify({ LLM_BASE_URL: fake.baseUrl, LLM_EXTRA_BODY: '{"reasoning_effort":"low","temperature":null}' });
  expect(fake.seen[0]?.headers['user-agent']).toMatch(/^vambe-ai-worker\/\d+\.\d+\.\d+/);
  expect(fake.seen[0]?.body).toMatchObject({ model: 'm', reasoning_effort: 'low' });
  expect(fake.seen[0]?.body).not.toHaveProperty('temperature');
});

test.each(['HTTP_PROXY', 'http_proxy'])('a model at an http address is called through %s (M10)', async (name) => {
  const fake = await startModel();
  const proxy = await startProxy(fake);
  const { fields } = await classify({ LLM_BASE_URL: 'http://model.invalid:8000/v1', [name]: proxy.url });
  expect(fields.business_sector?.value).toBe('healthcare');
  expect(proxy.asked).toEqual(['POST http://model.invalid:8000/v1/chat/completions']);
});

test('a model at an https address is asked for by CONNECT; a proxy that refuses makes jobs try again later (M10)', async () => {
  const proxy = await startProxy(await startModel());
  const call = classify({ LLM_BASE_URL: 'https://model.invalid/v1', HTTPS_PROXY: proxy.url });
  await expect(call).rejects.toMatchObject({ code: 'MODEL_UNREACHABLE' });
  expect(proxy.asked).toEqual(['CONNECT model.invalid:443']);
});

test('NO_PROXY is kept to (M10)', async () => {
  const proxy = await startProxy(await startModel());
  const call = classify({ LLM_BASE_URL: 'http://model.invalid:8000/v1', HTTP_PROXY: proxy.url, NO_PROXY: '.invalid' });
  await expect(call).rejects.toMatchObject({ code: 'MODEL_UNREACHABLE' });
  expect(proxy.asked).toEqual([]);
});

test.each(['[1]', '{"model":"x"}', '{"messages":[]}', '{"stream":true}', 'no json'])(
  'LLM_EXTRA_BODY=%s is refused, and never shown (M12)',
  (text) => {
    expect(() => loadConfig({ LLM_EXTRA_BODY: text }, '')).toThrow(
      expect.objectContaining({ code: 'SETTINGS_INVALID', message: expect.not.stringContaining(text) }),
    );
  },
);
