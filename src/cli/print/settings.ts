/** Settings as a person may see them: secrets and the passwords inside addresses are masked. */
import type { LoadedConfig, Origin } from '../../config/load.ts';
import { settingKeys, settings } from '../../config/schema.ts';
import { groups, type Setting } from '../../config/setting.ts';
import { maskSecrets } from '../../core/log/mask.ts';
import type { Cli } from '../kit/cli.ts';

export interface DescribedSetting {
  readonly name: string;
  readonly group: string;
  readonly value: string | number | readonly string[] | null;
  readonly origin: Origin;
  /** What happens where it is unset: its default in words. */
  readonly unset: string;
  readonly meaning: string;
}

/** A paragraph a setting, so that no value is cut however long it is. */
export function describeGroups(cli: Cli, settings: readonly DescribedSetting[]): string {
  const groupNames = [...new Set(settings.map(({ group }) => group))];
  return groupNames
    .map((group) => {
      const lines = settings
        .filter((each) => each.group === group)
        .flatMap(({ name, value, unset, origin, meaning }) => {
          const shown = value === null ? `- (${unset})` : [value].flat().join(', ');
          const from = origin === 'default' ? '' : ` (from ${origin})`;
          return [cli.prose(`${cli.style('bold', name)} = ${shown}${from}`), cli.prose(`  ${meaning}`)];
        });
      return [cli.style(['bold', 'cyan'], group), ...lines, ''].join('\n');
    })
    .join('\n');
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
