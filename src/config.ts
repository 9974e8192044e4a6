import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError } from './errors.js';
import { asGiven, expected } from './lib/expected.js';
import { nearest } from './lib/suggest.js';
import { LOG_LEVELS } from './logger.js';

/** A text that nothing can be done without. */
function text(standard: string) {
  return z.string().min(1).default(standard);
}

/** A setting that is never shown and never part of a command line of ours. */
function secret(description: string) {
  return z
    .string()
    .default('')
    .describe(`${description}; better set in the environment or the file than as a flag`)
    .meta({ secret: true });
}

/** Where a service is reached. An address that is set here may be a private one; no other private address is ever reached. */
function baseUrl(address: string, service: string) {
  return z
    .url({ protocol: /^https?$/, error: 'it takes an address that begins with http:// or https://' })
    .default(address)
    .describe(`address of ${service}`);
}

/**
 * Every setting, once: its default, its bounds and its words. The flag (`--jobs-wait-s`), the environment name
 * (`MLRB_JOBS_WAIT_S`), the place in the settings file (`{"jobs": {"wait_s": …}}`) and the documentation are derived from it.
 */
export const ConfigSchema = z.strictObject({
  home: text('~/.mlrb').describe('folder for runs, Python environments and caches'),
  tasks: z
    .string()
    .default('')
    .describe('folder with tasks of your own, a folder each; empty: only the tasks of the package'),
  log_level: z.enum(LOG_LEVELS).default('warn').describe('least severe level written to standard error'),
  sandbox: z
    .enum(['local', 'docker'])
    .default('local')
    .describe('where contestants work; `local` isolates nothing and is for demos and trusted agents'),
  python: z.strictObject({
    program: text('python3').describe('Python 3.10 or newer, used to make the environment'),
    pip_args: z
      .string()
      .default('')
      .describe(
        'further arguments for pip, split at spaces: for example an index with smaller builds of PyTorch',
      ),
  }),
  docker: z.strictObject({
    socket: z
      .string()
      .default('')
      .describe('socket of the Docker engine; empty: what DOCKER_HOST names, else /var/run/docker.sock'),
    image: z
      .string()
      .default('')
      .describe(
        'image that contestants work in, any that has python3; empty: the one that `mlrb setup --docker` builds',
      ),
    base_image: text('debian:bookworm-slim').describe('what `mlrb setup --docker` builds the images on'),
    build_args: z
      .string()
      .regex(/^([A-Za-z_]\w*=\S*( |$))*$/, 'it takes NAME=value, several split at one space')
      .default('')
      .describe('further arguments of the builds, `NAME=value` split at spaces, such as TORCHVISION=0.28.0'),
    build_network: z
      .string()
      .default('')
      .describe("network of the builds, such as `host`; empty: Docker's own choice"),
    network: z
      .enum(['task', 'none', 'open'])
      .default('task')
      .describe('network of new runs: what their task says, or the same for all'),
    egress_network: text('bridge').describe(
      'Docker network by which runs with an open network reach public addresses',
    ),
    egress_allow: z
      .string()
      .default('')
      .describe(
        'private addresses that they may reach as well, such as a mirror: `10.0.0.5:8080 10.1.0.0/16`, split at spaces',
      ),
  }),
  jobs: z.strictObject({
    wait_s: z
      .number()
      .min(0)
      .max(50)
      .default(45)
      .describe(
        'seconds that run_python, run_bash, job_wait and get_result wait where the call does not say',
      ),
    output_chars: z
      .number()
      .int()
      .min(1000)
      .max(30000)
      .default(10000)
      .describe('characters of output in one answer; the whole is kept in a file'),
  }),
  evaluation: z.strictObject({
    where: z
      .enum(['auto', 'local', 'docker'])
      .default('auto')
      .describe(
        'where submissions are scored: `docker` is a container without a network; `auto`: as the sandbox',
      ),
    device: z
      .string()
      .regex(/^(auto|cpu|mps|cuda(:\d+)?)$/, 'it takes auto, cpu, mps, or a GPU such as cuda:0')
      .default('auto')
      .describe(
        '`cpu`, `cuda:0`, `cuda`, or `auto`: a GPU if there is one; in Docker one that a run holds is waited for',
      ),
    memory_gb: z
      .number()
      .positive()
      .default(16)
      .describe('memory of the scoring process: its address space, or with a GPU its own data'),
    time_limit_min: z.number().positive().default(60).describe('longest time for scoring one submission'),
  }),
  hub: z.strictObject({
    url: z
      .string()
      .regex(/^(https?:\/\/[^\s/]+(\/\S*)?)?$/, 'give an address that begins with http:// or https://')
      .default('')
      .describe(
        'address of the Hugging Face hub, where data come from; empty: HF_ENDPOINT, else https://huggingface.co',
      ),
    token: secret('token of the Hugging Face hub, for data whose terms must be accepted; empty: HF_TOKEN'),
  }),
  lean: z.strictObject({
    program: z
      .string()
      .default('')
      .describe(
        'executable of Lean 3 on this host; but for a filter before it, a script can reach all that this user can',
      ),
    image: z
      .string()
      .default('')
      .describe('Docker image that has `lean` (Lean 3) and compiled mathlib; goes before `lean.program`'),
    path: z
      .string()
      .default('')
      .describe('folders with compiled libraries, split at colons; empty: those that Lean knows by itself'),
    memory_mb: z.number().int().min(256).default(4096).describe('memory for checking one script'),
    time_limit_s: z
      .number()
      .positive()
      .max(86_400)
      .default(120)
      .describe('longest time for checking one script'),
  }),
  research: z.strictObject({
    contact: z
      .string()
      .default('')
      .describe('e-mail address told to the services that papers and code are looked up in'),
    semantic_scholar_key: secret('API key of Semantic Scholar; without one its shared public limit applies'),
    openalex_key: secret('API key of OpenAlex; without one a small daily allowance applies'),
    github_token: secret('GitHub token that can read public repositories; without one 60 requests an hour'),
    published_before: z
      .string()
      .refine(isDayOrEmpty, 'it takes a day as YYYY-MM-DD')
      .default('')
      .describe('hides papers and commits from this day (YYYY-MM-DD) on; a task may set an earlier one'),
    semantic_scholar_per_s: z
      .number()
      .positive()
      .max(100)
      .default(1)
      .describe('requests a second to Semantic Scholar, over all runs of this home folder'),
    cache_mb: z.number().positive().default(2000).describe('size of the cache of answers on disk'),
    proxy: secret('proxy for the way out, which may hold a password; empty: HTTPS_PROXY and NO_PROXY'),
    no_proxy: z.string().default('').describe('hosts that are reached without the proxy, comma-separated'),
    semantic_scholar_url: baseUrl('https://api.semanticscholar.org', 'Semantic Scholar'),
    arxiv_api_url: baseUrl('https://export.arxiv.org', "arXiv's API"),
    arxiv_url: baseUrl('https://arxiv.org', "arXiv's PDF files"),
    openalex_url: baseUrl('https://api.openalex.org', 'OpenAlex'),
    github_url: baseUrl('https://api.github.com', "GitHub's API"),
  }),
});

