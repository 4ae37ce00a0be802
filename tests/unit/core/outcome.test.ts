import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError, type ErrorCode, errorCodes } from '../../../src/core/errors.ts';
import {
  asOutcome,
  closed,
  complete,
  fail,
  outcomeOfError,
  requeue,
  retry,
  snooze,
  stepBack,
} from '../../../src/core/outcome.ts';

const error = new AppError('TASK_FAILED', 'broken');

describe('what a handler gives back', () => {
  test.each([complete({ a: 1 }), fail(error), retry(error), snooze('busy', 1_000), requeue(), closed('gone')])(
    'is taken as it is when it is an outcome: $kind',
    (outcome) => expect(asOutcome('t', outcome)).toBe(outcome),
  );

  test('fails the job with a list of what was allowed when it is anything else', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(asOutcome('t', value)).toMatchObject({ kind: 'fail', error: { code: 'TASK_INVALID' } });
      }),
    );
    const outcome = asOutcome('echo', { kind: 'success' });
    expect(outcome.kind === 'fail' && outcome.error.message).toBe(
      'Task "echo" returned no outcome. Return complete(), fail(), retry() or snooze() of core/outcome.',
    );
  });
});

describe('an error that a handler throws', () => {
  test.each(Object.entries(errorCodes))('%s ends as its kind of fault says', (code, { fault }) => {
    const thrown = new AppError(code as ErrorCode, 'words');
    const expected = { permanent: 'fail', transient: 'retry', throttled: 'snooze', held: 'hold' }[fault];
    expect(outcomeOfError('t', thrown).kind).toBe(expected);
  });

  test('is tried again when it is not ours, with its name, words and cause, cut to 1 KiB', () => {
    const thrown = new TypeError(`no ${'x'.repeat(5_000)}`);
    const outcome = outcomeOfError('echo', thrown);
    expect(outcome).toMatchObject({ kind: 'retry', error: { code: 'TASK_FAILED', cause: thrown } });
    if (outcome.kind !== 'retry') return;
    expect(outcome.error.message).toMatch(/^Task "echo" failed: TypeError: no x/);
    expect(outcome.error.message.length).toBeLessThanOrEqual(1_024);
  });

  test('may be anything at all', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (thrown) => {
        expect(outcomeOfError('t', thrown).kind).toBe('retry');
      }),
    );
  });
});

describe('an error that a handler gives to fail() or retry()', () => {
  test.each([
    [new Error('no such file'), 'no such file'],
    ['no such file', 'no such file'],
    [{ reason: 1 }, 'an object instead of an Error'],
  ])('becomes TASK_FAILED with its message: %j', (thrown, message) => {
    for (const { error: wrapped } of [fail(thrown), retry(thrown)])
      expect(wrapped).toMatchObject({ code: 'TASK_FAILED', message, cause: thrown });
  });

  test('stays as it is when it is ours', () => {
    expect(fail(error).error).toBe(error);
  });
});

test('stepBack, the name of 0.1, snoozes', () => {
  expect(stepBack('busy', 5)).toEqual(snooze('busy', 5));
});
