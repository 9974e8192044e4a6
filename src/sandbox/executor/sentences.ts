import { LimitError, SandboxError } from '../../errors.js';

/** What a call meets after the sandbox's end. */
export function sandboxHasEnded(): LimitError {
  return new LimitError(
    'This run is over: its sandbox has ended and takes no more calls. Call get_result for its outcome.',
  );
}

export function timeIsUp(): LimitError {
  return new LimitError(
    'The time of this run is up: nothing more can be done in its sandbox. Call get_result for its outcome.',
  );
}

/** One that lives but hangs is not replaced: that would end its jobs. */
export function deafExecutor(): SandboxError {
  return new SandboxError(
    'The executor of this run does not answer. Try again; if it stays so, tell the operator.',
  );
}

export function executorFailed(logFile: string, cause?: unknown): SandboxError {
  return new SandboxError(
    `The sandbox's executor did not start. Try again; the operator finds the reason in ${logFile}.`,
    { cause },
  );
}
