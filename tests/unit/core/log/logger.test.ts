import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { createLogger, type LogFields } from '../../../../src/core/log/logger.ts';

function makeDestination() {
  const lines: string[] = [];
  const destination = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { destination, lines };
}

function logged(fields: LogFields, format: 'json' | 'pretty' = 'json') {
  const { destination, lines } = makeDestination();
  createLogger({ level: 'debug', format, destination }).info('job.finished', fields);
  expect(lines).toHaveLength(1);
  return lines[0] ?? '';
}

describe('a line', () => {
  it('in JSON has level, time, event and the fields', () => {
    const line = JSON.parse(logged({ jobId: 'j1-0', durationMs: 12, queues: ['a', 'b'] }));
    expect(line).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      event: 'job.finished',
      jobId: 'j1-0',
      durationMs: 12,
      queues: ['a', 'b'],
    });
  });

  it('on a terminal begins with the emoji of its part', () => {
    expect(logged({ jobId: 'j1-0' }, 'pretty')).toMatch(/^✅ \d\d:\d\d:\d\d job\.finished {2}jobId=j1-0\n$/);
  });

  it('is coloured only where the destination has colours', () => {
    const { destination, lines } = makeDestination();
    createLogger({
      level: 'info',
      format: 'pretty',
      destination: Object.assign(destination, { hasColors: () => true }),
    }).info('a.b');
    expect(lines[0]).toContain('\u001b[');
    expect(logged({}, 'pretty')).not.toContain('\u001b[');
  });

  it('below the level is not written', () => {
    const { destination, lines } = makeDestination();
    const log = createLogger({ level: 'warn', format: 'json', destination });
    log.debug('a.b');
    log.info('a.b');
    log.warn('a.b');
    log.error('a.b');
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(['warn', 'error']);
  });

  it('of a child carries its fields, the nearest winning', () => {
    const { destination, lines } = makeDestination();
    const log = createLogger({ level: 'info', format: 'json', destination }).child({ worker: 'w1', task: 'a' });
    log.child({ jobId: 'j1' }).info('job.started', { task: 'b' });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ worker: 'w1', jobId: 'j1', task: 'b' });
  });

  it('is at most 4 KiB, valid and of one event, whatever the fields', () => {
    const fields = fc.dictionary(
      fc.string({ unit: 'binary' }),
      fc.anything({ maxDepth: 2, maxKeys: 4, withBigInt: true, withDate: true, withMap: true, withTypedArray: true }),
    );
    const long = fc.tuple(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }),
      fc.integer({ min: 100, max: 2000 }),
    );
    const text = long.map(([word, times]) => word.repeat(times));
    const texts = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'name', 'caller', 'stack', 'error'), text, {
      minKeys: 3,
    });
    const json = makeDestination();
    const terminal = makeDestination();
    const logs = [
      createLogger({ level: 'info', format: 'json', destination: json.destination }),
      createLogger({ level: 'info', format: 'pretty', destination: terminal.destination }),
    ];
    fc.assert(
      fc.property(fc.oneof(fields, texts), (given) => {
        for (const log of logs) log.info('job.finished', given);
        const line = json.lines.pop() ?? '';
        const pretty = terminal.lines.pop() ?? '';
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(4096);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(JSON.parse(line)).toMatchObject({ level: 'info', event: 'job.finished' });
        expect(Buffer.byteLength(pretty)).toBeLessThanOrEqual(4096);
        expect(pretty.indexOf('\n')).toBe(pretty.length - 1);
      }),
      { endOnFailure: true },
    );
  }, 30_000);

  it('survives fields that refer to themselves or run code', () => {
    const circular: Record<string, unknown> = { name: 'x' };
    circular.self = circular;
    const trap = Object.defineProperty({}, 'value', {
      enumerable: true,
      get: () => {
        throw new Error('read');
      },
    });
    expect(JSON.parse(logged({ circular, trap, toJSON: () => 'x' }))).toMatchObject({
      circular: { name: 'x' },
      trap: {},
    });
  });
});

