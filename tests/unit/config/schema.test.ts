import { describe, expect, it } from 'vitest';
import { settingKeys, settings } from '../../../src/config/schema.ts';
import { groups, type Setting } from '../../../src/config/setting.ts';

const all: readonly Setting[] = settingKeys.map((key) => settings[key]);

describe('the table of settings', () => {
  it('has each name once', () => {
    expect(new Set(all.map((each) => each.name)).size).toBe(all.length);
  });

  it.each(all.map((each) => [each.name, each] as const))('tells all of %s', (name, setting) => {
    expect(name).toMatch(/^[A-Z][A-Z0-9_]+$/);
    expect(Object.keys(groups)).toContain(setting.group);
    expect(setting.meaning).toMatch(/^[A-Z][^\n]{10,120}[^.]$/);
    if (setting.default === null) expect(setting.unset).not.toBe('');
  });

  it('has defaults and examples that it would accept', () => {
    for (const { name, schema, example, default: value } of all) {
      expect(schema.safeParse(example).success, `example of ${name}`).toBe(true);
      const written = Array.isArray(value) ? value.join(',') : value;
      if (written !== null && written !== '') expect(schema.parse(String(written)), name).toEqual(value);
    }
  });

  it('keeps the defaults that people rely on', () => {
    const defaults = Object.fromEntries(all.map((each) => [each.name, each.default]));
    expect(defaults).toMatchObject({
      OPENAI_MODEL: 'gpt-6-luna',
      TASK_TIMEOUT: 300,
      MAX_RETRIES: 3,
      RETRY_DELAY_SECONDS: 60,
      WORKER_CONCURRENCY: 20,
      JOB_RETENTION_DAYS: 30,
      LLM_TIMEOUT_SECONDS: 120,
      PORT: 3000,
      IMPORT_TIMEZONE: 'UTC',
      VAMBE_DATA_DIR: '.vambe',
      CLASSIFIER: 'auto',
      CLASSIFIER_FALLBACK: 'none',
    });
  });

  it('marks as secret whatever is a key, a password or a secret', () => {
    const secret = all.filter((each) => each.isSecret).map((each) => each.name);
    expect(secret).toEqual(
      all.map((each) => each.name).filter((name) => /PASSWORD|SECRET|API_KEY|EXTRA_BODY/.test(name)),
    );
  });
});
