/**
 * Makes a bare clone ready and then does what was asked: checks Node, installs the packages of package-lock.json,
 * builds dist/, each only where it is needed. Uses nothing but Node itself.
 *
 *     node scripts/bootstrap.mjs run ARGUMENTS…     the command line, e.g. `run demo`
 *     node scripts/bootstrap.mjs check | test | bench   see the script of that name
 */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isBuilt } from './lib/source-stamp.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [what, ...rest] = process.argv.slice(2);

requireNode(20, 19);
installPackages();
if (what === 'run') {
  build();
  hand(join(root, 'dist', 'cli', 'main.js'), rest);
} else if (what === 'bench') {
  build();
  hand(join(root, 'scripts', 'bench.mjs'), rest);
} else if (what === 'check' || what === 'test') {
  hand(join(root, 'scripts', `${what}.mjs`), rest);
} else {
  fail('Usage: node scripts/bootstrap.mjs run|check|test|bench');
}

function requireNode(major, minor) {
  const [haveMajor = 0, haveMinor = 0] = process.versions.node.split('.').map(Number);
  if (haveMajor > major || (haveMajor === major && haveMinor >= minor)) return;
  fail(
    `mlrb needs Node ${major}.${minor} or newer, and this is ${process.versions.node}. Install a newer one (https://nodejs.org) and try again.`,
  );
}

function installPackages() {
  if (isInstalled()) return;
  say('Installing packages (npm ci) …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status, error } = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (error !== undefined)
    fail('npm was not found. It comes with Node: install Node again, or add npm to PATH.');
  if (status !== 0)
    fail('npm ci failed: its reason stands above. Without a network, packages cannot be installed.');
}

/** Whether npm's own record of node_modules/ has every package of package-lock.json in the same version. */
function isInstalled() {
  const wanted = packagesIn('package-lock.json');
  const installed = packagesIn('node_modules/.package-lock.json');
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  );
}

function packagesIn(lockFile) {
  try {
    return JSON.parse(readFileSync(join(root, lockFile), 'utf8')).packages;
  } catch {
    return {};
  }
}

function build() {
  if (isBuilt(root)) return;
  say('Building …');
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0)
    fail("The build failed: the compiler's reasons stand above. `git status` shows what differs.");
}

/** Runs a script with our streams and ends as it ends. Ctrl-C reaches it by itself; we wait until it has cleaned up. */
function hand(script, args) {
  const child = spawn(process.execPath, [script, ...args], { stdio: 'inherit' });
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
  });
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function fail(sentence) {
  say(sentence);
  process.exit(1);
}
