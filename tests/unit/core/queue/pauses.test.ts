import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/core/clock.ts';
import { createPauses, type Pause } from '../../../../src/core/queue/pauses.ts';
import type { Queues } from '../../../../src/core/queue/queues.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

const control = (more: Partial<Pause>): Pause => ({
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

/** Queues and a book that only remember what was done to them, in order. */
function makeControls(book: readonly Pause[], paused: readonly string[] = []) {
  const done: string[] = [];
  const isPaused = new Set(paused);
  const queueOf = (name: string) => ({
    isPaused: async () => isPaused.has(name),
    pause: async () => done.push(`pause ${name}`),
    resume: async () => done.push(`resume ${name}`),
    upsertJobScheduler: async (schedule: string) => done.push(`register ${schedule}`),
    removeJobScheduler: async (schedule: string) => done.push(`remove ${schedule}`),
  });
  const controls = createPauses({
    queues: { names: ['classification', 'default'], get: queueOf } as unknown as Queues,
    schedules: [
      { name: 'sweep', task: 'sweep', queue: 'default', everyMs: 1_000 },
      { name: 'purge', task: 'purge', queue: 'default', cron: '0 3 * * *' },
    ],
    book: {
      list: async () => book,
      endOver: async ({ kind, name }) => void done.push(`end ${kind} ${name}`),
    },
    clock: systemClock,
    log: createMemoryLog(),
  });
  return { controls, done };
}

describe('pauses', () => {
  it('are set where Redis has forgotten them, and nowhere else', async () => {
    const { controls, done } = makeControls([control({}), control({ name: 'classification' })], ['classification']);
    await controls.apply({ registersSchedules: false });
    expect(done).toEqual(['pause default']);
  });

  it('of schedules take them out, while all others are registered', async () => {
    const { controls, done } = makeControls([control({ kind: 'schedule', name: 'purge' })]);
    await controls.apply({ registersSchedules: true });
    expect(done).toEqual(['register sweep', 'remove purge']);
  });

  it('whose time is over are lifted before their rows are ended, so that whoever dies between is followed by another', async () => {
    const isOver = true;
    const { controls, done } = makeControls(
      [control({ isOver }), control({ kind: 'schedule', name: 'purge', isOver })],
      ['default'],
    );
    await controls.apply({ registersSchedules: false });
    expect(done).toEqual(['resume default', 'end queue default', 'register purge', 'end schedule purge']);
  });

  it('of queues and schedules that this process does not know are left to those that do', async () => {
    const { controls, done } = makeControls([
      control({ name: 'strange' }),
      control({ kind: 'schedule', name: 'strange' }),
      control({ name: 'stranger', isOver: true }),
    ]);
    await controls.apply({ registersSchedules: false });
    expect(done).toEqual([]);
  });

  it('made with the tools of BullMQ, of which no row tells, stay', async () => {
    const { controls, done } = makeControls([], ['default']);
    await controls.apply({ registersSchedules: false });
    expect(done).toEqual([]);
  });
});
