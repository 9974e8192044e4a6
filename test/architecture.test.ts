import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../src/lib/package-root.js';

/** What each folder may import besides itself, `lib`, and the files at the top. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  tasks: [],
  data: ['tasks'],
  runs: ['tasks'],
  sandbox: ['runs'],
  tools: ['sandbox', 'runs', 'tasks'],
  server: ['tools', 'sandbox', 'runs', 'tasks'],
  eval: ['data', 'sandbox', 'runs', 'tasks'],
  report: ['runs', 'tasks'],
  agent: [],
  cli: ['agent', 'data', 'eval', 'report', 'runs', 'sandbox', 'server', 'tasks', 'tools'],
};

/** Packages that only some folders may import. */
const LIBRARY_BORDERS: Readonly<Record<string, readonly string[]>> = {
  '@modelcontextprotocol/server': ['server'],
  '@modelcontextprotocol/client': ['agent'],
  '@modelcontextprotocol/sdk': [],
  commander: ['cli'],
  dockerode: ['sandbox/docker'],
  execa: ['sandbox/local', 'data', 'eval', 'lib', 'cli'],
  ora: ['lib'],
  pino: ['logger.ts'],
  vega: ['report'],
  'vega-lite': ['report'],
};

/** Packages of packages, named for their versions: newer ones need a newer Node than an installation must have. */
const HELD_BACK = ['@octokit/graphql', '@octokit/request'];

const SRC = join(PACKAGE_ROOT, 'src');

