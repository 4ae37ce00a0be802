/** What every service keeps: start and stop in any order, as often as they come. One body for all of them. */
import { describe, expect, it } from 'vitest';
import { createDeadline } from '../../src/core/deadline.ts';
import type { Service } from '../../src/core/service.ts';

type Call = 'start' | 'stop';

/** Calls that come one after another; a list within it comes at once. */
const orders: readonly (readonly (Call | readonly Call[])[])[] = [
  ['start', 'stop'],
  ['stop'],
  ['stop', 'start'],
  ['start', 'start', 'stop', 'stop'],
  ['start', 'stop', 'start', 'stop'],
  [['start', 'stop']],
  [['stop', 'start']],
  [['start', 'start', 'stop', 'stop']],
  ['start', ['stop', 'stop', 'start']],
];

/** `make` gives a service that has not started. */
export function describeStartStop(name: string, make: () => Promise<Service>): void {
  describe(`the service ${name}`, () => {
    it.each(
      orders.map(
        (order) =>
          [order.map((each) => (typeof each === 'string' ? each : each.join(' + '))).join(', '), order] as const,
      ),
    )('takes the calls: %s', async (_title, order) => {
      const service = await make();
      const call = (each: Call) => (each === 'start' ? service.start() : service.stop(createDeadline(1_000)));
      try {
        for (const step of order) {
          const calls = typeof step === 'string' ? [step] : step;
          expect(await Promise.allSettled(calls.map(call))).toEqual(
            calls.map(() => ({ status: 'fulfilled', value: undefined })),
          );
        }
      } finally {
        await service.stop(createDeadline(0));
      }
    });
  });
}
