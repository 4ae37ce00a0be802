import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/core/clock.ts';
import { createPauses, type Pause } from '../../../../src/core/queue/pauses.ts';
import type { Queues } from '../../../../src/core/queue/queues.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

const pause = (more: Partial<Pause>): Pause => ({
  kind: 'queue',
  name: 'default',
  reason: '',
  code: null,
  since: '2026-01-01T00:00:00Z',
  until: null,
  by: 'cli:ana',
  isOver: false,
  ...more,
});

/** Queues and a table that only record what was done to them, in order. */
function makePauses(table: readonly Pause[], paused: readonly string[] = []) {
  const done: string[] = [];
  const isPaused = new Set(paused);
  const queueOf = (name: string) => ({
    isPaused: async () => isPaused.has(name),
    pause: async () => done.push(`pause ${name}`),
    resume: async () => done.push(`resume ${name}`),
    upsertJobScheduler: async (schedule: string) => done.push(`register ${schedule}`),
    removeJobScheduler: async (schedule: string) => done.push(`remove ${schedule}`),
  });
  const pauses = createPauses({
    queues: { names: ['classification', 'default'], get: queueOf } as unknown as Queues,
    schedules: [
      { name: 'sweep', task: 'sweep', queue: 'default', everyMs: 1_000 },
      { name: 'purge', task: 'purge', queue: 'default', cron: '0 3 * * *' },
    ],
    table: {
      list: async () => table,
      endOver: async ({ kind, name }) => void done.push(`end ${kind} ${name}`),
    },
    clock: systemClock,
    log: createMemoryLog(),
  });
  return { pauses, done };
}

describe('pauses', () => {
  it('are set where Redis has forgotten them, and nowhere else', async () => {
    const { pauses, done } = makePauses([pause({}), pause({ name: 'classification' })], ['classification']);
    await pauses.apply({ registersSchedules: false });
    expect(done).toEqual(['pause default']);
  });

  it('of schedules take them out, while all others are registered', async () => {
    const { pauses, done } = makePauses([pause({ kind: 'schedule', name: 'purge' })]);
    await pauses.apply({ registersSchedules: true });
    expect(done).toEqual(['register sweep', 'remove purge']);
  });

  it('whose time is over are lifted before their rows are ended, so that whoever dies between is followed by another', async () => {
    const isOver = true;
    const { pauses, done } = makePauses(
      [pause({ isOver }), pause({ kind: 'schedule', name: 'purge', isOver })],
      ['default'],
    );
    await pauses.apply({ registersSchedules: false });
    expect(done).toEqual(['resume default', 'end queue default', 'register purge', 'end schedule purge']);
  });

  it('of queues and schedules that this process does not know are left to those that do', async () => {
    const { pauses, done } = makePauses([
      pause({ name: 'strange' }),
      pause({ kind: 'schedule', name: 'strange' }),
      pause({ name: 'stranger', isOver: true }),
    ]);
    await pauses.apply({ registersSchedules: false });
    expect(done).toEqual([]);
  });

  it('made with the tools of BullMQ, of which no row tells, stay', async () => {
    const { pauses, done } = makePauses([], ['default']);
    await pauses.apply({ registersSchedules: false });
    expect(done).toEqual([]);
  });
});
