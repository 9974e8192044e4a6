import { type Config, listSettings, loadConfig, type Setting } from '../config.js';

/**
 * Every setting as a flag, so that a process started with them has the same settings whatever its environment. Keys and
 * tokens are left out: anyone on the host can read a command line.
 */
export function allSettingFlags(config: Config): string[] {
  return shownSettings().map(setting => flagFor(setting, config));
}

/** Only the settings that differ from what a plain start would have: short enough for a person to read. */
export function changedSettingFlags(config: Config): string[] {
  const plain = loadConfig({ flags: {}, env: {} });
  return shownSettings()
    .filter(setting => settingValue(setting, config) !== settingValue(setting, plain))
    .map(setting => flagFor(setting, config));
}

function shownSettings(): Setting[] {
  return listSettings().filter(({ secret }) => !secret);
}

function flagFor(setting: Setting, config: Config): string {
  return `${setting.flag}=${settingValue(setting, config)}`;
}

function settingValue({ path }: Setting, config: Config): string {
  let value: unknown = config;
  for (const key of path) value = new Map(Object.entries(value ?? {})).get(key);
  return String(value);
}