interface SourceFile {
  /** Relative to src/. */
  readonly path: string;
  /** Its folder below src/; for files at the top, their name. */
  readonly folder: string;
  readonly code: string;
  /** Files of ours that it imports, types included, relative to src/. */
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

const files = sourceFiles();

describe('imports', () => {
  it('point down: each folder imports only what the design allows', () => {
    const wrong = files.flatMap(file =>
      file.imports.filter(target => !isAllowed(file, target)).map(target => `${file.path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('the sandbox knows of runs only how to record a trace', () => {
    const known = new Set(
      files
        .filter(({ folder }) => folder === 'sandbox')
        .flatMap(({ imports }) => imports.filter(target => target.startsWith('runs/'))),
    );
    expect([...known].filter(target => target !== 'runs/trace.ts')).toEqual([]);
  });

  it('name files that are there', () => {
    const known = new Set(files.map(({ path }) => path));
    const missing = files.flatMap(({ path, imports }) =>
      imports.filter(target => !known.has(target)).map(target => `${path} imports ${target}`),
    );
    expect(missing).toEqual([]);
  });

  it('make no cycles', () => {
    expect(findCycle()).toEqual([]);
  });

  it('keep each library where it belongs', () => {
    const wrong = files.flatMap(file =>
      file.packages.flatMap(name => {
        const places = LIBRARY_BORDERS[name];
        const isFine =
          places?.some(place => file.path === place || file.path.startsWith(`${place}/`)) ?? true;
        return isFine ? [] : [`${file.path} imports ${name}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('name only packages that an installation has, and leave none of them unused', () => {
    const manifest = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'));
    const used = new Set(files.flatMap(({ packages }) => packages));
    expect([...used, ...HELD_BACK].sort()).toEqual(Object.keys(manifest.dependencies).sort());
  });
});

it('package-lock.json holds every package that it names, for every platform: otherwise npm ci refuses it', () => {
  const lock = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package-lock.json'), 'utf8'));
  const packages = Object.entries<{ optionalDependencies?: Record<string, string> }>(lock.packages);
  const known = Object.keys(lock.packages);
  const missing = packages
    .flatMap(([, { optionalDependencies = {} }]) => Object.keys(optionalDependencies))
    .filter(name => !known.some(path => path.endsWith(`node_modules/${name}`)));
  expect(missing).toEqual([]);
});

it('every package of an installation takes the oldest Node that ours does', () => {
  const manifest = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'));
  const lock = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package-lock.json'), 'utf8'));
  const packages = Object.entries<{ dev?: boolean; engines?: { node?: string } }>(lock.packages);
  const oldest = /^>=(\d+)\.(\d+)$/.exec(manifest.engines.node)?.slice(1).map(Number);
  expect(oldest).toHaveLength(2);
  const refusing = packages
    .filter(([, { dev, engines }]) => !dev && !takesNode(engines?.node ?? '*', oldest ?? []))
    .map(([path, { engines }]) => `${path} needs Node ${engines?.node}`);
  expect(refusing).toEqual([]);
  expect(takesNode('>=22', [20, 19])).toBe(false);
  expect(takesNode('^20.20.0 || >=22', [20, 19])).toBe(false);
});

describe('source files', () => {
  it('are found', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(new Set(files.map(({ folder }) => folder).filter(folder => !folder.endsWith('.ts')))).toEqual(
      new Set(Object.keys(MAY_IMPORT)),
    );
  });

  it('are no barrels', () => {
    const barrels = files.filter(
      ({ path, code }) => basename(path) === 'index.ts' || /^export (\*|\{[^}]*\}) from /m.test(code),
    );
    expect(barrels.map(({ path }) => path)).toEqual([]);
  });

  it('read the environment in the settings and the command line only', () => {
    const readers = files.filter(
      ({ path, folder, code }) => /process\.env\b/.test(code) && path !== 'config.ts' && folder !== 'cli',
    );
    expect(readers.map(({ path }) => path)).toEqual([]);
  });

  it('leave standard output to the protocol and the command line', () => {
    const writers = files.filter(
      ({ path, folder, code }) =>
        folder !== 'cli' && path !== 'server/serve-stdio.ts' && /\bconsole\.|process\.stdout\b/.test(code),
    );
    expect(writers.map(({ path }) => path)).toEqual([]);
  });

  it('have names in kebab case', () => {
    const wrong = files.filter(({ path }) => !/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(basename(path)));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

function isAllowed(file: SourceFile, target: string): boolean {
  const to = folderOf(target);
  if (to === 'lib' || to === 'errors.ts' || to === 'logger.ts') return true;
  if (to === file.folder) return true;
  if (to === 'config.ts') return file.folder === 'cli' || importsTypesOnly(file, target);
  return MAY_IMPORT[file.folder]?.includes(to) ?? false;
}

/** Whether a range of `engines`, alternatives that each begin with a lowest version, takes a version. */
function takesNode(range: string, [major = 0, minor = 0]: readonly number[]): boolean {
  return range.split('||').some(part => {
    const [, sign, lowMajor, lowMinor = '0'] = /^\s*([\^~>=v]*)\s*(\d+)(?:\.(\d+|x))?/.exec(part) ?? [part];
    if (lowMajor === undefined) return true;
    const isNewer = major > Number(lowMajor);
    const isSame = major === Number(lowMajor) && minor >= (Number(lowMinor) || 0);
    return isSame || (isNewer && sign?.startsWith('>') === true);
  });
}

/** Settings are read once, at the top: everyone else gets them, and knows their type alone. */
function importsTypesOnly({ code }: SourceFile, target: string): boolean {
  const name = basename(target, '.ts');
  const statements = code.match(/^import [^;]*?;/gms) ?? [];
  return statements
    .filter(statement => statement.includes(`/${name}.js'`))
    .every(statement => statement.startsWith('import type '));
}

/** The files of a cycle, or nothing. */
function findCycle(): string[] {
  const targets = new Map(files.map(({ path, imports }) => [path, imports]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const target of targets.get(path) ?? []) {
      const cycle = visit(target, [...trail, path]);
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  for (const { path } of files) {
    const cycle = visit(path, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

function sourceFiles(): SourceFile[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.ts'))
    .map(path => readSource(path));
}

function readSource(path: string): SourceFile {
  const code = readFileSync(join(SRC, path), 'utf8');
  const specifiers = [...code.matchAll(/(?:\bfrom |\bimport\(\s*|^import )'([^']+)'/gm)].map(
    ([, name = '']) => name,
  );
  const own = specifiers.filter(name => name.startsWith('.'));
  return {
    path,
    folder: folderOf(path),
    code,
    imports: own.map(name => relative(SRC, join(SRC, dirname(path), name.replace(/\.js$/, '.ts')))),
    packages: specifiers.filter(name => !name.startsWith('.') && !name.startsWith('node:')).map(packageName),
  };
}

function folderOf(path: string): string {
  return path.split('/')[0] ?? path;
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
