import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expandWorkerName } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { chooseClassifier, readTaxonomy } from '../../src/wire-services.ts';
import { scheduledTaskId } from '../../src/wire-worker.ts';

const configOf = (environment: Record<string, string> = {}) => loadConfig(environment, '').config;

describe("a worker's name", () => {
  test.each([
    ['worker@%h', 'worker@box.example.com'],
    ['worker@%n', 'worker@box'],
    ['worker@%d', 'worker@example.com'],
    ['%n-%h-%n@%%', 'box-box.example.com-box@%'],
    ['w%%h@x', 'w%h@x'],
    ['w%x@h', 'w%x@h'],
  ])('%s is %s', (template, expected) => {
    expect(expandWorkerName(template, 'box.example.com')).toBe(expected);
  });

  test('has no domain on a host without one', () => {
    expect(expandWorkerName('a@%n.%d', 'box')).toBe('a@box.');
  });

  test('without a percent sign is itself, whatever the host is called', () => {
    fc.assert(
      fc.property(
        fc.string().map((text) => text.replaceAll('%', '')),
        fc.string(),
        (template, host) => {
          expect(expandWorkerName(template, host)).toBe(template);
        },
      ),
    );
  });

  test('takes a host with signs of String.replace literally', () => {
    expect(expandWorkerName('%h', "$&$'$1")).toBe("$&$'$1");
  });
});

describe('the task id of a scheduled run', () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

  test('is a uuid of its schedule and slot', () => {
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(fc.constantFrom('sweep_unclassified', 'health_check', 'a:1'), fc.nat(), (schedule, slotMs) => {
        const id = scheduledTaskId(schedule, slotMs);
        expect(id).toMatch(uuid);
        expect(scheduledTaskId(schedule, slotMs)).toBe(id);
        const key = `${schedule}|${slotMs}`;
        expect(seen.get(id) ?? key).toBe(key);
        seen.set(id, key);
      }),
    );
  });

  test('stays what it was in earlier versions: two workers of different versions make one row', () => {
    expect(scheduledTaskId('health_check', 1_767_225_600_000)).toBe('310f3f4e-ced9-5cfa-8bd6-091a9f50cd17');
  });
});

describe('the classifier', () => {
  const keyed = { OPENAI_API_KEY: 'sk-test-key-of-nobody' };

  test('asks a model where a key or an address is set, and none without (D15)', async () => {
    const taxonomy = await readTaxonomy(configOf());
    expect((await chooseClassifier(configOf(), taxonomy)).kind).toBe('offline');
    expect((await chooseClassifier(configOf({ ...keyed, CLASSIFIER: 'offline' }), taxonomy)).kind).toBe('offline');
    expect(await chooseClassifier(configOf(keyed), taxonomy)).toMatchObject({
      kind: 'llm',
      model: 'gpt-6-luna',
      isPaid: true,
    });
    const own = configOf({ LLM_BASE_URL: 'http://localhost:11434/v1', LLM_MODEL: 'small' });
    expect(await chooseClassifier(own, taxonomy)).toMatchObject({ kind: 'llm', model: 'small' });
  });

  test.each(['anthropic', 'google'])('asks %s by settings alone', async (provider) => {
    const settings = { LLM_API_KEY: 'invented-key', LLM_PROVIDER: provider, LLM_MODEL: 'one-of-theirs' };
    const taxonomy = await readTaxonomy(configOf());
    expect(await chooseClassifier(configOf(settings), taxonomy)).toMatchObject({ kind: 'llm', model: 'one-of-theirs' });
  });

  test.each<Record<string, string>>([
    { LLM_PROVIDER: 'anthropic', ANTHROPIC_API_KEY: 'invented-key' },
    { LLM_PROVIDER: 'google', GEMINI_API_KEY: 'invented-key' },
    {
      LLM_PROVIDER: 'azure',
      AZURE_OPENAI_ENDPOINT: 'https://x.openai.azure.com',
      AZURE_OPENAI_API_KEY: 'invented-key',
    },
    { LLM_PROVIDER: 'ollama' },
  ])('asks a provider by the names of its own libraries: %o (S4)', async (settings) => {
    const taxonomy = await readTaxonomy(configOf());
    const config = configOf({ ...settings, LLM_MODEL: 'one-of-theirs' });
    expect(await chooseClassifier(config, taxonomy)).toMatchObject({ kind: 'llm', model: 'one-of-theirs' });
  });

  test('reads prices of its own, and names the line that is wrong', async () => {
    const taxonomy = await readTaxonomy(configOf());
    const refused = { code: 'SETTINGS_INVALID', message: expect.stringContaining('/no/such.yaml') };
    const config = configOf({ ...keyed, LLM_PRICES_FILE: '/no/such.yaml' });
    await expect(chooseClassifier(config, taxonomy)).rejects.toThrow(expect.objectContaining(refused));
  });

  test('has its file named when that cannot be read', async () => {
    await expect(readTaxonomy(configOf({ TAXONOMY_FILE: '/no/such.yaml' }))).rejects.toMatchObject({
      code: 'TAXONOMY_INVALID',
      message: expect.stringContaining('/no/such.yaml cannot be read (ENOENT)'),
    });
  });
});
