import { readFile } from 'node:fs/promises';
import { ConfigError } from '../errors.js';
import type { Finding } from '../runs/outcome.js';
import type { WriteFault } from '../sandbox/docker/watch-writes.js';
import { type MessageOf, ScorerMessage } from './scorer-message.js';
import {
  type ScorerEnd,
  type StartScorer,
  type StartScorerOptions,
  startLocalScorer,
} from './scorer-process.js';
import type { ScorerRequest } from './scorer-request.js';

export interface ScorerOptions extends StartScorerOptions {
  /** How the scorer is started; as a process of this host where absent. */
  readonly start?: StartScorer | undefined;
}

/** What the scorer said, by kind; a message that never came is absent. */
export type ScorerAnswer = { readonly [T in ScorerMessage['type']]?: MessageOf<T> };

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
  if (ended.writeFault) throw new ConfigError(whyNotWritten(ended.writeFault, options));
  if (answer.fault !== undefined) throw new ConfigError(answer.fault.message);
  if (answer.finding !== undefined || (answer.result !== undefined && ended.exitCode === 0)) return answer;
  const isKilledByKernel = ended.isOutOfMemory ?? (await countKernelKills()) > kernelKills;
  return { ...answer, finding: { type: 'finding', ...whyEnded(conversation, isKilledByKernel, options) } };
}

/** No model needs what a scorer writes: who does has taken it over, or the disk is small. */
function whyNotWritten(fault: WriteFault, { logPath }: ScorerOptions): string {
  if (fault === 'disk_nearly_full')
    return 'Scoring was stopped because the disk is nearly full. Free some space and evaluate again.';
  const what = fault === 'too_much' ? 'more than scoring needs' : 'what is no file of rows';
  return `Scoring was stopped because it wrote ${what}: the submission may have taken the scorer over. Look at it and at the log ${logPath} before you evaluate again.`;
}

interface Conversation {
  readonly ended: ScorerEnd;
  readonly answer: ScorerAnswer;
  readonly isOutOfTime: boolean;
}

async function talk(request: ScorerRequest, options: ScorerOptions): Promise<Conversation> {
  const { start = startLocalScorer } = options;
  const scorer = await start(request, options);
  const timeLimit = AbortSignal.timeout(options.timeLimitS * 1000);
  const stop = AbortSignal.any([options.signal, timeLimit]);
  stop.addEventListener('abort', scorer.kill, { once: true });
  if (stop.aborted) scorer.kill();
  try {
    const answer = await listen(scorer.lines, options.onProgress);
    return { ended: await scorer.ended, answer, isOutOfTime: timeLimit.aborted };
  } finally {
    stop.removeEventListener('abort', scorer.kill);
    scorer.kill(); // after its end: whatever it may have left
  }
}

/** Reads messages until the process closes the line. */
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
