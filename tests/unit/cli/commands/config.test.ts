import { describe, expect, it } from 'vitest';
import { settingKeys, settings } from '../../../../src/config/schema.ts';
import { makeStream, runWith } from '../fake-io.ts';

const config = { name: 'config', load: () => import('../../../../src/cli/commands/config.ts') };
const environment = {
  REDIS_URL: 'redis://worker:hidden-1@redis:6379/0',
  DATABASE_URL: 'postgres://db/vambe?password=hidden-2',
  POSTGRES_PASSWORD: 'hidden-3',
  OPENAI_API_KEY: 'hidden-4',
  WEBHOOK_SECRET: 'hidden-5',
  API_KEYS: 'hidden-6',
};

describe('vambe config', () => {
  it('lists every setting with value, origin and meaning, one a line where stdout is no terminal', async () => {
    const { out, exitCode } = await runWith('config', [config], {
      environment,
      envFile: 'WORKER_QUEUES=celery,default',
    });
    const lines = out.trimEnd().split('\n');
    expect(exitCode).toBe(0);
    expect(lines.slice(1).map((line) => line.split('\t')[0])).toEqual(settingKeys.map((key) => settings[key].name));
    expect(lines).toContain(
      'REDIS_URL\tredis://worker:***@redis:6379/0\tenvironment\tRedis or Valkey that holds the queues and the published results',
    );
    expect(out).toContain('WORKER_QUEUES\tcelery,default\t.env\t');
    expect(out).toContain('QUEUE_NAME\t- (none)\tdefault\t');
  });

  it.each([[''], [' --json'], [' --check'], [' --check --json']])('shows no secret with "%s"', async (flags) => {
    const { out, err, exitCode } = await runWith(`config${flags}`, [config], { environment });
    expect(exitCode).toBe(0);
    expect(out + err).not.toContain('hidden');
  });

  it('says which settings the address and the key of the model come from (S4)', async () => {
    const own = { OPENAI_BASE_URL: 'https://gateway.example.com/v1', OPENAI_API_KEY: 'hidden' };
    expect((await runWith('config', [config], { environment: own })).err).toContain(
      'Model asked: gpt-6-luna (openai, address from OPENAI_BASE_URL, key from OPENAI_API_KEY).',
    );
    expect(JSON.parse((await runWith('config --json', [config], { environment: own })).out).llm).toEqual({
      provider: 'openai',
      model: 'gpt-6-luna',
      address_from: 'OPENAI_BASE_URL',
      key_from: 'OPENAI_API_KEY',
    });
    const unused = await runWith('config', [config], { environment: { ANTHROPIC_API_KEY: 'hidden' } });
    expect(unused.err).toContain('ANTHROPIC_API_KEY is set, but LLM_PROVIDER is openai: no model is asked');
  });

  it('is grouped on a terminal', async () => {
    const stdout = makeStream({ isTTY: true, columns: 100 });
    const { out } = await runWith('config', [config], { stdout, environment });
    expect(out).toMatch(/^Servers\nREDIS_URL = /);
    expect(out).toContain('\nProcess and logs\n');
    expect(out).not.toContain('\u001b[');
    expect(out).not.toContain('hidden');
  });

  it('in JSON is one document with everything a script needs', async () => {
    const { out, err } = await runWith('config --json', [config], {
      environment: { POSTGRES_TZ: 'UTC', PORT: '4000' },
    });
    const document = JSON.parse(out);
    expect(document.success).toBe(true);
    expect(document.settings.find((each: { name: string }) => each.name === 'PORT')).toEqual({
      name: 'PORT',
      group: 'HTTP API and webhooks',
      value: 4000,
      origin: 'environment',
      unset: '3000',
      meaning: 'Port of the HTTP API; 0 takes any free one',
    });
    expect(document.warnings).toEqual([expect.stringContaining('POSTGRES_TZ')]);
    expect(err).toContain('POSTGRES_TZ');
  });
});

describe('vambe config --check', () => {
  it('says that all is well', async () => {
    const { out, exitCode } = await runWith('config --check', [config], { environment: { PORT: '4000' } });
    expect([exitCode, out]).toEqual([0, 'Settings are right: 1 set, all others at their defaults.\n']);
  });

  it('lists every fault and ends with 2', async () => {
    const wrong = { PORT: 'x', REDIS_ULR: 'redis://localhost', TASK_TIMEOUT: '10s' };
    const { out, err, exitCode } = await runWith('config --check', [config], { environment: wrong });
    expect([exitCode, out]).toEqual([2, '']);
    for (const name of ['PORT must be', 'TASK_TIMEOUT must be', 'Did you mean REDIS_URL?']) expect(err).toContain(name);
  });
});
