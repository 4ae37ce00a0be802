/** How the follow-ups of a message are planned: their parent, their ids, and their queues. Pure but for the clock. */
import type { Clock } from '../../core/clock.ts';
import type { TaskRegistry } from '../../core/task.ts';
import type { JsonObject } from '../protocol/envelope.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import type { PlanOptions } from './canvas.ts';

/** `prefix`: put before the arguments. `seed`: another one for each kind of follow-up, so that ids differ. */
export type PlanOptionsOf = (message: TaskMessage, prefix: readonly unknown[], seed: string) => PlanOptions;

export interface PlanContext {
  readonly registry: TaskRegistry;
  readonly clock: Clock;
  /** `<pid>@<host>` for headers. */
  readonly origin: string;
}

export function planOptionsWith({ registry, clock, origin }: PlanContext): PlanOptionsOf {
  /** The queue that the signature names, else that of the task, as Celery's routes do, else the one of its parent. */
  const queueOf = (message: TaskMessage) => (task: string, options: JsonObject) => {
    if (typeof options.queue === 'string' && options.queue !== '') return options.queue;
    const known = registry.all.find(({ name, aliases }) => name === task || aliases.includes(task));
    return known?.queue ?? message.routingKey ?? 'celery';
  };
  return (message, prefix, seed) => ({
    parent: { id: message.id, rootId: message.rootId, replyTo: message.replyTo, headers: message.customHeaders },
    prefix,
    seed: `vambe:child:${message.id}:${seed}`,
    nowMs: clock.wallMs(),
    origin,
    queueOf: queueOf(message),
  });
}
