import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config.js';
import { ConfigError, errorCode, type KnownError, SandboxError } from '../errors.js';
import { withFileLock } from '../lib/file-lock.js';
import { findPythonEnvironment, makeWritable } from '../lib/python-environment.js';
import {
  isBeyondFailure,
  readSetup,
  type SetupFailure,
  type SetupFiles,
  type SetupSeen,
  setupFiles,
  writeAsked,
} from '../lib/python-setup-record.js';
import type { Logger } from '../logger.js';
import { evaluationPython } from './evaluation-python.js';
import { shownStep } from './python-environment-here.js';
import { startSetupProcess } from './setup-process.js';

/** What is wrong with a host mostly shows within this time of an attempt: it is waited for, so that the first answer tells it. */
const FIRST_FAILURE_MS = 2000;
/** A busy host takes longer to start the process that makes the attempt. */
const PATIENCE_MS = 4000;
const LOOK_EVERY_MS = 50;
/** It is tried again after as long as the last attempt took, and at the latest after this. */
const LONGEST_PAUSE_MS = 60_000;
/** Another server that asks for it at the same moment does so for us. */
const ASK_WAIT_MS = 2000;

/** The interpreter for a server, which must answer at once and cannot show progress. */
export interface ServerPython {
  /** @throws ConfigError that says what the host lacks, or SandboxError that says how far it is. */
  readonly checkReady: () => Promise<void>;
  /** Path of the interpreter. @throws as `checkReady`. */
  readonly path: () => Promise<string>;
}

/**
 * Where the environment is missing, a question has it made by a process of its own, which outlives this one; any later question,
 * by whichever server, finds it on its way. What went wrong is told again until another attempt gets further.
 */
export function serverPython(
  config: Config,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Logger },
): ServerPython {
  const spec = evaluationPython(config);
  const path = async () => {
    const asked = Date.now();
    let hasBegun = false;
    for (;;) {
      const found = await findPythonEnvironment(spec);
      if (found !== undefined) return found.python;
      const files = await setupFiles(spec);
      const setup = await readSetup(files);
      const { failure } = setup;
      if (setup.state !== 'idle') {
        if (Date.now() >= answerAt(setup, asked)) throw onItsWay(setup);
      } else if (failure !== null && (hasBegun || !isDue(failure))) {
        log.error({ failure }, 'the Python environment could not be made');
        throw new ConfigError(sentenceOf(failure));
      } else {
        await begin(files, config);
        hasBegun = true;
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal });
    }
  };
  return { checkReady: async () => void (await path()), path };
}

/** Several servers may come here at once: one starts the process. */
async function begin(files: SetupFiles, config: Config): Promise<void> {
  await makeWritable(join(config.home, 'python'));
  try {
    await withFileLock(`${files.lock}.asked`, { waitMs: ASK_WAIT_MS }, async () => {
      if ((await readSetup(files)).state !== 'idle') return;
      writeAsked(files);
      await startSetupProcess(config);
    });
  } catch (error) {
    if (errorCode(error) !== 'ELOCKED') throw error;
  }
}

function answerAt({ state, since }: SetupSeen, asked: number): number {
  const latest = asked + PATIENCE_MS;
  return state === 'making' ? Math.min(latest, since + FIRST_FAILURE_MS) : latest;
}

function isDue({ at, took_ms }: SetupFailure): boolean {
  return Date.now() - Date.parse(at) >= Math.min(took_ms, LONGEST_PAUSE_MS);
}

function onItsWay(setup: SetupSeen): KnownError {
  const { failure, progress } = setup;
  if (failure !== null && !isBeyondFailure(setup)) {
    return new ConfigError(`${sentenceOf(failure)} It is being tried again now: call again in a minute.`);
  }
  const step = progress === null ? 'starting' : shownStep(progress);
  return new SandboxError(
    `The Python environment is being made, once: ${step}. Try again in a minute; \`mlrb setup\` makes it beforehand.`,
  );
}

function sentenceOf({ sentence }: SetupFailure): string {
  return sentence ?? 'The Python environment could not be made. The operator should run `mlrb setup`.';
}