function isDayOrEmpty(value: string): boolean {
  return value === '' || z.iso.date().safeParse(value).success;
}

export type Config = Readonly<z.infer<typeof ConfigSchema>> & {
  /** `home` made absolute. */
  readonly home: string;
};

/** One setting in all its forms. */
export interface Setting {
  readonly path: readonly string[];
  readonly flag: string;
  readonly env: string;
  readonly description: string;
  readonly defaultValue: string;
  readonly values: string;
  /** Never to be shown, nor to stand in a command line of ours. */
  readonly secret: boolean;
}

/** All settings in the order of the schema. */
export function listSettings(): Setting[] {
  return leaves(ConfigSchema, []);
}

function leaves(schema: z.ZodObject, path: readonly string[]): Setting[] {
  return Object.entries(schema.shape).flatMap(([key, field]) => {
    const here = [...path, key];
    if (field instanceof z.ZodObject) return leaves(field, here);
    const json = z.toJSONSchema(field, { io: 'input' });
    return [
      {
        path: here,
        flag: `--${here.join('-').replaceAll('_', '-')}`,
        env: `MLRB_${here.join('_').toUpperCase()}`,
        description: field.description ?? '',
        defaultValue: String(json.default ?? ''),
        values: json.enum ? json.enum.join(' | ') : rangeOf(field),
        secret: json.secret === true,
      },
    ];
  });
}

