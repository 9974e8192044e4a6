import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { homeFault, refuseImpossibleHome } from '../../src/lib/home-folder.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a home folder', () => {
  it.each(['/proc', '/proc/x', '/dev/fd/a/b'])('is refused where making it would never end: %s', home => {
    expect(() => refuseImpossibleHome(home)).toThrow(/can hold no folders of ours.*--home or MLRB_HOME/);
  });

  it('is not made, and nothing is left beside it, by looking whether it could be', () => {
    refuseImpossibleHome(join(folder, 'a', 'home'));
    expect(readdirSync(folder)).toEqual([]);
  });

  it('may be one that cannot be written: reading may be all that is wanted', () => {
    refuseImpossibleHome('/sys/home');
    writeFileSync(join(folder, 'file'), '');
    refuseImpossibleHome(join(folder, 'file', 'home'));
  });
});

describe('a system error from below the home folder is a sentence of ours that names the place', () => {
  it('where this user may not write', () => {
    expect(sentence('/sys/home', () => mkdirSync('/sys/home/runs', { recursive: true }))).toMatch(
      /^The home folder \/sys\/home cannot be used: \/sys\/home.* (may not be read or written by this user|is read-only)\. .* choose another folder with --home or MLRB_HOME\.$/,
    );
  });

  it('where a file stands in its place', () => {
    const home = join(folder, 'file');
    writeFileSync(home, '');
    for (const make of [() => mkdirSync(home, { recursive: true }), () => readdirSync(join(home, 'runs'))])
      expect(sentence(home, make)).toContain('something that is no folder');
  });

  it('where it is a link that leads nowhere', () => {
    const home = join(folder, 'link');
    symlinkSync(join(folder, 'gone', 'home'), home);
    expect(sentence(home, () => mkdirSync(join(home, 'runs'), { recursive: true }))).toContain(
      'cannot be made there',
    );
  });

  it('where its name is too long', () => {
    const home = join(folder, 'a'.repeat(300));
    expect(sentence(home, () => mkdirSync(home, { recursive: true }))).toContain('too long a name');
  });

  it('where the disk is full', () => {
    const full = openSync('/dev/full', 'w');
    const said = sentence(folder, () => writeSync(full, 'x'));
    closeSync(full);
    expect(said).toBe(
      `The disk is full: there is no room left below ${folder}. Free some space there, or choose another folder with --home or MLRB_HOME, and try again.`,
    );
  });
});

it('a system error from elsewhere, or a file that has gone, is no fault of the home folder', () => {
  expect(fault(folder, () => mkdirSync('/sys/x'))).toBeUndefined();
  expect(fault(folder, () => readdirSync(join(folder, 'gone')))).toBeUndefined();
  expect(fault(`${folder}-2`, () => readdirSync('/proc/self/cmdline'))).toBeUndefined();
});

function sentence(home: string, act: () => unknown): string {
  const found = fault(home, act);
  expect(found).toBeInstanceOf(ConfigError);
  return found?.message ?? '';
}

function fault(home: string, act: () => unknown): ConfigError | undefined {
  try {
    act();
  } catch (error) {
    return homeFault(error, home);
  }
  return expect.fail('it was to fail');
}
