import { describe, expect, it } from 'vitest';
import {
  eventBody,
  failedFields,
  receivedFields,
  revokedFields,
  succeededFields,
  workerFields,
} from '../../../../src/celery/events/event-bodies.ts';
import { encodeEvents } from '../../../../src/celery/protocol/control-wire.ts';
import { decodeEnvelope, isObject } from '../../../../src/celery/protocol/envelope.ts';
import { safeRepr, tupleRepr } from '../../../../src/celery/protocol/python-repr.ts';
import { AppError } from '../../../../src/core/errors.ts';
import { readVector } from '../../../helpers/celery-vectors.ts';

const worker = workerFields({ freq: 2, active: 0, processed: 0, loadavg: [0.1, 0.2, 0.3], version: '1.0.0' });
const events = {
  'worker-online': worker,
  'worker-heartbeat': worker,
  'worker-offline': worker,
  'task-received': receivedFields({
    uuid: 'u',
    name: 'classify_meeting',
    args: tupleRepr(['m1', false, null, 'api']),
    kwargs: safeRepr({}),
    rootId: 'u',
    parentId: null,
    retries: 0,
    eta: null,
    expires: null,
  }),
  'task-started': { uuid: 'u' },
  'task-succeeded': succeededFields('u', { status: 'ok', force: false }, 0.01),
  'task-failed': failedFields('u', new AppError('TRANSCRIPT_EMPTY', 'no words')),
  'task-retried': failedFields('u', new AppError('TASK_TIMEOUT', 'too late')),
  'task-revoked': revokedFields('u', { terminated: false, signum: null, expired: true }),
  'task-rejected': { uuid: 'u', requeue: false },
};
const sender = { node: 'worker@host', pid: 1, clock: 7, wallMs: 1_795_473_311_784 };

describe('events have the fields that Python sends', () => {
  it.each(Object.entries(events))('%s', (type, fields) => {
    const { body } = decodeEnvelope(readVector(`event-${type}`).raw);
    const theirs = Array.isArray(body) ? body[0] : body;
    const ours = eventBody(type, fields, sender);
    if (!isObject(theirs)) throw new Error('no event');
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
    for (const [key, value] of Object.entries(theirs)) {
      expect(value === null || typeof ours[key] === typeof value, key).toBe(true);
    }
  });

  it('in an envelope like theirs', () => {
    const theirs = JSON.parse(readVector('event-task-started').raw);
    const ours = JSON.parse(encodeEvents([{}], { node: 'worker@host', routingKey: 'task.multi' }));
    const constant = ({ body: _body, properties, ...rest }: { body: string; properties: Record<string, unknown> }) => ({
      ...rest,
      properties: { ...properties, delivery_tag: typeof properties.delivery_tag },
    });
    expect(constant(ours)).toEqual(constant(theirs));
  });
});

it('shows arguments, results and exceptions as Python does', () => {
  expect(events['task-received']).toMatchObject({ args: "('m1', False, None, 'api')", kwargs: '{}' });
  expect(events['task-succeeded']).toMatchObject({ result: "{'status': 'ok', 'force': False}" });
  expect(events['task-failed']).toMatchObject({ exception: "TranscriptEmpty('no words')" });
});