function rangeOf(field: z.core.$ZodType): string {
  const { minimum, maximum, exclusiveMinimum, type, format } = z.toJSONSchema(field, { io: 'output' });
  if (type === 'string') return format === 'uri' ? 'address' : 'text';
  const low = minimum ?? (exclusiveMinimum === undefined ? '' : `> ${exclusiveMinimum}`);
  const high = typeof maximum === 'number' && maximum < 2 ** 53 - 1 ? ` to ${maximum}` : '';
  return `${type ?? 'text'} ${low}${high}`.trim();
}

/** Where settings come from. `flags` holds values by flag name without the dashes. */
export interface ConfigSources {
  readonly flags: Readonly<Record<string, string | undefined>>;
  /** Names that are empty count as not set. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Settings file; absent: `MLRB_CONFIG`, else `config.json` in the home folder if it is there. */
  readonly file?: string | undefined;
}

/**
 * Flag before environment before file before default.
 * @throws ConfigError naming the setting, where the value came from, what it was and what is allowed.
 */
export function loadConfig({ flags, env, file }: ConfigSources): Config {
  const settings = listSettings();
  refuseUnknownNames(env, settings);
  const home = expandHome(flags.home ?? (env.MLRB_HOME || '~/.mlrb'));
  const path = file ?? (env.MLRB_CONFIG || defaultFile(home));
  const values: Record<string, unknown> = path === undefined ? {} : readFile(path);
  const origin = new Map<string, string>();
  for (const setting of settings) {
    const flagged = flags[setting.flag.slice(2)];
    const value = flagged ?? (env[setting.env] || undefined);
    if (value === undefined) continue;
    put(values, setting.path, fromText(setting, value));
    origin.set(setting.path.join('.'), flagged === undefined ? setting.env : setting.flag);
  }
  const parsed = ConfigSchema.safeParse(withSections(values), { error: expected, reportInput: true });
  if (!parsed.success) throw new ConfigError(explain(parsed.error, { origin, file: path, settings }));
  const research = { ...parsed.data.research, ...proxyOf(parsed.data.research, env) };
  const docker = { ...parsed.data.docker, socket: parsed.data.docker.socket || socketOf(env.DOCKER_HOST) };
  const hub = hubOf(parsed.data.hub, env);
  const tasks = parsed.data.tasks === '' ? '' : expandHome(parsed.data.tasks);
  return Object.freeze({ ...parsed.data, tasks, research, docker, hub, home: expandHome(parsed.data.home) });
}

/** The hub as set here, else as its own programs find it. */
function hubOf({ url, token }: Config['hub'], env: ConfigSources['env']): Config['hub'] {
  const address = url || env.HF_ENDPOINT || 'https://huggingface.co';
  return { url: address.replace(/\/+$/, ''), token: token || (env.HF_TOKEN ?? '').trim() };
}

/** Names of ours that are no settings: where the file lies, what jobs and evaluations are marked with, what tests and benches are told. */
const OTHER_NAMES = /^MLRB_(CONFIG|RUN_ID|JOB_ID|EVALUATION_START|TEST_\w+|BENCH_\w+)$/;

function refuseUnknownNames(env: ConfigSources['env'], settings: readonly Setting[]): void {
  const known = [...settings.map(setting => setting.env), 'MLRB_CONFIG'];
  const unknown = Object.keys(env).find(
    name => name.startsWith('MLRB_') && env[name] && !known.includes(name) && !OTHER_NAMES.test(name),
  );
  if (unknown !== undefined) throw new ConfigError(noSuchSetting(unknown, 'the environment', known));
}

