import { expect, it } from 'vitest';
import { createSteering } from '../../../src/core/runtime-overrides.ts';

const make = (now = () => 0) => createSteering({ lists: ['celery'], concurrency: 4, now });

it('tells of changes of lists, and of none where nothing changed', () => {
  const steering = make();
  const told: string[] = [];
  const forget = steering.onChange((what) => told.push(what));
  expect([steering.addList('q2'), steering.addList('q2'), steering.removeList('none')]).toEqual([true, false, false]);
  expect(steering.lists()).toEqual(['celery', 'q2']);
  steering.setConcurrency(0);
  expect(steering.concurrency()).toBe(1);
  forget();
  steering.removeList('q2');
  expect(told).toEqual(['lists', 'concurrency']);
});

it('remembers revoked ids for three hours, and 50,000 of them', () => {
  let nowMs = 0;
  const steering = make(() => nowMs);
  steering.revoke(['old']);
  nowMs = 3 * 3_600_000 + 1;
  steering.revoke(['new']);
  expect([steering.isRevoked('old'), steering.isRevoked('new')]).toEqual([false, true]);
  steering.revoke(Array.from({ length: 50_000 }, (_each, index) => `n${index}`));
  expect(steering.revokedIds()).toHaveLength(50_000);
  expect(steering.isRevoked('new')).toBe(false);
});

it('keeps time limits by task', () => {
  const steering = make();
  steering.setTimeLimits('t', { softMs: 1_000, hardMs: null });
  expect(steering.timeLimitsOf('t')).toEqual({ softMs: 1_000, hardMs: null });
});
