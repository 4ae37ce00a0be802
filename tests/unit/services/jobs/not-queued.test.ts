import { describe, expect, it } from 'vitest';
import { describeNotQueued } from '../../../../src/services/jobs/not-queued.ts';

describe('The sentence about jobs that Redis did not take', () => {
  it('says in singular and plural that a worker takes them from the database', () => {
    expect(describeNotQueued('one')).toBe(
      'Redis did not take the job; a worker picks it up from the database within a minute.',
    );
    expect(describeNotQueued('several')).toBe(
      'Redis did not take the jobs; a worker picks them up from the database within a minute.',
    );
  });
});
