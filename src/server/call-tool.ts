import type { CallToolResult } from '@modelcontextprotocol/server';
import type { Config } from '../config.js';
import {
  ConfigError,
  InputError,
  isKnownError,
  type KnownError,
  LimitError,
  SandboxError,
} from '../errors.js';
import { randomHex } from '../lib/random-hex.js';
import { unknownName } from '../lib/suggest.js';
import { isOver, type Run, stateNow } from '../runs/run.js';
import { settleRun, timeIsUp } from '../tools/support/close-run.js';
import { runIsPaused } from '../tools/support/pause-run.js';
import { secondsLeft } from '../tools/support/sandbox-spec.js';
import { MAX_WAIT_S } from '../tools/support/wait.js';
import type { ContextProvider, Host, Tool, ToolContext, ToolResult } from '../tools/tool.js';
import { tools } from '../tools/tools.js';
import {
  type ExplainedError,
  explainError,
  type Surroundings,
  toCallToolResult,
  toErrorResult,
} from './answer.js';
import type { Session } from './session.js';

/** One call as it came in. */
export interface ToolCall {
  readonly name: string;
  readonly input: unknown;
  /** Aborts when the client gives up on the call or goes away. */
  readonly signal: AbortSignal;
  readonly progress: (message: string) => void;
  readonly client: string | null;
  readonly protocol: string | null;
}

/** The path of every call: find the tool, record the call, see to the deadline, handle it, record and word the answer. */
export async function callTool(
  call: ToolCall,
  session: Session,
  host: Host,
  config: Config,
): Promise<CallToolResult> {
  const began = performance.now();
  const id = `call_${randomHex(12)}`;
  const attempt = new Attempt(id, call, session, host, config);
  const onAbort = () => session.gaveUp((performance.now() - began) / 1000);
  call.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const outcome = await attempt.run();
    await attempt.recordAnswer(outcome, performance.now() - began);
    const around = await attempt.surroundings();
    return 'result' in outcome
      ? toCallToolResult(outcome.result, around)
      : toErrorResult(outcome.error.sentence, around);
  } finally {
    call.signal.removeEventListener('abort', onAbort); // some clients cancel calls that are finished
  }
}

/** The sandbox tells what a run uses with each of its answers: one that came so lately need not be asked for again. */
const JUST_TOLD_MS = 100;

type Outcome = { readonly result: ToolResult } | { readonly error: ExplainedError };

/** One call on its way. */
class Attempt {
  readonly #id: string;
  readonly #call: ToolCall;
  readonly #session: Session;
  readonly #host: Host;
  readonly #config: Config;
  /** The run as it was when the call came in, its deadline and an unfinished hand-in seen to. */
  #run: Run | undefined;
  #recorded = false;
  /** Why the current run cannot be read. */
  #runFault: KnownError | undefined;
  /** Told with the answer when the run ended during the call. */
  #ending: string | undefined;

  constructor(id: string, call: ToolCall, session: Session, host: Host, config: Config) {
    this.#id = id;
    this.#call = call;
    this.#session = session;
    this.#host = host;
    this.#config = config;
  }

