/** A signal with an owner: it must be disposed when the work is done, so that no timer and no listener stays behind. */
export interface TimeLimit extends Disposable {
  readonly signal: AbortSignal;
}

/** Aborts `ms` from now with a `TimeoutError`, or with one of `signals`. */
export function timeLimit(ms: number, ...signals: readonly AbortSignal[]): TimeLimit {
  const controller = new AbortController();
  const abort = (event: Event) => {
    if (event.target instanceof AbortSignal) controller.abort(event.target.reason);
  };
  const timer = setTimeout(
    () => controller.abort(new DOMException('The time is up.', 'TimeoutError')),
    Math.max(0, ms),
  );
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  }
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', abort);
    },
  };
}

/** Whether an error says that a time limit was reached. */
export function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}

/** The promise's result, or the signal's reason if that comes first. The promise itself goes on. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
