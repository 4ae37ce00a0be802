import { expect, it } from 'vitest';
import { createRuntimeOverrides } from '../../../src/core/runtime-overrides.ts';

const make = (now = () => 0) => createRuntimeOverrides({ lists: ['celery'], concurrency: 4, now });

it('tells of changes of lists, and of none where nothing changed', () => {
  const overrides = make();
  const told: string[] = [];
  const forget = overrides.onChange((what) => told.push(what));
  expect([overrides.addList('q2'), overrides.addList('q2'), overrides.removeList('none')]).toEqual([
    true,
    false,
    false,
  ]);
  expect(overrides.lists()).toEqual(['celery', 'q2']);
  overrides.setConcurrency(0);
  expect(overrides.concurrency()).toBe(1);
  forget();
  overrides.removeList('q2');
  expect(told).toEqual(['lists', 'concurrency']);
});

it('remembers revoked ids for three hours, and 50,000 of them', () => {
  let nowMs = 0;
  const overrides = make(() => nowMs);
  overrides.revoke(['old']);
  nowMs = 3 * 3_600_000 + 1;
  overrides.revoke(['new']);
  expect([overrides.isRevoked('old'), overrides.isRevoked('new')]).toEqual([false, true]);
  overrides.revoke(Array.from({ length: 50_000 }, (_each, index) => `n${index}`));
  expect(overrides.revokedIds()).toHaveLength(50_000);
  expect(overrides.isRevoked('new')).toBe(false);
});

it('keeps time limits by task', () => {
  const overrides = make();
  overrides.setTimeLimits('t', { softMs: 1_000, hardMs: null });
  expect(overrides.timeLimitsOf('t')).toEqual({ softMs: 1_000, hardMs: null });
});
