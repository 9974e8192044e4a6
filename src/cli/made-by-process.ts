import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError, errorCode, type KnownError, SandboxError } from '../errors.js';
import { withFileLock } from '../lib/file-lock.js';
import {
  isBeyondFailure,
  readSetup,
  type SetupFailure,
  type SetupFiles,
  type SetupSeen,
  writeAsked,
} from '../lib/python-setup-record.js';
import type { Logger } from '../logger.js';
import { shownStep } from './python-environment-here.js';

/** What is wrong with a host mostly shows within this time of an attempt: it is waited for, so that the first answer tells it. */
const FIRST_FAILURE_MS = 2000;
/** A busy host takes longer to start the process that makes the attempt. */
const PATIENCE_MS = 4000;
const LOOK_EVERY_MS = 50;
/** It is tried again after as long as the last attempt took, and at the latest after this. */
const LONGEST_PAUSE_MS = 60_000;
/** Another server that asks for it at the same moment does so for us. */
const ASK_WAIT_MS = 2000;

/** Something that takes minutes to make, once for all servers of a home folder. */
export interface MadeByProcess<T> {
  /** It, if it is there. */
  readonly find: () => Promise<T | undefined>;
  /** Where the process that makes it writes how far it is. */
  readonly files: () => Promise<SetupFiles>;
  /** Sees to it that there is room for the record. @throws ConfigError where there cannot be any. */
  readonly prepare: () => Promise<void>;
  /** Starts the process that makes it. */
  readonly start: () => Promise<void>;
  /** The sentence while it is being made. */
  readonly onItsWay: (step: string) => string;
  /** The sentence after a fault of ours. */
  readonly failed: string;
}

/**
 * Answers at once, as a server must that cannot show progress. Where the thing is missing, the question has it made by a process of its own, which outlives
 * this one; any later question, by whichever server, finds it on its way. What went wrong is told again until another attempt gets further.
 * @throws ConfigError that says what the host lacks, or SandboxError that says how far it is.
 */
export async function madeByProcess<T>(
  wanted: MadeByProcess<T>,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Logger },
): Promise<T> {
  const asked = Date.now();
  let hasBegun = false;
  for (;;) {
    const found = await wanted.find();
    if (found !== undefined) return found;
    const files = await wanted.files();
    const setup = await readSetup(files);
    const { failure } = setup;
    if (setup.state !== 'idle') {
      if (Date.now() >= answerAt(setup, asked)) throw onItsWay(setup, wanted);
    } else if (failure !== null && (hasBegun || !isDue(failure))) {
      log.error({ failure }, 'something that runs need could not be made');
      throw new ConfigError(failure.sentence ?? wanted.failed);
    } else {
      await begin(files, wanted);
      hasBegun = true;
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** Several servers may come here at once: one starts the process. */
async function begin(
  files: SetupFiles,
  { prepare, start }: Pick<MadeByProcess<unknown>, 'prepare' | 'start'>,
): Promise<void> {
  await prepare();
  try {
    await withFileLock(`${files.lock}.asked`, { waitMs: ASK_WAIT_MS }, async () => {
      if ((await readSetup(files)).state !== 'idle') return;
      writeAsked(files);
      await start();
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

function onItsWay(setup: SetupSeen, { onItsWay: say, failed }: MadeByProcess<unknown>): KnownError {
  const { failure, progress } = setup;
  if (failure !== null && !isBeyondFailure(setup)) {
    return new ConfigError(
      `${failure.sentence ?? failed} It is being tried again now: call again in a minute.`,
    );
  }
  return new SandboxError(say(progress === null ? 'starting' : shownStep(progress)));
}
