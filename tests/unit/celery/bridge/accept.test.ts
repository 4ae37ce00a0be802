import { describe, expect, it } from 'vitest';
import { acceptMessages } from '../../../../src/celery/bridge/accept.ts';
import type { AcceptedMessage } from '../../../../src/celery/bridge/judge-message.ts';
import { AppError } from '../../../../src/core/errors.ts';
import type { JobRequest, OpenJob } from '../../../../src/core/job-ledger.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';
import { judge, makeTaken } from './fakes.ts';

const accepted = (id: string, meeting: number | string = 7) =>
  judge(makeTaken({ id, args: [meeting] }, id)) as AcceptedMessage;

/** A ledger that fails with `fault` as long as a request is there that it does not like. */
function makeDeps({ dislikes = () => false, fault, queueFails = false }: Partial<Faults> = {}) {
  const [added, calls]: [OpenJob[], number[]] = [[], []];
  const known = new Set<string>();
  const log = createMemoryLog();
  const deps = {
    log,
    ledger: {
      async accept(requests: readonly JobRequest[]) {
        calls.push(requests.length);
        if (requests.some(dislikes)) throw fault;
        return requests.map(({ taskId }, index) => {
          const isNew = !known.has(taskId);
          known.add(taskId);
          return { rowId: String(index + 1), taskId, delivery: 1, isNew };
        });
      },
    },
    queues: {
      async add(jobs: readonly OpenJob[]) {
        if (queueFails) throw new Error('Redis is away');
        added.push(...jobs);
      },
    },
  };
  return { deps, added, calls, log };
}

interface Faults {
  dislikes(request: JobRequest): boolean;
  readonly fault: unknown;
  readonly queueFails: boolean;
}

/** As PostgreSQL answers a value that it cannot store. */
const dataFault = Object.assign(new Error('invalid byte sequence'), { code: '22021' });

describe('acceptMessages', () => {
  it('writes the rows and hands the new jobs to their queue', async () => {
    const { deps, added } = makeDeps();
    expect(await acceptMessages(deps, [accepted('a'), accepted('b')])).toEqual([]);
    expect(added.map(({ queue, priority }) => [queue, priority])).toEqual([
      ['classification', 1],
      ['classification', 1],
    ]);
  });

  it('adds no job for a task id that was accepted before', async () => {
    const { deps, added } = makeDeps();
    await acceptMessages(deps, [accepted('a'), accepted('a')]);
    expect(added).toHaveLength(1);
  });

  it('asks nothing of the database for no messages', async () => {
    const { deps, calls } = makeDeps();
    await acceptMessages(deps, []);
    expect(calls).toEqual([]);
  });

  it('rejects the arguments that PostgreSQL cannot store, and accepts the others', async () => {
    const { deps, added } = makeDeps({ dislikes: ({ taskId }) => taskId === 'bad', fault: dataFault });
    const rejected = await acceptMessages(deps, [accepted('a'), accepted('bad', 'a\0b'), accepted('b')]);
    expect(rejected).toMatchObject([{ kind: 'rejected', id: 'bad', error: { code: 'TASK_ARGUMENTS' } }]);
    expect(rejected[0]?.error.message).toContain('NUL');
    expect(added).toHaveLength(2);
  });

  it('finds a refused message that shows no reason by trying without the first one each time', async () => {
    const { deps, added } = makeDeps({ dislikes: ({ taskId }) => taskId === 'b', fault: dataFault });
    const rejected = await acceptMessages(deps, [accepted('a'), accepted('b'), accepted('c')]);
    expect(rejected.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(added).toHaveLength(1);
  });

  it('accepts none and throws where the database itself fails', async () => {
    const fault = new AppError('DATABASE_UNREACHABLE', 'PostgreSQL is away.');
    const { deps, added } = makeDeps({ dislikes: () => true, fault });
    await expect(acceptMessages(deps, [accepted('a')])).rejects.toBe(fault);
    expect(added).toEqual([]);
  });

  it('takes a queue that fails as accepted, for the recovery sweep delivers the jobs', async () => {
    const { deps, log } = makeDeps({ queueFails: true });
    expect(await acceptMessages(deps, [accepted('a')])).toEqual([]);
    expect(log.named('queue.add_waits')).toMatchObject([{ fields: { jobs: 1, error: 'Redis is away' } }]);
  });
});
