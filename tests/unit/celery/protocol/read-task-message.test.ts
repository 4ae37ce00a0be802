import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeTaskMessage } from '../../../../src/celery/protocol/encode-task-message.ts';
import { encodeEnvelope, maxMessageBytes } from '../../../../src/celery/protocol/envelope.ts';
import { isBadMessage, readTaskMessage } from '../../../../src/celery/protocol/read-task-message.ts';

const headers = { lang: 'py', task: 'classify_meeting', id: 'a-1' };

function read(body: unknown, { more = {}, properties = {} }: { more?: object; properties?: object } = {}) {
  return readTaskMessage(encodeEnvelope({ body, headers: { ...headers, ...more }, properties: { ...properties } }));
}

function codeOf(message: ReturnType<typeof readTaskMessage>) {
  return isBadMessage(message) ? message.error.code : 'fine';
}

describe('readTaskMessage', () => {
  it('takes a message with nothing but task, id and a body', () => {
    expect(read([[7], {}, {}])).toMatchObject({
      id: 'a-1',
      task: 'classify_meeting',
      args: [7],
      retries: 0,
      etaMs: null,
      expires: null,
      priority: 0,
      ignoresResult: false,
      embed: { callbacks: [], errbacks: [], chain: [], chord: null },
    });
  });

  it('reads hard before soft limit', () => {
    expect(read([[], {}, {}], { more: { timelimit: [30, 20] } })).toMatchObject({
      hardLimitSeconds: 30,
      softLimitSeconds: 20,
    });
  });

  it.each([
    ['2026-11-23T22:25:59.008994+00:00', '2026-11-23T22:25:59.008Z'],
    ['2030-01-01T03:04:05', '2030-01-01T03:04:05.000Z'],
    ['2030-01-01T03:04:05.120Z', '2030-01-01T03:04:05.120Z'],
    ['2030-01-01T03:04:05-0300', '2030-01-01T06:04:05.000Z'],
    ['2030-01-01', '2030-01-01T00:00:00.000Z'],
  ])('reads the moment %s', (eta, iso) => {
    expect(read([[], {}, {}], { more: { eta } })).toMatchObject({ etaMs: Date.parse(iso) });
  });

  it('takes a number for expires as seconds', () => {
    expect(read([[], {}, {}], { more: { expires: 5 } })).toMatchObject({ expires: { inSeconds: 5 } });
  });

  it('puts the steps of a chain into the order of running, and keeps own headers', () => {
    const step = (task: string) => ({ task, args: [], kwargs: {}, options: {}, subtask_type: null, immutable: true });
    const message = read([[], {}, { chain: [step('last'), step('next')] }], { more: { 'x-trace': '1' } });
    expect(message).toMatchObject({
      embed: { chain: [{ task: 'next', isImmutable: true }, { task: 'last' }] },
      customHeaders: { 'x-trace': '1' },
    });
  });

  it.each([
    ['a short list', [[]]],
    ['args that are no list', [1, {}, {}]],
    ['kwargs that are no object', [[], 1, {}]],
    ['links that are no list', [[], {}, { callbacks: 1 }]],
    ['an object', {}],
  ])('refuses %s, and knows whom to tell', (_name, body) => {
    const message = read(body);
    expect(codeOf(message)).toBe('MESSAGE_INVALID');
    expect(message).toMatchObject({ id: 'a-1', task: 'classify_meeting' });
  });

  it.each([
    ['year 0', { eta: '0000-01-01T00:00:00' }],
    ['a 31st of June', { eta: '2030-13-01T00:00:00' }],
    ['an id with NUL', { id: 'a\0' }],
    ['an id that no index takes', { id: 'x'.repeat(1_001) }],
  ])('refuses %s', (_name, more) => {
    expect(codeOf(read([[], {}, {}], { more }))).toBe('MESSAGE_INVALID');
  });

  it('does not inflate a bomb', () => {
    const body = deflateSync(Buffer.alloc(maxMessageBytes * 2, '[')).toString('base64');
    const raw = JSON.stringify({
      body,
      headers: { ...headers, compression: 'application/x-gzip' },
      properties: { body_encoding: 'base64' },
    });
    expect(codeOf(readTaskMessage(raw))).toBe('MESSAGE_MALFORMED');
  });

  it('refuses what is too large, too deep or beyond a double', () => {
    expect(codeOf(readTaskMessage(' '.repeat(maxMessageBytes + 1)))).toBe('MESSAGE_MALFORMED');
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const raw = (body: string) => JSON.stringify({ body, headers, properties: { body_encoding: 'utf-8' } });
    expect(codeOf(readTaskMessage(raw(`[${deep},{},{}]`)))).toBe('MESSAGE_INVALID');
    expect(codeOf(readTaskMessage(raw('[[1e999],{},{}]')))).toBe('MESSAGE_INVALID');
  });

  it('never throws, whatever is done to a message: 100,000 mutations', () => {
    const good = [
      encodeTaskMessage({ id: 'a', task: 't', args: [1, null], kwargs: { k: 'ñ' }, queue: 'celery', origin: '1@h' })
        .raw,
      JSON.stringify({ body: '[[1],{},{}]', headers, properties: { body_encoding: 'utf-8' } }),
      JSON.stringify({
        body: '{"task":"t","id":"i","retries":1}',
        headers: {},
        properties: { body_encoding: 'utf-8' },
      }),
      JSON.stringify({
        body: deflateSync('[[1],{},{"chain":null}]').toString('base64'),
        headers: { ...headers, compression: 'application/x-gzip', eta: '2030-01-01T00:00:00', timelimit: [1, 2] },
        properties: { body_encoding: 'base64', priority: 3 },
      }),
    ];
    const junk = [
      '[',
      '{"a":',
      '1e999',
      '"',
      '\0',
      '\\ud800',
      '-',
      'null',
      '9'.repeat(400),
      '[['.repeat(300),
      '{"__type__":"uuid","__value__":1}',
    ];
    const codes = new Set<string>();
    const random = xorshift(42);
    for (let round = 0; round < 100_000; round++) {
      let text = good[random() % good.length] ?? '';
      for (let edits = 1 + (random() % 3); edits > 0; edits--) {
        const at = random() % (text.length + 1);
        const length = random() % 12;
        const kind = random() % 4;
        if (kind === 0) text = text.slice(0, at) + String.fromCharCode(random() % 256) + text.slice(at + 1);
        else if (kind === 1) text = text.slice(0, at) + text.slice(at + length);
        else if (kind === 2) text = text.slice(0, at) + (junk[random() % junk.length] ?? '') + text.slice(at + length);
        else text = text.slice(0, at);
      }
      codes.add(codeOf(readTaskMessage(text)));
    }
    expect([...codes].sort()).toEqual(['MESSAGE_INVALID', 'MESSAGE_MALFORMED', 'MESSAGE_REFUSED', 'fine']);
  });

  it('gives back what encodeTaskMessage was given, for any JSON', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ maxDepth: 4 })),
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })),
        (args, kwargs) => {
          const plain: unknown = JSON.parse(JSON.stringify([args, kwargs]));
          fc.pre(!JSON.stringify(plain).includes('__type__'));
          const { raw } = encodeTaskMessage({ id: 'a', task: 't', args, kwargs, queue: 'q', origin: '1@h' });
          const message = readTaskMessage(raw);
          expect(isBadMessage(message) ? message : [message.args, message.kwargs]).toEqual(plain);
        },
      ),
    );
  });
});

function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
