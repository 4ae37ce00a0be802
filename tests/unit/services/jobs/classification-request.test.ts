import { describe, expect, it } from 'vitest';
import { classificationRequest } from '../../../../src/services/jobs/classification-request.ts';

describe('The request that classifies a meeting', () => {
  it('is bulk work and respects an existing classification unless it says otherwise', () => {
    expect(classificationRequest(7, { origin: 'import' })).toEqual({
      task: 'classify_meeting',
      args: [7, false],
      origin: 'import',
      priority: 20,
    });
  });

  it('goes before bulk work when a person waits for it', () => {
    expect(classificationRequest(7, { origin: 'cli', isForced: true, isUrgent: true })).toEqual({
      task: 'classify_meeting',
      args: [7, true],
      origin: 'cli',
      priority: 1,
    });
  });
});