  async run(): Promise<Outcome> {
    const tool = tools.find(({ name }) => name === this.#call.name);
    try {
      if (tool === undefined)
        throw new InputError(
          unknownName(
            'tool',
            this.#call.name,
            tools.map(({ name }) => name),
          ),
        );
      await this.#readRun();
      const isAboutLastRun = tool.needs !== 'nothing' || (this.#run !== undefined && !isOver(this.#run));
      if (isAboutLastRun) await this.#recordCall();
      const result = await this.#handle(tool);
      await this.#noticeDeadline();
      return { result };
    } catch (error) {
      if (this.#call.signal.aborted && error === this.#call.signal.reason) return { error: givenUp() };
      const explained = explainError(await this.#seenFromTheRun(error), Object.keys(tool?.input.shape ?? {}));
      if (explained.kind === 'internal')
        this.#host.log.error({ call: this.#id, detail: explained.detail }, 'a call failed inside the server');
      return { error: explained };
    }
  }

  async #readRun(): Promise<void> {
    const run = await this.#currentRun();
    if (run === undefined) return;
    this.#run = await settleRun(run, this.#host);
    if (isOver(this.#run)) await this.#session.closeSandbox();
  }

  /** A record that was damaged by hand is the fault of calls that need the run; the others go on without it. */
  async #currentRun(): Promise<Run | undefined> {
    try {
      return await this.#host.runs.current(this.#session.principal);
    } catch (error) {
      if (!isKnownError(error)) throw error;
      this.#runFault = lostRun(error);
      return undefined;
    }
  }

  async #handle(tool: Tool): Promise<ToolResult> {
    try {
      return await tool.call(this.#call.input, this.#contexts());
    } catch (error) {
      if (!(error instanceof SandboxError)) throw error;
      await this.#session.closeSandbox(); // the next call connects anew
      throw (await this.#currentRun())?.paused_at ? runIsPaused() : error;
    }
  }

  /** A call that came back because the time ran out still answers with what it has, and says so. */
  async #noticeDeadline(): Promise<void> {
    if (this.#run?.state !== 'running' || secondsLeft(this.#run) > 0) return;
    this.#run = await settleRun(this.#run, this.#host);
    if (!isOver(this.#run)) return;
    await this.#session.closeSandbox();
    this.#ending = overAlready(this.#run).message;
  }

  /** Whatever went wrong while the time ran out went wrong because of it. */
  async #seenFromTheRun(error: unknown): Promise<unknown> {
    if (this.#run?.state !== 'running') return error;
    if (secondsLeft(this.#run) > 0 && !(error instanceof LimitError)) return error;
    try {
      this.#run = await settleRun(this.#run, this.#host, { trust: 'the sandbox' });
    } catch (failure) {
      return failure; // it could not be closed: the next call tries again
    }
    if (!isOver(this.#run)) return error;
    await this.#session.closeSandbox();
    return overAlready(this.#run);
  }

  #contexts(): ContextProvider {
    return {
      nothing: async () => this.#context(),
      run: async () => this.#withRun(),
      sandbox: async () => {
        const context = this.#withRun();
        if (isOver(context.run)) throw overAlready(context.run);
        return {
          ...context,
          sandbox: await this.#session.tracedSandbox(context.run, this.#id, this.#call.signal),
        };
      },
    };
  }

  #context(): ToolContext {
    const waitS = Math.min(MAX_WAIT_S, this.#session.patienceS);
    return {
      ...this.#host,
      callId: this.#id,
      principal: this.#session.principal,
      signal: this.#call.signal,
      limits: {
        waitS,
        defaultWaitS: Math.min(this.#config.jobs.wait_s, waitS),
        outputChars: this.#config.jobs.output_chars,
      },
      progress: this.#call.progress,
    };
  }

  #withRun() {
    if (this.#runFault !== undefined) throw this.#runFault;
    const run = this.#run;
    if (run === undefined || run.state === 'created') {
      throw new InputError(
        'No run has been started. Call list_tasks to see what is asked, then start_run with a task_id.',
      );
    }
    return { ...this.#context(), run, usage: () => this.#session.usage(run, { signal: this.#call.signal }) };
  }

  async #recordCall(): Promise<void> {
    if (this.#run === undefined) return;
    this.#recorded = true;
    await this.#host.runs.trace(this.#run.run_id).append({
      type: 'tool_call',
      call: this.#id,
      tool: this.#call.name,
      input: this.#call.input ?? null,
      client: this.#call.client,
      protocol: this.#call.protocol,
    });
  }

  /** A call that began a run is recorded in that run. An answer that cannot be recorded is given all the same. */
  async recordAnswer(outcome: Outcome, durationMs: number): Promise<void> {
    try {
      if (!this.#recorded) this.#run = await this.#host.runs.current(this.#session.principal);
      if (this.#run === undefined || (!this.#recorded && isOver(this.#run))) return;
      if (!this.#recorded) await this.#recordCall();
      await this.#host.runs.trace(this.#run.run_id).append({
        type: 'tool_answer',
        call: this.#id,
        tool: this.#call.name,
        ok: 'result' in outcome,
        text: 'result' in outcome ? outcome.result.text : outcome.error.sentence,
        error: 'error' in outcome ? outcome.error.kind : null,
        detail: 'error' in outcome ? outcome.error.detail : null,
        duration_ms: Math.round(durationMs * 1000) / 1000,
      });
    } catch (error) {
      this.#host.log.error({ error, call: this.#id }, 'an answer could not be recorded');
    }
  }

  /** Time left and running jobs, for every answer while a run is on. */
  async surroundings(): Promise<Surroundings> {
    const run = await this.#host.runs.current(this.#session.principal).catch(() => undefined);
    if (run?.state !== 'running' || isOver(run)) return noticeOnly(this.#notice([]));
    const usage =
      this.#session.usageTold(run, JUST_TOLD_MS) ??
      (await this.#session.usage(run, { signal: AbortSignal.timeout(2000) }));
    const running = usage?.running_jobs.map(({ job_id }) => job_id) ?? [];
    return {
      time_left_s: Math.max(0, Math.round(usage?.seconds_left ?? secondsLeft(run))),
      ...(running.length === 0 ? {} : { running_jobs: running }),
      ...noticeOnly(this.#notice(running)),
    };
  }

  /** The answer to a call that the client gave up on reaches nobody, so it takes no notice away. */
  #notice(running: readonly string[]): string | undefined {
    if (this.#call.signal.aborted) return undefined;
    return this.#ending ?? this.#session.takeNotice(running);
  }
}

/** The reason is for the operator; what a contestant can do stands behind it. */
function lostRun(error: KnownError): KnownError {
  return new ConfigError(
    `Your run cannot go on. ${error.message} Tell the operator, or call start_run to begin another.`,
    { cause: error },
  );
}

/** It waited for nobody any more: no fault, and no answer that anyone gets. */
function givenUp(): ExplainedError {
  const sentence = 'The client gave up on this call, or has gone. What the call had started goes on.';
  return { sentence, kind: 'given_up', detail: null };
}

function noticeOnly(notice: string | undefined): Surroundings {
  return notice === undefined ? {} : { notice };
}

function overAlready(run: Run): InputError | LimitError {
  if (run.state === 'expired' || run.submission?.at_deadline === true) return timeIsUp(run);
  return new InputError(
    `Run ${run.run_id} is over (${stateNow(run)}). Call get_result for its outcome, or start_run to begin another.`,
  );
}
