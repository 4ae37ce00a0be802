import { describe, expect, it } from 'vitest';
import { encodeTaskMessage } from '../../../../src/celery/protocol/encode-task-message.ts';
import { decodeEnvelope, isObject, parsePythonJson } from '../../../../src/celery/protocol/envelope.ts';
import { listKey } from '../../../../src/celery/protocol/list-key.ts';
import { isBadMessage, readTaskMessage } from '../../../../src/celery/protocol/read-task-message.ts';
import type { TaskMessage } from '../../../../src/celery/protocol/task-message.ts';
import { readVectors } from '../../../helpers/celery-vectors.ts';

const vectors = readVectors();
const isTask = ({ name }: { name: string }) => /^(v1|v2|ts|node|flow)-/.test(name);
const refused: Readonly<Record<string, string>> = {
  'v2-pickle': 'MESSAGE_REFUSED',
  'v2-yaml': 'MESSAGE_REFUSED',
  'ts-yaml': 'MESSAGE_REFUSED',
  'poison-unknown-ctype': 'MESSAGE_REFUSED',
  'poison-not-json': 'MESSAGE_MALFORMED',
  'poison-raw-garbage': 'MESSAGE_MALFORMED',
  'poison-args-not-list': 'MESSAGE_INVALID',
  'poison-eta-bad': 'MESSAGE_INVALID',
  'poison-no-headers-list-body': 'MESSAGE_INVALID',
  'poison-no-id': 'MESSAGE_INVALID',
  'poison-v1-dict-no-task': 'MESSAGE_INVALID',
};

function taskOf(raw: string): TaskMessage {
  const message = readTaskMessage(raw);
  if (isBadMessage(message)) throw message.error;
  return message;
}

describe('captured messages', () => {
  it.each(vectors.filter((each) => !/^(result|chord-zadd|unacked|poison)/.test(each.name) && !(each.name in refused)))(
    '$name is an envelope whose body is the one noted',
    ({ raw, body_decoded, name }) => {
      const { body } = decodeEnvelope(raw);
      if (body_decoded !== undefined && body_decoded !== null && name !== 'v2-56-types')
        expect(body).toEqual(body_decoded);
      expect(typeof body).toBe('object');
    },
  );

  it.each(vectors.filter((each) => isTask(each) && !(each.name in refused)))(
    '$name is a task for the list it stood in',
    ({ raw, redis_key, name }) => {
      const task = taskOf(raw);
      expect(task.id).toMatch(/^[0-9a-f-]{36}$/);
      expect(task.protocol).toBe(/^v1-|node-v1/.test(name) ? 1 : 2);
      expect(['classify_meeting', 'health_check']).toContain(task.task);
      // celery-ts writes a priority and pushes to the plain list all the same.
      if (!name.startsWith('ts-')) expect(listKey(task.routingKey ?? '', task.priority)).toBe(redis_key);
    },
  );

  it.each(vectors.filter(({ name }) => name in refused))(
    '$name is refused, and its id kept where it has one',
    ({ raw, name }) => {
      const message = readTaskMessage(raw);
      expect(isBadMessage(message) && message.error.code).toBe(refused[name]);
      if (/pickle|yaml|unknown-ctype|not-json|args|eta/.test(name))
        expect(message).toHaveProperty('id', expect.any(String));
    },
  );

  it.each(['poison-no-properties', 'poison-v1-minimal', 'poison-expires-number'])('%s can be run', (name) => {
    expect(taskOf(vectors.find((each) => each.name === name)?.raw ?? '').task).toMatch(/classify_meeting|health_check/);
  });

  it('v2-56-types gives tagged values as the texts that older senders write', () => {
    const { args } = taskOf(vectors.find(({ name }) => name === 'v2-56-types')?.raw ?? '');
    expect(args).toEqual(['00000000-0000-0000-0000-000000000005', '2030-01-01T00:00:00+00:00', '1.5']);
  });

  it.each(vectors.filter((each) => isTask(each) && !(each.name in refused)))(
    '$name keeps its meaning when sent again',
    ({ raw }) => {
      const task = taskOf(raw);
      const { customHeaders: headers, expires, routingKey, ...rest } = task;
      const sent = encodeTaskMessage({
        ...rest,
        headers,
        queue: routingKey ?? '',
        expiresAtMs: expires && 'atMs' in expires ? expires.atMs : null,
        origin: '1@host',
      });
      const again = taskOf(sent.raw);
      const shown = {
        argsText: again.argsText,
        kwargsText: again.kwargsText,
        etaText: again.etaText,
        expiresText: again.expiresText,
      };
      const changed = { protocol: 2, isRedelivered: false, shadow: null, rootId: again.rootId, replyTo: again.replyTo };
      expect(again).toEqual({ ...task, ...changed, ...shown });
    },
  );

  it.each(vectors.filter(({ name }) => name.startsWith('result-')))('$name is a document with a state', ({ raw }) => {
    const document = parsePythonJson(raw);
    expect(isObject(document) && document.status).toMatch(/^[A-Z]+$/);
  });
});
