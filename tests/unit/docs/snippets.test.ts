import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { discoverTasks } from '../../../src/core/discover-tasks.ts';
import { schedulesOf } from '../../../src/core/queue/schedules.ts';
import type { Task, TaskContext } from '../../../src/core/task.ts';
import { loadTaxonomy } from '../../../src/models/taxonomy.ts';
import { createOfflineClassifier } from '../../../src/services/classification/rules/offline-classifier.ts';
import { readHeader } from '../../../src/services/meetings/csv/csv-header.ts';
import { countWords } from '../../fixtures/docs/count-words.ts';
import { createGreet } from '../../fixtures/docs/greet.ts';
import { createMemoryLog } from '../../helpers/memory-log.ts';
import { makeTaskFolder } from '../../helpers/task-folder.ts';
import { readPage, readPages, root, snippetsOf } from './pages.ts';

const snippets = readPages().flatMap(snippetsOf);
const of = (language: string) => snippets.filter((each) => each.language === language);

function makeContext(services: unknown = {}): TaskContext {
  return {
    services,
    job: {} as TaskContext['job'],
    attempt: 1,
    signal: new AbortController().signal,
    log: createMemoryLog(),
    progress: () => undefined,
    takeAgain: () => Promise.reject(new Error('these tasks do not')),
  };
}

async function loadTask(code: string): Promise<Task> {
  const folder = await makeTaskFolder({ 'task.mjs': code });
  const [task] = await discoverTasks(folder);
  if (!task) throw new Error('no task');
  return task;
}

it('every snippet is of a language that is looked at here', () => {
  expect([...new Set(snippets.map(({ language }) => language))].sort()).toEqual(
    ['bash', 'csv', 'ini', 'js', 'json', 'text', 'ts', 'yaml'].sort(),
  );
});

describe('task files', () => {
  const counting = of('js').filter(({ code }) => code.includes("name: 'count_words'"));

  it.each(counting)('$page:$line counts words', async ({ code }) => {
    const task = await loadTask(code);
    const { parameters } = task.bind(['hola, qué tal'], {});
    expect(await task.run(parameters, makeContext())).toMatchObject({ kind: 'complete', result: { words: 3 } });
  });

  it('stand in both READMEs and in the recipe', () => {
    expect(counting.map(({ page }) => page).sort()).toEqual(['README.es.md', 'README.md', 'docs/recipes/own-tasks.md']);
  });

  it('of the recipe runs by the clock, and with positional arguments', async () => {
    const [snippet] = of('js').filter(({ code }) => code.includes("name: 'tidy_up'"));
    const task = await loadTask(snippet?.code ?? '');
    expect(schedulesOf([task])).toMatchObject([{ name: 'tidy_up', cron: '30 2 * * *' }]);
    const job = { terms: null, origin: 'schedule' } as unknown as TaskContext['job'];
    expect(await task.run(task.bind(['a', 'b'], {}).parameters, { ...makeContext(), job })).toMatchObject({
      result: { names: 2, sent_by: 'schedule' },
    });
  });

  it('of the recipe ends in each of the ways that it tells of', async () => {
    const [snippet] = of('js').filter(({ code }) => code.includes("name: 'fetch_rate'"));
    const task = await loadTask(snippet?.code ?? '');
    const answer = (status: number, database = 'connected') => {
      vi.stubGlobal('fetch', async () => new Response('{"rate":2}', { status }));
      return task.run({ currency: 'CLP' }, makeContext({ checkHealth: async () => ({ database }) }));
    };
    expect(await answer(200)).toMatchObject({ kind: 'complete', result: { rate: 2 } });
    expect(await answer(404)).toMatchObject({ kind: 'complete', result: { rate: null } });
    expect(await answer(200, 'disconnected')).toMatchObject({ kind: 'snooze', delayMs: 5_000 });
    await expect(answer(503)).rejects.toThrow('answered 503');
    vi.unstubAllGlobals();
  });
});

describe('CONTRIBUTING.md', () => {
  const page = readPage('CONTRIBUTING.md');
  const [taskCode, taskTest, greetCode, greetTest] = snippetsOf(page).filter(({ language }) => language === 'ts');
  const fixture = (name: string, to: string) =>
    readFileSync(path.join(root, 'tests/fixtures/docs', name), 'utf8').replaceAll("'../../../src/", `'${to}`);

  it('adds the task that is type-checked and run here', async () => {
    expect(taskCode?.code).toBe(fixture('count-words.ts', '../'));
    const { parameters } = countWords.bind(['hola, qué tal'], {});
    expect(await countWords.run(parameters, makeContext())).toMatchObject({ kind: 'complete', result: { words: 3 } });
  });

  it('adds the module that is type-checked and run here', () => {
    expect(greetCode?.code).toBe(fixture('greet.ts', '../../'));
    const greet = createGreet({ clock: { wallMs: () => 0, monotonicMs: () => 0 } });
    expect(greet('Ana')).toBe('Hello Ana, it is 1970-01-01T00:00:00.000Z');
    expect(greetTest?.code).toContain("expect(greet('Ana')).toBe('Hello Ana, it is 1970-01-01T00:00:00.000Z')");
  });

  it('tests the task with what binding gives', () => {
    expect(taskTest?.code).toContain("toEqual({ text: 'hola', language: 'es' })");
    expect(countWords.bind(['hola'], {}).parameters).toEqual({ text: 'hola', language: 'es' });
    expect(() => countWords.bind([], {})).toThrow("missing 1 required positional argument: 'text'");
  });

  it('adds a field that the classifier finds in the sentence given', async () => {
    const [field] = snippetsOf(page).filter(({ language }) => language === 'yaml');
    const own = readFileSync(path.join(root, 'taxonomies/sales-meeting.yaml'), 'utf8').trimEnd();
    const taxonomy = loadTaxonomy(`${own}\n${field?.code}`, 'sales-meeting.yaml');
    const transcript = /echo '(.+)' \| \.\/vambe classify --file -/.exec(page.text)?.[1] ?? '';
    const [labelled] = snippetsOf(page).filter(({ language }) => language === 'json');
    const { labels } = JSON.parse(labelled?.code ?? '{}');
    const { fields } = await createOfflineClassifier(taxonomy).classify({
      transcript,
      sellerPrompt: null,
      signal: new AbortController().signal,
    });
    expect(fields.payment_terms?.value).toBe(labels.payment_terms);
    expect(fields.payment_terms?.evidence[0]?.quote).toBe('pagar mes a mes');
  });

  it('names scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    const named = [...page.text.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining([...new Set(named)]));
  });
});

describe('other snippets', () => {
  it.each(of('bash'))('$page:$line is shell', ({ code }) => {
    expect(() => execFileSync('bash', ['-n'], { input: code, stdio: ['pipe', 'ignore', 'pipe'] })).not.toThrow();
  });

  it.each(of('csv'))('$page:$line has the header of an import', ({ code }) => {
    const names = (code.split('\n')[0] ?? '').split(',');
    expect(readHeader(names)).toMatchObject({ columns: 7, ignored: [], notes: [] });
  });

  it.each(of('json'))('$page:$line is JSON', ({ code }) => {
    expect(() => JSON.parse(code)).not.toThrow();
  });

  it.each(of('yaml'))('$page:$line is YAML', ({ code }) => {
    for (const document of parseAllDocuments(code)) expect('errors' in document ? document.errors : []).toEqual([]);
  });
});
