import { describe, expect, it } from 'vitest';
import type { RejectedMessage, RevokedMessage } from '../../../../src/celery/bridge/judge-message.ts';
import { rejectMessages } from '../../../../src/celery/bridge/reject.ts';
import type { SetAside } from '../../../../src/core/job-ledger.ts';
import type { Transition } from '../../../../src/core/lifecycle.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';
import { judge, makeTaken, registry } from './fakes.ts';

function makeDeps({ bytes, fails = false }: { bytes?: Buffer; fails?: boolean } = {}) {
  const order: string[] = [];
  const rows: SetAside[] = [];
  const told: Transition[] = [];
  const log = createMemoryLog();
  const deps = {
    registry,
    log,
    ledger: {
      async setAside(requests: readonly SetAside[]) {
        if (fails) throw new Error('the database is away');
        order.push('rows');
        rows.push(...requests);
      },
    },
    lifecycle: {
      async tell(transition: Transition) {
        order.push(transition.kind);
        told.push(transition);
      },
    },
    inflight: { bytesOf: async () => bytes },
  };
  return { deps, order, rows, told, log };
}

const revoked = judge(makeTaken({ kwargs: { api_task_id: 'poll' } }), () => true) as RevokedMessage;
const unknown = judge(makeTaken({ task: 'no.such.task', args: [7, false, null, 'poll'] })) as RejectedMessage;
const garbage = judge({ tag: '2', list: 'celery', raw: 'garbage{{' }) as RejectedMessage;

describe('rejectMessages', () => {
  it('writes all rows before it tells anyone', async () => {
    const { deps, order, rows } = makeDeps();
    await rejectMessages(deps, [revoked, unknown, garbage]);
    expect(order).toEqual(['rows', 'cancelled', 'rejected', 'rejected']);
    expect(rows.map(({ code }) => code)).toEqual(['TASK_REVOKED', 'TASK_UNKNOWN', 'MESSAGE_MALFORMED']);
  });

  it('tells nobody where the rows cannot be written', async () => {
    const { deps, told } = makeDeps({ fails: true });
    await expect(rejectMessages(deps, [unknown])).rejects.toThrow('the database is away');
    expect(told).toEqual([]);
  });

  it('tells a revocation with the id under which the API polls', async () => {
    const { deps, told } = makeDeps();
    await rejectMessages(deps, [revoked]);
    expect(told).toMatchObject([
      { kind: 'cancelled', reason: 'revoked', job: { taskId: 'a', parameters: { api_task_id: 'poll' } } },
    ]);
  });

  it('tells a rejection with ids and meeting as far as they can be read, and its follow-ups', async () => {
    const { deps, told, log } = makeDeps();
    await rejectMessages(deps, [unknown, garbage]);
    expect(told).toMatchObject([
      { kind: 'rejected', job: { taskId: 'a', task: 'no.such.task', subjectId: 7, statusIds: ['poll'] } },
      { kind: 'rejected', job: { taskId: null, subjectId: null, statusIds: [] } },
    ]);
    expect(told[0]?.job.terms?.wire).toMatchObject({ hasFollowUps: false });
    expect(log.named('celery.rejected').map(({ fields }) => fields.code)).toEqual([
      'TASK_UNKNOWN',
      'MESSAGE_MALFORMED',
    ]);
  });

  it('keeps the bytes of a message that is not UTF-8', async () => {
    const { deps, rows } = makeDeps({ bytes: Buffer.from([0, 255]) });
    await rejectMessages(deps, [judge({ tag: '3', list: 'celery', raw: '\0\ufffd' }) as RejectedMessage]);
    expect(rows[0]?.received).toMatchObject({ encoding: 'base64', raw: 'AP8=' });
  });
});
