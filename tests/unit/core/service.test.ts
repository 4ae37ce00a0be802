import { describe, expect, it } from 'vitest';
import { createDeadline } from '../../../src/core/deadline.ts';
import { createWatchdog } from '../../../src/core/process/watchdog.ts';
import { createService, type Service, sideBySide, startAll, stopAll } from '../../../src/core/service.ts';
import { describeStartStop } from '../../helpers/start-stop-suite.ts';

const soon = () => createDeadline(0);

function record(done: string[], name: string): Service {
  return createService(name, {
    start: () => void done.push(`start ${name}`),
    async stop() {
      done.push(`stopping ${name}`);
      await new Promise(setImmediate);
      done.push(`stopped ${name}`);
    },
  });
}

describeStartStop('of two functions', async () => record([], 'one'));
describeStartStop('of several', async () => sideBySide('all', [record([], 'one'), record([], 'two')]));
describeStartStop('watchdog', async () => createWatchdog({ limitMs: 60_000, format: 'json' }));

describe('a service', () => {
  it('calls each of its functions once, and never starts after a stop', async () => {
    const done: string[] = [];
    const service = record(done, 'one');
    await Promise.all([service.start(), service.start()]);
    await Promise.all([service.stop(soon()), service.stop(soon())]);
    await service.start();
    expect(done).toEqual(['start one', 'stopping one', 'stopped one']);
    const stopped = record(done, 'two');
    await stopped.stop(soon());
    await stopped.start();
    expect(done).not.toContain('start two');
  });

  it('tells every caller that it could not start, and ends its stop all the same', async () => {
    const service = createService('broken', {
      start: () => Promise.reject(new Error('no')),
      stop: () => Promise.reject(new Error('no either')),
    });
    await expect(service.start()).rejects.toThrow('no');
    await expect(service.start()).rejects.toThrow('no');
    await expect(service.stop(soon())).resolves.toBeUndefined();
  });

  it('sees the nearest of its deadlines, also one that comes nearer later', async () => {
    let seen = () => Number.NaN;
    const service = createService('one', {
      start: () => undefined,
      stop: (deadline) => {
        seen = deadline.leftMs;
      },
    });
    const [far, near] = [createDeadline(Number.POSITIVE_INFINITY), createDeadline(60_000)];
    await service.stop(far);
    expect(seen()).toBe(Number.POSITIVE_INFINITY);
    await service.stop(near);
    expect(seen()).toBeLessThanOrEqual(60_000);
    far.shortenTo(0);
    expect(seen()).toBeLessThanOrEqual(0);
  });
});

describe('a list of services', () => {
  it('starts in order and stops in reverse, one after another', async () => {
    const done: string[] = [];
    const services = [record(done, 'one'), record(done, 'two')];
    await startAll(services);
    await stopAll(services, soon());
    expect(done).toEqual(['start one', 'start two', 'stopping two', 'stopped two', 'stopping one', 'stopped one']);
  });

  it('side by side starts in order and stops at once', async () => {
    const done: string[] = [];
    const service = sideBySide('all', [record(done, 'one'), record(done, 'two')]);
    await service.start();
    await service.stop(soon());
    expect(done.slice(0, 4)).toEqual(['start one', 'start two', 'stopping one', 'stopping two']);
  });
});