describe('what a line never tells', () => {
  const pretty = (fields: LogFields) => logged(fields) + logged(fields, 'pretty');

  it('is a password, key or token', () => {
    const text = pretty({
      url: 'redis://u:hidden@h',
      apiKey: 'hidden',
      postgresPassword: 'hidden',
      headers: { authorization: 'hidden', cookie: 'hidden' },
      list: ['postgres://u:hidden@h/d'],
      error: new Error('no answer of redis://:hidden@h'),
    });
    expect(text).not.toContain('hidden');
    expect(text).toContain('redis://u:***@h');
  });

  it('is a transcript or a prompt', () => {
    const text = pretty({ transcript: 'Hola Ana', prompt: 'Hola Ana', nested: { quote: 'Hola Ana' } });
    expect(text).not.toContain('Ana');
    expect(text).toContain('[8 characters]');
  });

  it('is the cause or the properties of an error, which hold requests and prompts', () => {
    const error = new AppError('TASK_FAILED', 'The provider failed.', {
      cause: Object.assign(new Error('hidden'), { requestBody: 'hidden' }),
      details: { prompt: 'hidden' },
    });
    const line = JSON.parse(logged({ error: Object.assign(error, { responseBody: 'hidden' }) }));
    expect(line.error).toEqual({ code: 'TASK_FAILED', message: 'The provider failed.' });
  });

  it('is more than 1 KiB of an error', () => {
    const line = JSON.parse(logged({ error: new Error('ñ'.repeat(5000)) }));
    expect(Buffer.byteLength(line.error.message)).toBeLessThanOrEqual(1024);
    expect(line.error.message).toMatch(/^ñ+…$/);
  });

  it('but the counts of tokens are told', () => {
    expect(JSON.parse(logged({ inputTokens: 812, tokens: 5 }))).toMatchObject({ inputTokens: 812, tokens: 5 });
  });

  it('but of a host with several addresses the first failure is told', () => {
    const error = Object.assign(new AggregateError([new Error('connect ECONNREFUSED ::1:6379')]), {
      code: 'ECONNREFUSED',
    });
    expect(JSON.parse(logged({ error })).error).toEqual({
      code: 'ECONNREFUSED',
      message: 'connect ECONNREFUSED ::1:6379',
    });
  });
});

describe('a destination that fails', () => {
  const failing = (code: string) =>
    new Writable({
      autoDestroy: false,
      write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })),
    });

  it.each([['EPIPE'], ['ENOSPC']])('with %s ends nothing; the lines are counted', async (code) => {
    const log = createLogger({ level: 'info', format: 'json', destination: failing(code) });
    log.info('job.started');
    log.info('job.finished');
    await expect.poll(() => log.droppedLines()).toBe(2);
  });

  it('for good, being closed, ends nothing either', async () => {
    const { destination } = makeDestination();
    destination.destroy();
    const log = createLogger({ level: 'info', format: 'pretty', destination });
    log.error('job.failed');
    await expect.poll(() => log.droppedLines()).toBe(1);
  });

  it('by never draining costs at most a megabyte', () => {
    const stuck = new Writable({ write: () => {} });
    const log = createLogger({ level: 'info', format: 'json', destination: stuck });
    const fields = { a: 'x'.repeat(1000), b: 'y'.repeat(1000), c: 'z'.repeat(1000) };
    for (let line = 0; line < 1000; line += 1) log.info('job.started', fields);
    expect(stuck.writableLength).toBeLessThan(1_048_576 + 4096);
    expect(log.droppedLines()).toBeGreaterThan(500);
  });

  it('gets one error listener, however many logs write to it', () => {
    const { destination } = makeDestination();
    for (let each = 0; each < 20; each += 1) createLogger({ level: 'info', format: 'json', destination });
    expect(destination.listenerCount('error')).toBe(1);
  });
});
