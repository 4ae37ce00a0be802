/** Reads the environment and `.env`, and returns a frozen Config or one error that names every fault. */
import { readFileSync } from 'node:fs';
import { AppError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import { contradictions } from './contradictions.ts';
import { readEnvText } from './env-file.ts';
import { type Config, type SettingKey, settingKeys, settings } from './schema.ts';
import type { Setting } from './setting.ts';
import { unknownNames } from './unknown-names.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
export type Origin = 'environment' | '.env' | 'default';

export interface LoadedConfig {
  readonly config: Config;
  readonly origin: Readonly<Record<SettingKey, Origin>>;
  /** Warnings for the operator; they do not stop a start. */
  readonly warnings: readonly string[];
}

/**
 * Reads every setting from the environment, else from `.env` of the working directory, else its default. An empty value counts
 * as unset. Throws SETTINGS_INVALID with all faults at once.
 */
export function loadConfig(environment: Environment = process.env, envFileText: string = readEnvFile()): LoadedConfig {
  const { values: envFile, faults: brokenLines } = readEnvText(envFileText);
  const faults: string[] = [...brokenLines];
  const values: Partial<Record<SettingKey, unknown>> = {};
  const origin: Partial<Record<SettingKey, Origin>> = {};
  const notices: string[] = [];

  for (const key of settingKeys) {
    const setting: Setting = settings[key];
    const found = lookUpEither(setting.name, environment, envFile);
    origin[key] = found.origin;
    values[key] = setting.default;
    if (found.text === undefined) continue;
    const read = setting.schema.safeParse(found.text);
    const notice = setting.notice?.(found.text);
    if (notice !== undefined) notices.push(`${setting.name}: ${notice}`);
    if (read.success) values[key] = read.data;
    else faults.push(faultOf(setting, found.text, found.origin));
  }

  const unknown = unknownNames({ ...envFile, ...environment });
  // The only cast: values are read one by one, and the table of settings has their types.
  const config = Object.freeze(values) as Config;
  const both = contradictions(config, (key) => origin[key] !== 'default');
  faults.push(...unknown.faults, ...(faults.length === 0 ? both.faults : []));
  if (faults.length > 0) throw settingsInvalid(faults);
  return {
    config,
    origin: Object.freeze(origin) as Record<SettingKey, Origin>,
    warnings: [...unknown.warnings, ...notices, ...both.warnings],
  };
}

/** The names of proxies are usual in small letters too. */
function lookUpEither(name: string, environment: Environment, envFile: Environment): ReturnType<typeof lookUp> {
  const found = lookUp(name, environment, envFile);
  return found.text === undefined && name.endsWith('_PROXY') ? lookUp(name.toLowerCase(), environment, envFile) : found;
}

function lookUp(name: string, environment: Environment, envFile: Environment): { text?: string; origin: Origin } {
  const fromEnvironment = environment[name]?.trim();
  if (fromEnvironment) return { text: fromEnvironment, origin: 'environment' };
  const fromFile = envFile[name]?.trim();
  if (fromFile) return { text: fromFile, origin: '.env' };
  return { origin: 'default' };
}

function faultOf(setting: Setting, given: string, origin: Origin): string {
  const where = origin === '.env' ? ' (in .env)' : '';
  return `${setting.name}${where} must be ${setting.expected}, got ${shown(setting, given)}. ${remedy(setting, given)}`;
}

function shown(setting: Setting, given: string): string {
  if (setting.isSecret) return `a value that is not shown (length ${given.length})`;
  if (setting.schemes === undefined) return JSON.stringify(given.length > 60 ? `${given.slice(0, 60)}…` : given);
  // An address may contain a password, and its position is unknown in an address that cannot be parsed.
  const scheme = schemeOf(given);
  return scheme === undefined ? `text without a scheme (length ${given.length})` : `one that begins with ${scheme}`;
}

function schemeOf(given: string): string | undefined {
  return /^[a-z][a-z0-9+.-]{0,30}:\/\//i.exec(given)?.[0]?.toLowerCase();
}

function remedy(setting: Setting, given: string): string {
  const nearest = nearestName(given, setting.choices ?? []);
  if (nearest !== undefined) return `Did you mean "${nearest}"?`;
  if (setting.name.endsWith('_PORT') && given.startsWith('tcp://')) {
    return 'Kubernetes sets it so for a service of that name: set enableServiceLinks to false, or set it yourself.';
  }
  if (setting.schemes?.includes(schemeOf(given) ?? '')) {
    return 'Check host, port and path; in a password write @ as %40, / as %2F, # as %23, ? as %3F and % as %25.';
  }
  return `Correct it, or unset it for ${setting.unset || 'none'}.`;
}

function settingsInvalid(faults: readonly string[]): AppError {
  const [only] = faults;
  const message =
    faults.length === 1 && only !== undefined
      ? only
      : `${faults.length} settings are wrong:\n${faults.map((each) => `  - ${each}`).join('\n')}`;
  return new AppError('SETTINGS_INVALID', message, { details: { faults } });
}

/** Text of `.env` in the working directory; a missing one is empty, one that cannot be read throws SETTINGS_INVALID. */
function readEnvFile(): string {
  try {
    const bytes = readFileSync('.env');
    // PowerShell's redirection writes UTF-16 with this byte order mark.
    return new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8').decode(bytes);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    // Docker creates a folder with this name when the file to mount does not exist.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return '';
    throw new AppError(
      'SETTINGS_INVALID',
      `.env cannot be read (${code}). Make it readable for this user, or delete it.`,
      {
        cause: error,
      },
    );
  }
}

/** The environment for a child process: this process's environment with some variables replaced. */
export function childEnvironment(names: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...names };
}
