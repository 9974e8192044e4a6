import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';

const run = promisify(execFile);
const Packed = z.tuple([z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) })]);
const Lock = z.object({
  packages: z.record(z.string(), z.object({ engines: z.object({ node: z.string().optional() }).optional() })),
});
/** The oldest Node that the package takes. */
const OLDEST_MAJOR = 20;

describe('the package as npm hands it out', () => {
  let folder: string;
  let tarball: string;
  let files: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mlrb-package-'));
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]; // dist/ is built already
    const { stdout } = await run('npm', args, { cwd: PACKAGE_ROOT });
    const [{ filename, files: packed }] = Packed.parse(JSON.parse(stdout));
    tarball = join(folder, filename);
    files = packed.map(({ path }) => path).sort();
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has every file that a run, an evaluation and the docs need', async () => {
    const sources = (await filesBelow('src')).map(path =>
      path.replace(/^src/, 'dist').replace(/\.ts$/, '.js'),
    );
    const others = await Promise.all(['docker', 'data', 'docs'].map(filesBelow));
    const wanted = [...sources, ...others.flat(), 'CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'];
    expect(files).toEqual(wanted.sort());
  });

  it('works from where it is unpacked', async () => {
    await run('tar', ['-xzf', tarball, '-C', folder]);
    const root = join(folder, 'package');
    await symlink(join(PACKAGE_ROOT, 'node_modules'), join(root, 'node_modules'));
    const main = join(root, 'dist', 'cli', 'main.js');
    const { stdout } = await run(process.execPath, [main, 'tasks', 'mini_baby_lm', '--home', folder]);
    expect(stdout).toContain('# ');
  });

  it('brings a user no library that asks for a newer Node than it does, and one client of GitHub', async () => {
    await writeFile(join(folder, 'package.json'), '{"private": true}');
    const args = ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund', tarball];
    await run('npm', args, { cwd: folder });
    const { packages } = Lock.parse(JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8')));
    const tooNew = Object.entries(packages).filter(([, { engines }]) => !takesOldest(engines?.node ?? '*'));
    expect(tooNew).toEqual([]);
    expect(Object.keys(packages).filter(path => path.endsWith('/@octokit/core'))).toHaveLength(1);
    expect(Object.keys(packages).length).toBeGreaterThan(100);
  }, 180_000);
});

/** Of the alternatives in a range of versions, such as `^18.17 || >=20.5`, one must begin no later than with the oldest. */
function takesOldest(range: string): boolean {
  return range.split('||').some(alternative => Number(/\d+/.exec(alternative)?.[0] ?? 0) <= OLDEST_MAJOR);
}

/** Relative paths; what Python leaves behind is no file of ours. */
async function filesBelow(name: string): Promise<string[]> {
  const entries = await readdir(join(PACKAGE_ROOT, name), { withFileTypes: true, recursive: true });
  return entries
    .filter(entry => entry.isFile() && !entry.parentPath.endsWith('__pycache__'))
    .map(entry => join(entry.parentPath, entry.name).slice(PACKAGE_ROOT.length).replace(/^\//, ''));
}
