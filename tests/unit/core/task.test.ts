import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { complete } from '../../../src/core/outcome.ts';
import { createTaskRegistry, defineTask } from '../../../src/core/task.ts';
import { classifyMeeting } from '../../../src/tasks/classify-meeting.ts';

const names = ['a', 'b', 'c', 'd'];

/** `t(a, b, c=…)` with so many parameters, the first of them required. */
function makeTask(parameters: number, required: number) {
  const shape = Object.fromEntries(
    names.slice(0, parameters).map((name, index) => [name, index < required ? z.number() : z.number().optional()]),
  );
  return defineTask({ name: 't', parameters: z.object(shape), run: () => complete(null) });
}

/** Calls of a Python function and what CPython 3.11 said to each. */
interface PythonCall {
  readonly parameters: number;
  readonly required: number;
  readonly args: number;
  readonly kwargs: readonly string[];
  readonly bound?: readonly string[];
  readonly error?: string;
}
const calls: PythonCall[] = readFileSync(new URL('../../fixtures/python-calls.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

describe('binding arguments', () => {
  test.each(calls)('binds or refuses as CPython: %j', ({ parameters, required, args, kwargs, bound, error }) => {
    const task = makeTask(parameters, required);
    const bind = () => task.bind(Array(args).fill(1), Object.fromEntries(kwargs.map((name) => [name, 1])));
    if (error === undefined) expect(Object.keys(bind().parameters).sort()).toEqual(bound);
    else expect(bind).toThrow(expect.objectContaining({ code: 'TASK_ARGUMENTS', message: error }));
  });

  test('gives the same parameters however a call is split into positional and named arguments', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer(), { minLength: 1, maxLength: 4 }),
        fc.nat(4),
        fc.boolean(),
        (values, at, isReversed) => {
          const task = makeTask(values.length, values.length);
          const split = Math.min(at, values.length);
          const named = values.slice(split).map((value, index) => [names[split + index], value]);
          const { parameters } = task.bind(
            values.slice(0, split),
            Object.fromEntries(isReversed ? named.reverse() : named),
          );
          expect(parameters).toEqual(Object.fromEntries(values.map((value, index) => [names[index], value])));
        },
      ),
    );
  });

  test('never throws anything but TASK_ARGUMENTS, whatever is sent', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 6 }),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (args, kwargs) => {
          try {
            const { parameters } = classifyMeeting.bind(args, kwargs);
            expect(Object.keys(parameters).every((name) => classifyMeeting.parameterNames.includes(name))).toBe(true);
          } catch (error) {
            expect(error).toMatchObject({ code: 'TASK_ARGUMENTS' });
          }
        },
      ),
    );
  });

  test('refuses keyword arguments that are names of Object.prototype', () => {
    const kwargs = JSON.parse('{"__proto__": 1, "a": 2}');
    expect(() => makeTask(1, 1).bind([], kwargs)).toThrow(/unexpected keyword argument '__proto__'/);
    expect(() => makeTask(1, 1).bind([1], { constructor: 1 })).toThrow(/unexpected keyword argument 'constructor'/);
  });

  test('takes classify_meeting as the API sends it', () => {
    expect(classifyMeeting.bind([7, false, null, 'api-1'], {})).toEqual({
      subjectId: 7,
      parameters: { meeting_id: 7, force_reprocess: false, callback_url: null, api_task_id: 'api-1' },
    });
    expect(classifyMeeting.bind([7], {}).parameters).toEqual({ meeting_id: 7, force_reprocess: false });
  });

  test.each([
    ['', 'a text of 0 characters'],
    ['not a url', 'a text of 9 characters'],
    ['x'.repeat(3_000), 'a text of 3000 characters'],
    ['http://a/\0', 'a text of 10 characters'],
    [123, 'a number'],
    [true, 'a boolean'],
    [{}, 'an object'],
    [['https://a.example'], 'a list'],
  ])('takes %j as a callback_url that is ignored, also when it is read again (S3)', (url, ignored) => {
    const { parameters } = classifyMeeting.bind([7, false, url, 'api-1'], {});
    expect(parameters).toMatchObject({ meeting_id: 7, callback_url: { ignored }, api_task_id: 'api-1' });
    expect(classifyMeeting.bind([], parameters).parameters).toEqual(parameters);
  });

  test('keeps a callback_url that is one (S3)', () => {
    const url = 'https://api.example/hooks?id=7';
    expect(classifyMeeting.bind([7, false, url], {}).parameters).toMatchObject({ callback_url: url });
  });

  test.each([['7'], [0], [-1], [1.5], [2 ** 31], [null], [true]])(
    'refuses %j as a meeting id and names the parameter',
    (id) => {
      expect(() => classifyMeeting.bind([id], {})).toThrow(
        /^classify_meeting\(\) got arguments it cannot use: meeting_id: /,
      );
    },
  );

  test('checks parameters again when it runs, as a row may have been written by another version', async () => {
    const context = {} as Parameters<typeof classifyMeeting.run>[1];
    await expect(classifyMeeting.run({ meeting_id: 'seven' }, context)).rejects.toMatchObject({
      code: 'TASK_ARGUMENTS',
    });
  });
});

