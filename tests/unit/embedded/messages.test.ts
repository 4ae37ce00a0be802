import { expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { describeFailure, failureToError } from '../../../src/embedded/messages.ts';

test('an error of ours keeps its code and words over a channel', () => {
  const sent = describeFailure(new AppError('DATA_FOLDER_UNUSABLE', 'The folder …'), 'unknown');
  const received = failureToError(JSON.parse(JSON.stringify(sent)));
  expect(received).toMatchObject({ code: 'DATA_FOLDER_UNUSABLE', exitCode: 6, message: 'The folder …' });
});

test('another error becomes a fault of ours, and what is no error at all gets the words it is given', () => {
  expect(failureToError(describeFailure(new TypeError('x is not a function'), 'unknown'))).toMatchObject({
    code: 'BUG',
    message: 'x is not a function',
  });
  expect(describeFailure(Symbol('exit'), 'it ended').message).toBe('it ended');
});
