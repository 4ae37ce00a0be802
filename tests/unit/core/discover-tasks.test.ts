import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { discoverTasks } from '../../../src/core/discover-tasks.ts';
import { makeTaskFolder } from '../../helpers/task-folder.ts';

const task = (name: string) =>
  `({ defineTask, z, complete }) => defineTask({ name: '${name}', parameters: z.object({}), run: () => complete('${name}') })`;
const refused = (message: RegExp) =>
  expect.objectContaining({ code: 'TASK_INVALID', message: expect.stringMatching(message) });

describe('task files', () => {
  test('are taken in the order of their names; other files and folders are left alone', async () => {
    const folder = await makeTaskFolder({
      'b.mjs': `export default ${task('two')}`,
      'a.mjs': `export default ${task('one')}`,
      'types.d.ts': 'export interface A {}',
      'notes.md': '# notes',
      'data.json': '{}',
    });
    mkdirSync(join(folder, 'more'));
    expect((await discoverTasks(folder)).map(({ name }) => name)).toEqual(['one', 'two']);
  });

  test('may export several tasks from one function', async () => {
    const folder = await makeTaskFolder({
      'all.mjs': `export default (kit) => [(${task('one')})(kit), (${task('two')})(kit)];`,
    });
    expect((await discoverTasks(folder)).map(({ name }) => name)).toEqual(['one', 'two']);
  });

  test('may export a task under its name and as the default', async () => {
    const folder = await makeTaskFolder({
      'both.mjs': `let made; const make = (kit) => (made ??= (${task('one')})(kit)); export default (kit) => [make(kit), make(kit)];`,
    });
    expect((await discoverTasks(folder)).map(({ name }) => name)).toEqual(['one']);
  });

  test("may export functions that are nobody else's business", async () => {
    const folder = await makeTaskFolder({
      'own.mjs': `export function explode() { throw new Error('called'); } export default ${task('one')}`,
    });
    expect((await discoverTasks(folder)).map(({ name }) => name)).toEqual(['one']);
  });

  test('that cannot be loaded are named with the reason', async () => {
    const folder = await makeTaskFolder({ 'broken.mjs': `import 'no-such-package'; export default 1;` });
    await expect(discoverTasks(folder)).rejects.toEqual(refused(/broken\.mjs cannot be loaded: .*no-such-package/));
  });

  test('that fail while they make their task are named with the reason', async () => {
    const folder = await makeTaskFolder({ 'fails.mjs': `export default ({ z }) => z.nothing();` });
    await expect(discoverTasks(folder)).rejects.toEqual(
      refused(/fails\.mjs failed while it made its task: .*not a function/),
    );
  });

  test.each([`export const answer = 42;`, `export default async () => 1;`, `export default null;`, ''])(
    'without a task are refused with what to export: %s',
    async (text) => {
      const folder = await makeTaskFolder({ 'empty.mjs': text });
      await expect(discoverTasks(folder)).rejects.toEqual(
        refused(/exports no task. Export what defineTask\(\) returns/),
      );
    },
  );
});

test('a folder that is not there is named', async () => {
  await expect(discoverTasks('/no/such/folder')).rejects.toEqual(refused(/\/no\/such\/folder cannot be read/));
});

test('an empty folder adds nothing', async () => {
  expect(await discoverTasks(await makeTaskFolder({}))).toEqual([]);
});
