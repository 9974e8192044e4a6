import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settingsEnvironment, settingsWithoutSecrets } from '../src/cli/settings-for-children.js';
import { type ConfigSources, listSettings, loadConfig } from '../src/config.js';
import { ConfigError } from '../src/errors.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('a setting', () => {
  it('comes from the flag before the environment before the file', () => {
    writeFileSync(
      join(home, 'config.json'),
      '{"jobs": {"wait_s": 1, "output_chars": 1001}, "log_level": "info"}',
    );
    const env = { MLRB_HOME: home, MLRB_JOBS_WAIT_S: '2', MLRB_JOBS_OUTPUT_CHARS: '1002' };
    const { jobs, log_level } = loadConfig({ flags: { 'jobs-wait-s': '3' }, env });
    expect({ ...jobs, log_level }).toEqual({ wait_s: 3, output_chars: 1002, log_level: 'info' });
  });

  it('whose environment name is empty counts as not set there', () => {
    writeFileSync(join(home, 'config.json'), '{"jobs": {"wait_s": 1}}');
    const empty = Object.fromEntries(listSettings().map(({ env }) => [env, '']));
    const env = { ...empty, MLRB_CONFIG: '', MLRB_NO_SETTING: '' };
    expect(loadConfig({ flags: { home }, env })).toEqual(loadConfig({ flags: { home }, env: {} }));
    expect(loadConfig({ flags: { home }, env }).jobs.wait_s).toBe(1);
  });

  it('can be emptied by its flag', () => {
    writeFileSync(join(home, 'config.json'), '{"docker": {"image": "mine"}}');
    expect(loadConfig({ flags: { home, 'docker-image': '' }, env: {} }).docker.image).toBe('');
  });

  it('is the same in a process of ours, whatever a settings file says there', () => {
    writeFileSync(
      join(home, 'config.json'),
      '{"docker": {"image": "mine"}, "research": {"github_token": "t"}}',
    );
    const config = loadConfig({ flags: { home, 'docker-image': '' }, env: {} });
    expect(loadConfig({ flags: {}, env: settingsEnvironment(config) })).toEqual(config);
    const blank = loadConfig({ flags: {}, env: settingsWithoutSecrets(config) });
    expect(blank.research.github_token).toBe('');
    expect(blank.docker.image).toBe('');
  });
});

describe('a wrong setting is one sentence that names it, what was given and what is allowed', () => {
  /** Values that a setting cannot have, by what it takes; text takes any. */
  const bad = (values: string): string[] => {
    if (values === 'text') return [];
    if (values === 'address') return ['', 'x', 'ftp://x'];
    return values.includes('|') ? ['', 'x'] : ['', ' ', 'x', '-1', '1e99', 'Infinity', '0x'];
  };
  const cases = listSettings().flatMap(({ flag, env, values }) =>
    bad(values).map(value => ({ flag, env, value })),
  );

  it.each(cases)('$flag "$value"', ({ flag, env, value }) => {
    const said = refusal({ flags: { home, [flag.slice(2)]: value }, env: {} });
    if (flag.endsWith('-mb') || flag.endsWith('-gb') || flag.endsWith('-min')) {
      if (said === undefined) return expect(value).toBe('1e99'); // they have no upper bound
    }
    expect(said).toMatch(sentenceFor(flag));
    if (value.trim() !== '')
      expect(refusal({ flags: { home }, env: { [env]: value } })).toMatch(sentenceFor(env));
  });

  it.each([
    ['home', ''],
    ['python-program', ''],
    ['docker-base-image', ''],
    ['docker-build-args', 'a-b'],
    ['evaluation-device', 'gpu'],
    ['research-published-before', '2025-02-30'],
  ])('--%s "%s"', (flag, value) => {
    expect(refusal({ flags: { home, [flag]: value }, env: {} })).toMatch(sentenceFor(`--${flag}`));
  });

  it.each([
    [
      '{"jobs": {"wait_s": null}}',
      'The setting jobs.wait_s in FILE is not right, as null was given: it takes a number 0 to 50.',
    ],
    ['{"jobs": {"wait_s": []}}', 'The setting jobs.wait_s in FILE is not right: it takes a number 0 to 50.'],
    ['{"jobs": 5}', 'The setting jobs in FILE is not right, as 5 was given: it takes an object of settings.'],
    [
      '{"log_level": 5}',
      'The setting log_level in FILE is not right, as 5 was given: it takes one of fatal, error,',
    ],
    [
      '{"research": {"github_token": 5}}',
      'The setting research.github_token in FILE is not right: it takes text.',
    ],
    ['{"jobs": {"wait": 1}}', 'There is no setting jobs.wait, which FILE has. Did you mean jobs.wait_s?'],
    ['{"sandbix": "local"}', 'There is no setting sandbix, which FILE has. Did you mean sandbox?'],
    ['[]', 'The settings file FILE is not a JSON object.'],
    ['{', 'The settings file FILE is not a JSON object.'],
  ])('in a file that holds %s', (content, sentence) => {
    const file = join(home, 'settings.json');
    writeFileSync(file, content);
    expect(refusal({ flags: { home }, env: {}, file })).toContain(sentence.replace('FILE', file));
  });

  it('in a name of the environment that is none of ours', () => {
    expect(refusal({ flags: { home }, env: { MLRB_SANDBIX: 'docker' } })).toBe(
      'There is no setting MLRB_SANDBIX, which the environment has. Did you mean MLRB_SANDBOX? Rename or remove it; `mlrb help settings` lists all settings.',
    );
    expect(loadConfig({ flags: { home }, env: { MLRB_JOB_ID: 'job_1', PATH: '/bin' } }).home).toBe(home);
  });

  it('without a key that was given', () => {
    const file = join(home, 'settings.json');
    writeFileSync(file, '{"research": {"proxy": 12345}}');
    expect(refusal({ flags: { home }, env: {}, file })).not.toContain('12345');
  });
});

it('an empty settings file sets nothing', () => {
  const file = join(home, 'settings.json');
  writeFileSync(file, '\n');
  expect(loadConfig({ flags: { home }, env: {}, file })).toEqual(loadConfig({ flags: { home }, env: {} }));
});

function sentenceFor(name: string): RegExp {
  return new RegExp(
    `^The setting ${name} is not right, as .* was given: it (takes|must) [^.]+\\. \`mlrb help settings\` lists all settings\\.$`,
  );
}

function refusal(sources: ConfigSources): string | undefined {
  try {
    loadConfig(sources);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error instanceof Error ? error.message : undefined;
  }
}
