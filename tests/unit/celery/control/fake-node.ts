/** A worker under remote control that remembers what it was told, for tests of commands. */

import type { NodeContext } from '../../../../src/celery/control/node-context.ts';
import { encodeTaskMessage } from '../../../../src/celery/protocol/encode-task-message.ts';
import { createLamportClock } from '../../../../src/celery/protocol/lamport-clock.ts';
import type { CallTerms } from '../../../../src/core/job-ledger.ts';
import type { ControlledWorker, ShownJob } from '../../../../src/core/process/controlled-worker.ts';

const sent = (id: string, args: readonly unknown[]) =>
  encodeTaskMessage({ id, task: 'classify_meeting', args, kwargs: {}, queue: 'classification', origin: '1@host' }).raw;
const termsOf = (raw: string): CallTerms => ({
  expiresAt: null,
  softLimitMs: null,
  hardLimitMs: null,
  ignoresResult: false,
  groupId: null,
  parentId: null,
  rootId: null,
  wire: { raw },
});

const runningId = 'f9a3e88d-fa2b-42e9-9342-c3179adaea70';
export const runningJob: ShownJob = {
  taskId: runningId,
  task: 'classify_meeting',
  parameters: { meeting_id: 'sleep:25' },
  queue: 'classification',
  priority: 1,
  terms: termsOf(sent(runningId, ['sleep:25', false, null, 'api'])),
  startedMs: 1_795_473_159_703.5,
  dueMs: null,
};
const scheduledId = '5920fb7d-10ca-4eb3-9c52-c584b0f2c39a';
export const scheduledJob: ShownJob = {
  ...runningJob,
  taskId: scheduledId,
  terms: termsOf(sent(scheduledId, ['m3'])),
  startedMs: null,
  dueMs: Date.parse('2026-11-23T22:50:47.059Z'),
};

export interface FakeNode {
  readonly context: NodeContext;
  /** Changes in order, as `[what, ...arguments]`. */
  readonly told: readonly (readonly unknown[])[];
}

export function makeNode({
  worker = {},
  ...rest
}: { worker?: Partial<ControlledWorker> } & Partial<Omit<NodeContext, 'worker'>> = {}): FakeNode {
  const told: unknown[][] = [];
  const names = ['classify_meeting', 'health_check'];
  let isOn = false;
  return {
    told,
    context: {
      node: 'worker@host',
      clock: createLamportClock(),
      signals: new Map(),
      events: {
        enable() {
          const wasOn = isOn;
          isOn = true;
          return !wasOn;
        },
        disable() {
          const wasOn = isOn;
          isOn = false;
          return wasOn;
        },
        beat: (freq) => told.push(['beat', freq]),
      },
      broker: { hostname: '127.0.0.1', port: 6401, database: '0', user: null, isTls: false },
      isInspectOnly: false,
      pid: 10_371,
      software: 'vambe-ai-worker',
      uptimeSeconds: () => 13,
      ...rest,
      worker: {
        active: async () => [runningJob],
        reserved: async () => [],
        scheduled: async () => [scheduledJob],
        revokedIds: () => ['r1'],
        tasks: async () =>
          names.map((name) => ({ name, aliases: [`core.tasks.${name}_task`], maxRetries: 3, rateLimit: null })),
        lists: () => ['classification', 'default', 'celery', 'vambe_tasks'],
        started: () => ({ classify_meeting: 1 }),
        concurrency: () => 20,
        settings: () => ({ TASK_TIMEOUT: 300, OPENAI_API_KEY: '********' }),
        async revoke(ids, options) {
          told.push(['revoke', ids, options]);
          return options.terminates ? ids.filter((id) => id === runningJob.taskId) : [];
        },
        mergeRevoked: (ids) => told.push(['mergeRevoked', ids]),
        async limitRate(task, limit) {
          told.push(['limitRate', task, limit]);
          return names.includes(task);
        },
        limitTime(task, limits) {
          told.push(['limitTime', task, limits]);
          return names.includes(task);
        },
        addList: (name) => told.push(['addList', name]),
        cancelList: (name) => told.push(['cancelList', name]),
        changeConcurrency: (by) => told.push(['changeConcurrency', by]),
        shutDown: () => told.push(['shutDown']),
        ...worker,
      },
    },
  };
}
