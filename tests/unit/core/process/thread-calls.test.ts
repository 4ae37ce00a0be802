import { describe, expect, it, onTestFinished } from 'vitest';
import { createThreadCalls } from '../../../../src/core/process/thread-calls.ts';

const entry = new URL('../../../helpers/faulty-thread.ts', import.meta.url);

function openThread(patienceMs?: number) {
  const calls = createThreadCalls<string, string>({ name: 'The echo', entry, maxItems: 17, patienceMs });
  onTestFinished(() => void calls.close());
  const ask = async (...questions: string[]) => {
    const settled = await Promise.allSettled(questions.map((each) => calls.ask(each)));
    return settled.map((each) => (each.status === 'fulfilled' ? each.value : each.reason.message));
  };
  return { ...calls, askAll: ask };
}

const alone = expect.stringContaining('The echo ended, or gave no answer, on this input alone');

describe('calls to a thread that fails', () => {
  it('fail for the one question that throws in it, and for no other of its batch', async () => {
    const { askAll } = openThread();
    expect(await askAll('a', 'throw', 'b')).toEqual(['a', alone, 'b']);
    expect(await askAll('c')).toEqual(['c']);
  });

  it('fail for the one question that ends it', async () => {
    const { askAll } = openThread();
    expect(await askAll('a', 'die', 'b')).toEqual(['a', alone, 'b']);
    expect(await askAll('c')).toEqual(['c']);
  });

  it('fail for the one question that it never answers', async () => {
    const { askAll, ask } = openThread(5_000);
    expect(await askAll('a', 'hang', 'b')).toEqual(['a', alone, 'b']);
    const error = await ask('hang').catch((reason) => reason);
    expect(error).toMatchObject({ code: 'TASK_FAILED', cause: { cause: { message: 'no answer within 5 s' } } });
  }, 30_000);

  it('hand on what it says of a single question', async () => {
    expect(await openThread().askAll('a', 'refuse')).toEqual(['a', 'this one alone']);
  });

  it('are to be tried again, and say why the thread ended', async () => {
    const error = await openThread()
      .ask('throw')
      .catch((reason) => reason);
    expect(error).toMatchObject({ code: 'TASK_FAILED', cause: { cause: { message: 'a fault of the thread' } } });
  });

  it('end with it when it is closed, those that wait behind them too, and open no other', async () => {
    const { askAll, close } = openThread();
    expect(await askAll('ready')).toEqual(['ready']);
    const asked = askAll('hang', 'a');
    // A batch leaves in the turn after its first question.
    await new Promise(setImmediate);
    const waiting = askAll('b');
    await close();
    expect(await asked).toEqual([alone, alone]);
    expect(await waiting).toEqual([alone]);
    expect(await askAll('c')).toEqual([alone]);
  });
});
