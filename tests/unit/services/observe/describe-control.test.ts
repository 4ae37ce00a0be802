import { describe, expect, it } from 'vitest';
import type { Pause } from '../../../../src/core/queue/pauses.ts';
import { describeControl } from '../../../../src/services/observe/describe-control.ts';

const control: Pause = {
  kind: 'queue',
  name: 'default',
  reason: 'no key',
  code: null,
  since: '2026-03-01T00:00:00.123Z',
  until: '2026-03-01T02:00:00.123Z',
  by: 'cli:ana',
  isOver: false,
};

describe('A pause in one sentence', () => {
  it('says until when, without milliseconds, why, and how to end it (N9)', () => {
    expect(describeControl(control)).toBe(
      'The queue default is paused until 2026-03-01T02:00:00Z: no key. "vambe resume default" lets it go on.',
    );
  });

  it('of a schedule names the command for schedules', () => {
    expect(describeControl({ ...control, kind: 'schedule', name: 'sweep', reason: '', until: null })).toBe(
      'The schedule sweep is paused. "vambe schedules resume sweep" lets it go on.',
    );
  });

  it('of a provider says which error the queue waits for', () => {
    expect(describeControl({ ...control, kind: 'provider', code: 'MODEL_UNREACHABLE', until: null })).toBe(
      'The queue default waits: no key [MODEL_UNREACHABLE]',
    );
  });
});