function noSuchSetting(name: string, where: string, known: readonly string[]): string {
  const guess = nearest(name, known);
  const hint = guess === undefined ? '' : ` Did you mean ${guess}?`;
  return `There is no setting ${name.slice(0, 100)}, which ${where} has.${hint} Rename or remove it; ${HELP}`;
}

const HELP = '`mlrb help settings` lists all settings.';

/** A value as text, in the type of the setting; a text that is no number stays one, and is refused with the others. */
function fromText({ values }: Setting, value: string): string | number {
  const isNumeric =
    /^(number|integer)\b/.test(values) && value.trim() !== '' && Number.isFinite(Number(value));
  return isNumeric ? Number(value) : value;
}

/** The engine's socket as Docker's own programs find it. One on another host could not reach the files of a run. */
function socketOf(dockerHost = ''): string {
  return dockerHost.startsWith('unix://') ? dockerHost.slice('unix://'.length) : '/var/run/docker.sock';
}

/** The proxy as set here, else as other programs find it. */
function proxyOf(
  { proxy, no_proxy }: Config['research'],
  env: ConfigSources['env'],
): Pick<Config['research'], 'proxy' | 'no_proxy'> {
  if (proxy !== '') return { proxy, no_proxy };
  return {
    proxy: env.HTTPS_PROXY ?? env.https_proxy ?? '',
    no_proxy: no_proxy || (env.NO_PROXY ?? env.no_proxy ?? ''),
  };
}

function defaultFile(home: string): string | undefined {
  const path = join(home, 'config.json');
  return existsSync(path) ? path : undefined;
}

function expandHome(path: string): string {
  return resolve(path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path);
}

function readFile(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`The settings file ${path} cannot be read. Check the path or leave it out.`, {
      cause: error,
    });
  }
  if (text.trim() === '') return {};
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (error) {
    throw new ConfigError(`The settings file ${path} is not a JSON object. Mend it or delete it.`, {
      cause: error,
    });
  }
}

/** A section that nothing sets must still be there for the defaults of its fields to apply. */
function withSections(values: Record<string, unknown>): Record<string, unknown> {
  const sections = Object.entries(ConfigSchema.shape).filter(([, field]) => field instanceof z.ZodObject);
  return { ...Object.fromEntries(sections.map(([key]) => [key, {}])), ...values };
}

function put(target: Record<string, unknown>, path: readonly string[], value: string | number): void {
  const [head, ...rest] = path;
  if (head === undefined) return;
  if (rest.length === 0) {
    target[head] = value;
    return;
  }
  const child = z.record(z.string(), z.unknown()).safeParse(target[head] ?? {});
  const section = child.success ? child.data : {};
  target[head] = section;
  put(section, rest, value);
}

interface Sources {
  /** The flag or environment name that a value came from, by the path of its setting. */
  readonly origin: ReadonlyMap<string, string>;
  readonly file: string | undefined;
  readonly settings: readonly Setting[];
}

function explain(error: z.ZodError, { origin, file, settings }: Sources): string {
  const issue = error.issues[0];
  const path = issue?.path.join('.') ?? '';
  const inFile = file ?? 'the settings file';
  if (issue?.code === 'unrecognized_keys') {
    const known = settings.map(setting => setting.path.join('.'));
    return noSuchSetting([...issue.path, issue.keys[0]].join('.'), inFile, known);
  }
  const setting = settings.find(one => one.path.join('.') === path);
  const name = origin.get(path) ?? `${path} in ${inFile}`;
  const value = setting?.secret ? '' : asGiven(issue?.input);
  return `The setting ${name} is not right${value}: ${wanted(issue, setting)}. ${HELP}`;
}

/** The bounds of a number in one, and elsewhere what the check itself says. */
function wanted(issue: z.core.$ZodIssue | undefined, setting: Setting | undefined): string {
  if (setting === undefined) return 'it takes an object of settings';
  const [kind = ''] = setting.values.split(' ');
  if (kind === 'number') return `it takes a ${setting.values}`;
  if (kind === 'integer') return `it takes a whole ${setting.values.replace('integer', 'number')}`;
  return issue?.message ?? 'it takes another value';
}
