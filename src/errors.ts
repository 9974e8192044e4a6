/**
 * Four kinds of error, by who must act. Their messages are sentences of ours and may reach a contestant;
 * the message of any other error never does.
 */

/** The caller can fix it: a wrong argument, a missing file, a call at the wrong time. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** A limit of the run was reached: time, disk, output. Says which limit and what is left to do. */
export class LimitError extends Error {
  override readonly name = 'LimitError';
}

/** The sandbox or its executor failed. Trying again may help. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
}

/** The operator must act: a missing program, a wrong setting, a full disk. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export type KnownError = InputError | LimitError | SandboxError | ConfigError;

/** Whether the error's message is a sentence of ours, fit to be shown. */
export function isKnownError(error: unknown): error is KnownError {
  return (
    error instanceof InputError ||
    error instanceof LimitError ||
    error instanceof SandboxError ||
    error instanceof ConfigError
  );
}

/** The `code` of a Node system error (`ENOENT`, `ENOSPC`, …), if it has one. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Whether the disk, or what this user may take of it, is full. */
export function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '');
}

/** Whether this user may not use the file or folder, or it is of a kind that cannot be written. */
export function isNotWritable(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR'].includes(errorCode(error) ?? '');
}
