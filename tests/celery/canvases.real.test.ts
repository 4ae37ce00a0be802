/** Canvases from a real Python client: our worker gives the values that a plain evaluator computes, and so does Celery's own. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { type Canvas, evaluate, randomCanvases, toPython, type Value } from './canvases/random-canvas.ts';
import { type CeleryBench, startBench } from './fixture.ts';
import { type PythonClient, type PythonWorker, startPython, startPythonWorker, whyNoCelery } from './python.ts';

const canvasFolder = fileURLToPath(new URL('./canvases', import.meta.url));
/** CI's long form sets more. */
const count = Number(process.env.CANVASES ?? 40);
const seed = Number(process.env.CANVAS_SEED ?? 1);

/** `hangs`: no result before the deadline. */
type Answer = Value | 'hangs';

const names = `
import sys, time
from celery import chain, chord, group

class named:
    def __init__(self, name): self.name = name
    def s(self, *args): return app.signature(self.name, args=args)
add, total, same = (named(each) for each in ('add', 'total', 'same'))
def ended(result, until):
    try:
        return result.get(timeout=max(0.2, until - time.time()))
    except Exception as exc:
        return 'hangs' if type(exc).__name__ == 'TimeoutError' else repr(exc)
`;

async function answersOf(python: PythonClient, canvases: readonly string[], ids: readonly string[] = []) {
  return python.run<{ results: readonly Answer[]; links: Readonly<Record<string, Answer>> }>(`${names}
sent = [each.apply_async() for each in [${canvases.join(',\n')}]]
until = time.time() + 40
results = [ended(each, until) for each in sent]
links = {each: ended(app.AsyncResult(each), until) for each in ${JSON.stringify(ids)}}
answer = {'results': results, 'links': links}`);
}

describe.skipIf(whyNoCelery)('canvases of a Python client', () => {
  let bench: CeleryBench;
  let worker: Awaited<ReturnType<CeleryBench['work']>>;

  beforeAll(async () => {
    bench = await startBench({ taskFolders: [`${canvasFolder}/tasks`] });
    worker = await bench.work();
  });
  afterAll(async () => {
    await worker?.stop();
    await bench?.close();
  });
  const ours = async (...canvases: readonly string[]) => (await answersOf(bench.python, canvases)).results;

  it('what follows a chord is carried by a body of every type (C1)', async () => {
    const two = 'group(add.s(1, 1), add.s(1, 1))';
    const answers = await ours(
      `${two} | total.s() | add.s(1) | group(add.s(1), add.s(1))`,
      `${two} | group(add.s(1), add.s(2)) | total.s()`,
      `chord([add.s(1, 1), add.s(1, 1)], chord([add.s(1), add.s(2)], same.s())) | total.s() | add.s(1)`,
      `chord([add.s(1, 1), add.s(1, 1)], add.s(1)) | group(add.s(1), add.s(2)) | same.s()`,
      `add.s(1, 1) | group(add.s(1), add.s(2)) | total.s() | group(add.s(1), add.s(1)) | total.s()`,
    );
    expect(answers).toEqual([[6, 6], 11, 12, [6, 7], 16]);
  });

  it('a group inside the header of a chord gives its results as one list (C2)', async () => {
    const answers = await ours(
      'chord([add.s(1, 1), chain(add.s(1, 1), group(add.s(1), add.s(2)))], same.s())',
      'chord([chain(add.s(1, 1), group(add.s(2), add.s(1))), add.s(1, 1)], same.s())',
      'chord([add.s(1, 1), chord([add.s(1, 1), add.s(1, 2)], group(add.s(1), add.s(2)))], same.s())',
    );
    expect(answers).toEqual([
      [2, [3, 4]],
      [[4, 3], 2],
      [2, [6, 7]],
    ]);
  });

  it('a group at the end of a chain that the worker itself puts into a chord gives its results as one list (C3)', async () => {
    const answers = await ours(
      'chain(add.s(1, 1), group(add.s(1), chain(add.s(1), group(add.s(1), add.s(2)))), same.s())',
      'add.s(1, 1) | chord([add.s(1), chain(add.s(1), chord([add.s(1), add.s(2)], same.s()))], same.s())',
    );
    expect(answers).toEqual([
      [3, [4, 5]],
      [3, [4, 5]],
    ]);
  });

  it('a task that fails ends everything that would have followed it, in chords too (C1 C3)', async () => {
    const bad = "add.s('no number')";
    const answers = await ours(
      `add.s(1, 1) | ${bad} | group(add.s(1), add.s(2))`,
      `add.s(1, 1) | ${bad} | group(add.s(1), add.s(2)) | total.s()`,
      `chord([add.s(1, 1), chain(add.s(1, 1), ${bad}, group(add.s(1), add.s(2)))], same.s())`,
      `chord([add.s(1, 1), chain(add.s(1, 1), ${bad})], chain(same.s(), total.s()))`,
      `chord([add.s(1, 1), chord([chain(add.s(1, 1), ${bad})], group(add.s(1), add.s(2)))], same.s())`,
    );
    expect(answers).toEqual(answers.map(() => expect.stringMatching(/TypeError|ChordError/)));
  });

  it(`${count} random canvases end with the value of a plain evaluator, links included (C1 C2 C3)`, async () => {
    const canvases = randomCanvases(count, seed);
    const expected = canvases.map(evaluate);
    const links = Object.fromEntries(expected.flatMap(({ links }) => [...links]));
    const got = await answersOf(bench.python, canvases.map(toPython), Object.keys(links));
    expect(unlike(canvases, got.results)).toEqual([]);
    expect(got.links).toEqual(links);
  });

  it('the evaluator computes what a Python worker answers (C1)', async () => {
    const other: Namespace = await createNamespace();
    const client = startPython(other.redisUrl);
    let python: PythonWorker | undefined;
    try {
      const env = { PYTHONPATH: canvasFolder };
      const more = ['--prefetch-multiplier', '100'];
      python = await startPythonWorker(other.redisUrl, { app: 'canvas_app', env, more, concurrency: 4 });
      const canvases = randomCanvases(count, seed);
      const { results } = await answersOf(client, canvases.map(toPython));
      expect(unlike(canvases, results)).toEqual([]);
    } finally {
      client.stop();
      python?.kill('SIGKILL');
      await python?.exited;
      await other.close();
    }
  });
});

/** One line a canvas that ended otherwise than it should. */
function unlike(canvases: readonly Canvas[], results: readonly Answer[]): readonly string[] {
  return canvases.flatMap((canvas, index) => {
    const { value } = evaluate(canvas);
    const [wanted, got] = [JSON.stringify(value), JSON.stringify(results[index])];
    return wanted === got ? [] : [`${index} ${toPython(canvas)}: ${got}, not ${wanted}`];
  });
}
