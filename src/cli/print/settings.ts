/** Settings as a person may see them: secrets and the passwords inside addresses are masked. */
import type { LoadedConfig, Origin } from '../../config/load.ts';
import { groups, type Setting, settingKeys, settings } from '../../config/schema.ts';
import { maskSecrets } from '../../core/mask.ts';

export interface DescribedSetting {
  readonly name: string;
  readonly group: string;
  readonly value: string | number | readonly string[] | null;
  readonly origin: Origin;
  /** What happens where it is unset: its default in words. */
  readonly unset: string;
  readonly meaning: string;
}

export function describeSettings({ config, origin }: LoadedConfig): DescribedSetting[] {
  return settingKeys.map((key) => {
    const setting: Setting = settings[key];
    const { name, unset, meaning } = setting;
    const value = setting.isSecret && config[key] !== null ? '********' : masked(config[key]);
    return { name, group: groups[setting.group], value, origin: origin[key], unset, meaning };
  });
}

function masked(value: string | number | readonly string[] | null): string | number | readonly string[] | null {
  return typeof value === 'string' ? maskSecrets(value) : value;
}
