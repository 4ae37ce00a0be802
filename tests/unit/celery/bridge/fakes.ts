/** A task, messages and a wake signal for tests of the bridge, without Redis. */
import { z } from 'zod';
import type { TakenMessage } from '../../../../src/celery/bridge/inflight.ts';
import { decodeMessage, judgeMessage } from '../../../../src/celery/bridge/judge-message.ts';
import type { WakeSignal } from '../../../../src/celery/bridge/wake-signal.ts';
import { encodeTaskMessage, type TaskToSend } from '../../../../src/celery/protocol/encode-task-message.ts';
import { complete } from '../../../../src/core/outcome.ts';
import { createTaskRegistry, defineTask } from '../../../../src/core/task.ts';

export const nowMs = Date.parse('2026-01-01T00:00:00Z');

export const registry = createTaskRegistry([
  defineTask({
    name: 'classify_meeting',
    queue: 'classification',
    subjectParameter: 'meeting_id',
    parameters: z.object({ meeting_id: z.union([z.int(), z.string()]), api_task_id: z.string().nullish() }),
    run: () => complete(null),
  }),
]);

export function makeTaken(task: Partial<TaskToSend> = {}, tag = '1'): TakenMessage {
  const whole = { id: 'a', task: 'classify_meeting', args: [7], kwargs: {}, queue: 'celery', origin: '1@h', ...task };
  const { key, raw } = encodeTaskMessage(whole);
  return { tag, list: key, raw };
}

export function judge(taken: TakenMessage, isRevoked: (id: string) => boolean = () => false) {
  return judgeMessage(decodeMessage(taken), { registry, nowMs, isRevoked });
}

/** Its waits end at once. */
export function makeSignal(): WakeSignal & { readonly waits: number[]; wakes: number } {
  const waits: number[] = [];
  return {
    waits,
    wakes: 0,
    wake() {
      this.wakes += 1;
    },
    async wait(maxMs) {
      waits.push(maxMs);
    },
  };
}
