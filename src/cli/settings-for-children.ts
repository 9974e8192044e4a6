import { devNull } from 'node:os';
import { type Config, listSettings, loadConfig, type Setting } from '../config.js';

/**
 * Every setting as environment variables, for a process of ours to have the same whatever it finds elsewhere: it reads no settings
 * file, which would fill in what is empty here. Not as flags: everyone on this host can read those.
 */
export function settingsEnvironment(config: Config): Record<string, string> {
  const values = listSettings().map(setting => [setting.env, settingValue(setting, config)]);
  return { ...Object.fromEntries(values), MLRB_CONFIG: devNull };
}

/** The same for a process that asks nobody outside: keys are blank. */
export function settingsWithoutSecrets(config: Config): Record<string, string> {
  const blank = listSettings()
    .filter(({ secret }) => secret)
    .map(({ env }) => [env, '']);
  return { ...settingsEnvironment(config), ...Object.fromEntries(blank), HF_TOKEN: '' };
}

/**
 * The settings that a plain start on this host would not have, as flags for a person to copy. Keys are left out: they belong
 * into the settings file.
 */
export function changedSettingFlags(config: Config): string[] {
  const elsewhere = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('MLRB_')),
  );
  const home = loadConfig({ flags: {}, env: elsewhere }).home;
  const plain = loadConfig({ flags: { home: config.home }, env: elsewhere });
  const isChanged = (setting: Setting) =>
    setting.env === 'MLRB_HOME'
      ? config.home !== home
      : settingValue(setting, config) !== settingValue(setting, plain);
  return listSettings()
    .filter(setting => !setting.secret && isChanged(setting))
    .map(setting => `${setting.flag}=${settingValue(setting, config)}`);
}

function settingValue({ path }: Setting, config: Config): string {
  let value: unknown = config;
  for (const key of path) value = new Map(Object.entries(value ?? {})).get(key);
  return String(value);
}
