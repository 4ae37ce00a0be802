/** (h) The same meetings by Celery messages: as a Python client sends them, all waiting in the list before the worker starts. */
import { randomUUID } from 'node:crypto';
import { encodeTaskMessage } from '../../src/celery/protocol/encode-task-message.ts';
import type { App } from '../../src/wiring.ts';
import type { Surroundings } from '../surroundings.ts';
import { type ClassifyFigures, type ClassifyOptions, measureFilled } from './classify.ts';

const messagesAPush = 500;

export function measureBridge(
  surroundings: Surroundings,
  app: App,
  options: ClassifyOptions,
): Promise<ClassifyFigures> {
  return measureFilled(surroundings, app, {
    ...options,
    fill: () => pushMessages(app, options.ids),
    // Not the queue `default`: sweep_unclassified would accept the meetings before their messages are taken.
    environment: { WORKER_QUEUES: 'celery,classification' },
  });
}

async function pushMessages({ redis }: App, ids: readonly number[]): Promise<void> {
  for (let at = 0; at < ids.length; at += messagesAPush) {
    const raws = ids.slice(at, at + messagesAPush).map(
      (id) =>
        encodeTaskMessage({
          id: randomUUID(),
          task: 'core.tasks.classify_meeting_task',
          args: [id],
          kwargs: {},
          queue: 'celery',
          replyTo: randomUUID(),
          origin: 'gen1@host',
        }).raw,
    );
    await redis.lpush('celery', ...raws);
  }
}
