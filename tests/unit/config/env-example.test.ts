import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readEnvText } from '../../../src/config/env-file.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { settingKeys, settings } from '../../../src/config/schema.ts';
import { groups, type Setting } from '../../../src/config/setting.ts';

const path = '../../../.env.example';
const all: readonly Setting[] = settingKeys.map((key) => settings[key]);

function envExample(): string {
  const blocks = Object.entries(groups).map(([group, title]) => {
    const entries = all
      .filter((each) => each.group === group)
      .map(
        ({ name, meaning, unset, example, default: value }) =>
          `# ${meaning}.\n# ${value === null ? `Unset: ${unset}` : `Default: ${unset || 'none'}`}.\n# ${name}=${example}\n`,
      );
    return `# ---- ${title} ----\n\n${entries.join('\n')}`;
  });
  const head = [
    '# Every setting. Copy this file to .env and uncomment what you change; the environment wins over .env.',
    '# "vambe config" shows what is in force and where it came from, "vambe config --check" whether it is right.',
    '# A # begins a comment at the start of a line and after white space; "quotes" keep it, and line breaks.',
  ];
  return `${head.join('\n')}\n\n${blocks.join('\n')}`;
}

describe('.env.example', () => {
  // After a change to the table of settings: run this file with -u.
  it('is what the table of settings says', async () => {
    await expect(envExample()).toMatchFileSnapshot(path);
  });

  it('sets nothing as it stands, and uncommented lists every setting with a value that is accepted', () => {
    const text = readFileSync(new URL(path, import.meta.url), 'utf8');
    expect(readEnvText(text)).toEqual({ values: {}, faults: [] });
    const uncommented = text.replace(/^# (?=[A-Z0-9_]+=)/gm, '');
    expect(Object.keys(readEnvText(uncommented).values).sort()).toEqual(all.map((each) => each.name).sort());
    expect(() => loadConfig({}, uncommented)).not.toThrow();
  });
});
