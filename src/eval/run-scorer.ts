import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ConfigError } from '../errors.js';
import { signalGroup } from '../lib/process-group.js';
import type { Finding } from '../runs/outcome.js';
import type { Evaluation } from '../runs/score.js';
import { type MessageOf, ScorerMessage } from './scorer-message.js';

/** What the scorer is asked to do; the names are those that `docker/eval/score.py` reads. */
export interface ScorerRequest {
  readonly model_folder: string;
  readonly architecture: 'causal' | 'seq2seq';
  /** Rows of each subtask. */
  readonly rows: number;
  readonly blimp_folder: string;
  readonly text_path: string | null;
  /** A fresh folder of its own; everything that is written lies below it. */
  readonly scratch: string;
  readonly rows_path: string;
  readonly device: string;
  readonly batch_size: number;
  readonly memory_bytes: number;
  readonly seed: number;
}

export interface ScorerOptions {
  readonly signal: AbortSignal;
  readonly python: string;
  readonly script: string;
  /** Takes what the libraries say, for the operator. */
  readonly logPath: string;
  readonly timeLimitS: number;
  readonly onProgress: (progress: Evaluation['progress']) => void;
}

/** What the scorer said, by kind; a message that never came is absent. */
export type ScorerAnswer = { readonly [T in ScorerMessage['type']]?: MessageOf<T> };

/** Largest file that scoring may write. */
const FILE_BYTES = 4e9;
/** Before the step after this one nothing of the submission has been read: what goes wrong is ours. */
const FIRST_STEP = 'starting';

/**
 * Scores one submission in a process of its own: own group, clean environment, limits. Whatever the submission does to it ends as a
 * `finding` in the answer. On abort the whole group is killed and the signal's reason thrown.
 * @throws ConfigError for faults that the operator must mend.
 */
export async function runScorer(request: ScorerRequest, options: ScorerOptions): Promise<ScorerAnswer> {
  options.signal.throwIfAborted();
  const kernelKills = await countKernelKills();
  const conversation = await talk(request, options);
  options.signal.throwIfAborted();
  const { ended, answer } = conversation;
  if (answer.fault !== undefined) throw new ConfigError(answer.fault.message);
  if (answer.finding !== undefined || (answer.result !== undefined && ended.exitCode === 0)) return answer;
  const isKilledByKernel = (await countKernelKills()) > kernelKills;
  return { ...answer, finding: { type: 'finding', ...whyEnded(conversation, isKilledByKernel, options) } };
}

interface Conversation {
  readonly ended: {
    readonly exitCode?: number | undefined;
    readonly signal?: string | undefined;
    readonly code?: string | undefined;
  };
  readonly answer: ScorerAnswer;
  readonly isOutOfTime: boolean;
}

async function talk(request: ScorerRequest, options: ScorerOptions): Promise<Conversation> {
  await mkdir(join(request.scratch, 'tmp'), { recursive: true });
  const child = execa(options.python, ['-I', '-B', '-u', options.script], {
    cwd: request.scratch,
    env: scorerEnvironment(request),
    extendEnv: false,
    detached: true,
    reject: false,
    buffer: false,
    stdio: ['pipe', 'ignore', { file: options.logPath }, 'pipe'],
  });
  const killGroup = () => child.pid !== undefined && signalGroup(child.pid, 'SIGKILL');
  const timeLimit = AbortSignal.timeout(options.timeLimitS * 1000);
  const stop = AbortSignal.any([options.signal, timeLimit]);
  stop.addEventListener('abort', killGroup, { once: true });
  try {
    child.stdin.on('error', () => undefined); // it ended before it read the request: its exit says why
    child.stdin.write(`${JSON.stringify({ ...request, file_bytes: FILE_BYTES })}\n`);
    const answer = await listen(child.iterable({ from: 'fd3' }), options.onProgress);
    return { ended: await child, answer, isOutOfTime: timeLimit.aborted };
  } finally {
    stop.removeEventListener('abort', killGroup);
    killGroup(); // after its end: whatever it may have left
  }
}