describe('registry of tasks', () => {
  const one = defineTask({ name: 'one', aliases: ['first'], parameters: z.object({}), run: () => complete(1) });
  const two = defineTask({ name: 'two', parameters: z.object({}), run: () => complete(2) });

  test('finds a task by name and by alias', () => {
    const registry = createTaskRegistry([two, one]);
    expect(registry.find('first')).toBe(one);
    expect(registry.find('two')).toBe(two);
    expect(registry.all.map(({ name }) => name)).toEqual(['one', 'two']);
  });

  test('says which tasks it knows when one is unknown', () => {
    expect(() => createTaskRegistry([one, two]).find('three')).toThrow(
      expect.objectContaining({
        code: 'TASK_UNKNOWN',
        message: 'There is no task "three". Known: one, two.',
        details: { name: 'three' },
      }),
    );
  });

  test('refuses two tasks of one name, an alias included', () => {
    const again = defineTask({ name: 'first', parameters: z.object({}), run: () => complete(1) });
    expect(() => createTaskRegistry([one, again])).toThrow(expect.objectContaining({ code: 'TASK_INVALID' }));
  });

  test('puts a task without a queue on "default"', () => {
    expect([one.queue, classifyMeeting.queue]).toEqual(['default', 'classification']);
  });
});

describe('a parameter that takes further positional arguments', () => {
  const task = defineTask({
    name: 't',
    restParameter: 'rest',
    parameters: z.object({ a: z.number(), rest: z.array(z.number()), b: z.number() }),
    run: () => complete(null),
  });
  const message = (args: unknown[], kwargs: Record<string, unknown>) => {
    try {
      return task.bind(args, kwargs).parameters;
    } catch (error) {
      return (error as Error).message;
    }
  };

  test.each([
    [[1, 2, 3], { b: 4 }, { a: 1, rest: [2, 3], b: 4 }],
    [[1], { b: 4 }, { a: 1, rest: [], b: 4 }],
    [[], { a: 1, b: 4 }, { a: 1, rest: [], b: 4 }],
  ])('binds %j and %j as *args does in Python', (args, kwargs, parameters) => {
    expect(message(args, kwargs)).toEqual(parameters);
  });

  test.each([
    [[1, 2, 3], {}, "t() missing 1 required keyword-only argument: 'b'"],
    [[], {}, "t() missing 1 required positional argument: 'a'"],
    [[1], { rest: [2], b: 4 }, "t() got an unexpected keyword argument 'rest'"],
    [[1], { a: 1, b: 4 }, "t() got multiple values for argument 'a'"],
  ])('refuses %j and %j in the words of CPython', (args, kwargs, words) => {
    expect(message(args, kwargs)).toBe(words);
  });
});

describe('a definition that cannot be kept to is refused with the reason', () => {
  test.each([
    [{ schedule: { everyMs: 60_000 }, parameters: z.object({ a: z.number() }) }, 'parameter "a" has no default'],
    [{ schedule: { everyMs: 10 } }, 'everyMs 10. Give whole milliseconds, 1000 or more'],
    [{ retryDelayMs: -1 }, 'retryDelayMs of -1'],
    [{ timeLimit: { softMs: 0.5 } }, 'time limit softMs of 0.5'],
  ])('%j', (definition, reason) => {
    const define = () => defineTask({ name: 't', parameters: z.object({}), run: () => complete(null), ...definition });
    expect(define).toThrow(expect.objectContaining({ code: 'TASK_INVALID', message: expect.stringContaining(reason) }));
  });
});
