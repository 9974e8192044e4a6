import { orAbort, timeLimit } from '../lib/time-limit.js';
import { isOver, type Run } from '../runs/run.js';
import type { CallOptions, Sandbox, SandboxUsage } from '../sandbox/sandbox.js';
import { TracedSandbox } from '../sandbox/traced-sandbox.js';
import { settleRun } from '../tools/support/close-run.js';
import { runIsPaused } from '../tools/support/pause-run.js';
import { sandboxPlace, sandboxSpec, secondsLeft } from '../tools/support/sandbox-spec.js';
import type { Host } from '../tools/tool.js';

/** A client that gave up on a call is answered from then on within this share of the time it waited. */
const PATIENCE_SHARE = 0.6;
const MIN_PATIENCE_S = 1;
/** A status answer waits no longer than this for what the sandbox knows. */
const USAGE_PATIENCE_MS = 5000;
/** The executor acts on the deadline itself; the server looks a moment later. */
const AFTER_DEADLINE_MS = 500;
/** Longest delay that Node's timers take. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * One connection of one principal. Holds only what may be lost with the process: the connection to the sandbox, and how
 * long this client waits. What must survive is on disk.
 */
export class Session implements AsyncDisposable {
  readonly principal: string;
  readonly #host: Host;
  #open: { readonly runId: string; readonly sandbox: Sandbox } | undefined;
  #patienceS = Number.POSITIVE_INFINITY;
  #gaveUpAfterS: number | undefined;
  #deadlineTimer: NodeJS.Timeout | undefined;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(principal: string, host: Host) {
    this.principal = principal;
    this.#host = host;
  }

  /** The sandbox of a run that is on: one connection for all calls, made anew when it broke. */
  async sandbox(run: Run, signal: AbortSignal): Promise<Sandbox> {
    if (run.paused_at) throw runIsPaused();
    if (this.#open?.runId === run.run_id) return this.#open.sandbox;
    await this.closeSandbox();
    const spec = await sandboxSpec(run, this.#host);
    // Whether the time is up was settled before, by the sandbox's clock: where this one says so, it was changed.
    const sandbox = await this.#host.backend.attach(spec, Math.max(1, secondsLeft(run)), { signal });
    this.#open = { runId: run.run_id, sandbox };
    this.#watchDeadline(run);
    return sandbox;
  }

  /** Disposing waits for what was begun, also when its client is gone: a run must not be left halfway between two states. */
  async seeThrough<T>(begun: Promise<T>): Promise<T> {
    this.#underWay.add(begun);
    try {
      return await begun;
    } finally {
      this.#underWay.delete(begun);
    }
  }

  /** Hands in at the deadline while this server lives; otherwise the next process that meets the run does. */
  #watchDeadline(run: Run, left = secondsLeft(run)): void {
    clearTimeout(this.#deadlineTimer);
    const delay = Math.min(MAX_TIMER_MS, Math.max(0, left) * 1000 + AFTER_DEADLINE_MS);
    this.#deadlineTimer = setTimeout(() => {
      this.seeThrough(settleRun(run, this.#host))
        .then(async now => {
          if (isOver(now)) return;
          // It was paused meanwhile, or the host's clock was changed.
          const left = await this.#host.backend.timeLeft(sandboxPlace(now, this.#host));
          this.#watchDeadline(now, left ?? secondsLeft(now));
        })
        .catch(error =>
          this.#host.log.error({ error, run: run.run_id }, 'the run could not be closed at its deadline'),
        );
    }, delay).unref();
  }

  /** The same, with every call recorded in the run's trace under the tool call that made it. */
  async tracedSandbox(run: Run, call: string, signal: AbortSignal): Promise<Sandbox> {
    return new TracedSandbox(await this.sandbox(run, signal), this.#host.runs.trace(run.run_id), call);
  }

  /** What the run uses; undefined when its sandbox does not answer within a few seconds. */
  async usage(run: Run, { signal }: CallOptions): Promise<SandboxUsage | undefined> {
    using limit = timeLimit(USAGE_PATIENCE_MS, signal);
    try {
      const sandbox = await orAbort(this.sandbox(run, limit.signal), limit.signal);
      return await sandbox.usage({ signal: limit.signal });
    } catch (error) {
      this.#host.log.debug({ error, run: run.run_id }, 'no usage of the sandbox');
      return undefined;
    }
  }

  /** What its sandbox told with an answer within the last `ms` milliseconds; undefined where it did not. */
  usageTold(run: Run, ms: number): SandboxUsage | undefined {
    return this.#open?.runId === run.run_id ? this.#open.sandbox.usageTold(ms) : undefined;
  }

  /** Forgets a connection that broke, so that the next call makes a new one. */
  async closeSandbox(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.sandbox[Symbol.asyncDispose]();
  }

  /** Longest wait of one call, seconds. */
  get patienceS(): number {
    return this.#patienceS;
  }

  /** The client gave up on a call after so many seconds: shorter waits from now on. */
  gaveUp(afterS: number): void {
    this.#patienceS = Math.max(MIN_PATIENCE_S, Math.min(this.#patienceS, afterS * PATIENCE_SHARE));
    this.#gaveUpAfterS = afterS;
  }

  /** Told once, with the next answer. */
  takeNotice(runningJobs: readonly string[]): string | undefined {
    if (this.#gaveUpAfterS === undefined) return undefined;
    const after = Math.round(this.#gaveUpAfterS);
    this.#gaveUpAfterS = undefined;
    const jobs =
      runningJobs.length === 0
        ? ''
        : ` What it started goes on: ${runningJobs.join(', ')}; call job_wait instead of starting it again.`;
    return `Your client gave up on an earlier call after ${after} s.${jobs} Calls are answered sooner from now on.`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#deadlineTimer);
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    clearTimeout(this.#deadlineTimer);
    await this.closeSandbox();
  }
}