/** Reads messages until the process closes the line. Standard input stays open meanwhile: its end would end the scorer. */
async function listen(
  lines: AsyncIterable<unknown>,
  onProgress: ScorerOptions['onProgress'],
): Promise<ScorerAnswer> {
  let answer: ScorerAnswer = {};
  for await (const line of lines) {
    const message = ScorerMessage.parse(JSON.parse(String(line)));
    if (message.type === 'progress')
      onProgress({ step: message.step, done: message.done, total: message.total });
    answer = { ...answer, [message.type]: message };
  }
  return answer;
}

/** No variable of ours is passed on: no key, no proxy, no path but the system's own. */
function scorerEnvironment({ scratch, device }: ScorerRequest): Record<string, string> {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    HOME: scratch,
    TMPDIR: join(scratch, 'tmp'),
    HF_HOME: join(scratch, 'hf'),
    HF_HUB_OFFLINE: '1',
    HF_DATASETS_OFFLINE: '1',
    TRANSFORMERS_OFFLINE: '1',
    HF_HUB_DISABLE_TELEMETRY: '1',
    TQDM_DISABLE: '1',
    OMP_WAIT_POLICY: 'PASSIVE',
    MALLOC_ARENA_MAX: '4', // on many cores the arenas alone would fill the address space
    ...(device === 'cpu' ? { CUDA_VISIBLE_DEVICES: '' } : {}),
  };
}

/** How often the kernel has ended a process for want of memory; 0 where it does not say. */
async function countKernelKills(): Promise<number> {
  const counters = await readFile('/proc/vmstat', 'utf8').catch(() => '');
  return Number(/^oom_kill (\d+)$/m.exec(counters)?.[1] ?? 0);
}

const CRASHES = ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGABRT', 'SIGTRAP', 'SIGSYS'];
const SMALLER = 'Hand in a smaller model.';

/** The scorer ended without a result: the submission's fault as a finding, ours as an error. */
function whyEnded(
  { ended, answer, isOutOfTime }: Conversation,
  isKilledByKernel: boolean,
  options: ScorerOptions,
): Pick<Finding, 'rule' | 'message'> {
  const seesModel = answer.libraries !== undefined && answer.progress?.step !== FIRST_STEP;
  if (seesModel && isOutOfTime) {
    const minutes = Number((options.timeLimitS / 60).toFixed(1));
    return {
      rule: 'resources',
      message: `Scoring took longer than the limit of ${minutes} min and was stopped. ${SMALLER}`,
    };
  }
  if (seesModel && ended.signal === 'SIGKILL' && isKilledByKernel) {
    return { rule: 'resources', message: `Scoring ran out of memory, and the system ended it. ${SMALLER}` };
  }
  if (seesModel && CRASHES.includes(ended.signal ?? '')) {
    return {
      rule: 'loads',
      message:
        'The model crashes the libraries that load and run it. Check in a fresh process that it loads and that it runs on a few tokens.',
    };
  }
  throw faultOf({ ended, isOutOfTime }, options);
}

function faultOf(
  { ended, isOutOfTime }: Pick<Conversation, 'ended' | 'isOutOfTime'>,
  { python, logPath, timeLimitS }: ScorerOptions,
): ConfigError {
  if (ended.code === 'ENOENT' || ended.code === 'EACCES')
    return new ConfigError(`The Python interpreter ${python} cannot be started. Run \`mlrb setup\`.`);
  if (isOutOfTime)
    return new ConfigError(
      `Scoring did not begin within ${timeLimitS} s: the machine is overloaded, or evaluation.time_limit_min is too low. Evaluate again.`,
    );
  const how =
    ended.signal === undefined
      ? `stopped with exit code ${ended.exitCode}`
      : `was ended from outside by ${ended.signal}`;
  return new ConfigError(
    `The scoring process ${how}. Its log is ${logPath}. If the log names no cause, run \`mlrb setup\` and evaluate again.`,
  );
}
