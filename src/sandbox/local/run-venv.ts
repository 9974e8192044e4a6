import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Interpreter } from './interpreter.js';

/**
 * Makes a virtual environment of the run's own over the shared one: everything installed there can be imported, but what
 * a contestant installs goes here. Written by hand, since `python -m venv` takes far longer.
 */
export async function makeRunVenv(folder: string, interpreter: Interpreter): Promise<void> {
  const unfinished = `${folder}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await writeVenv(unfinished, folder, interpreter);
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
}

async function writeVenv(place: string, folder: string, interpreter: Interpreter): Promise<void> {
  const { base, version, site_packages } = interpreter;
  const [major, minor] = version;
  const bin = join(place, 'bin');
  const packages = join(place, 'lib', `python${major}.${minor}`, 'site-packages');
  await Promise.all([mkdir(bin, { recursive: true }), mkdir(packages, { recursive: true })]);
  await Promise.all([
    writeFile(join(place, 'pyvenv.cfg'), venvSettings(interpreter)),
    writeFile(join(packages, 'mlrb_shared.pth'), site_packages.map(sharedPackages).join('')),
    symlink(base, join(bin, 'python')),
    symlink('python', join(bin, 'python3')),
    symlink('python', join(bin, `python${major}.${minor}`)),
    symlink('lib', join(place, 'lib64')),
    ...['pip', 'pip3', `pip${major}.${minor}`].map(name => writePip(join(bin, name), folder)),
  ]);
}

function venvSettings({ base, version }: Interpreter): string {
  return `home = ${dirname(base)}\ninclude-system-site-packages = false\nversion = ${version.join('.')}\n`;
}

/** A line that also reads the `.pth` files of the shared folder, which naming the folder would not. */
function sharedPackages(folder: string): string {
  return `import site; site.addsitedir(${JSON.stringify(folder)})\n`;
}

/** A shell script, since the path in a `#!` line may neither be long nor hold spaces. */
async function writePip(path: string, venv: string): Promise<void> {
  const python = `'${join(venv, 'bin', 'python').replaceAll("'", "'\\''")}'`;
  await writeFile(path, `#!/bin/sh\nexec ${python} -m pip "$@"\n`, { mode: 0o755 });
}
