import { z } from 'zod';
import type { Logger } from '../logger.js';
import type { Run } from '../runs/run.js';
import type { RunStore } from '../runs/run-store.js';
import type { Sandbox, SandboxBackend, SandboxUsage } from '../sandbox/sandbox.js';
import type { TaskFolder } from '../tasks/task.js';
import type { Research } from './research.js';

/** Asks for the evaluation of a submitted run and returns once it is under way; the evaluation goes on by itself. */
export type StartEvaluation = (runId: string) => Promise<void>;

/** What a run that is about to begin will hold. */
export interface WantedRun {
  readonly principal: string;
  readonly gpus: number;
}

/** What the tools act on. The same for all calls of a server. */
export interface Host {
  /** All that are known: a run may be of any of them. */
  readonly tasks: readonly TaskFolder[];
  /** Those that a contestant is shown and may begin. */
  readonly offered: readonly TaskFolder[];
  readonly runs: RunStore;
  readonly backend: SandboxBackend;
  readonly startEvaluation: StartEvaluation;
  /** Resolves if a run can be started now. @throws ConfigError or SandboxError that says what is missing or when to try again. */
  readonly checkReady: (wanted: WantedRun) => Promise<void>;
  /**
   * Absolute path of the folder with a task's training data; null where the task has none.
   * @throws ConfigError or SandboxError that says what is missing or when to try again.
   */
  readonly trainingData: (task: TaskFolder) => Promise<string | null>;
  /** What looks up papers and code, loaded on first use. */
  readonly research: () => Promise<Research>;
  readonly log: Logger;
}

/** What every tool can use. */
export interface ToolContext extends Host {
  /** Names this call in the trace. */
  readonly callId: string;
  readonly principal: string;
  /** Aborts when the client gave up on this call. Jobs never hang on it. */
  readonly signal: AbortSignal;
  readonly limits: CallLimits;
  /** Tells a client that asked for progress what is going on. */
  readonly progress: (message: string) => void;
}

/** How much one call may wait and answer. */
export interface CallLimits {
  /** Longest wait, seconds. Shorter than the setting for a client that gave up on an earlier call. */
  readonly waitS: number;
  /** Wait where the contestant names none, seconds. */
  readonly defaultWaitS: number;
  readonly outputChars: number;
}

/** A tool that acts on a run, which may be over. */
export interface RunToolContext extends ToolContext {
  readonly run: Run;
  /** What the run uses right now; undefined when its sandbox is gone. */
  readonly usage: () => Promise<SandboxUsage | undefined>;
}

/** A tool that acts in the sandbox of a run that is on. */
export interface SandboxToolContext extends RunToolContext {
  readonly sandbox: Sandbox;
}

interface ContextByNeed {
  readonly nothing: ToolContext;
  readonly run: RunToolContext;
  readonly sandbox: SandboxToolContext;
}
/** What must be there before a tool can be called. */
export type Need = keyof ContextByNeed;
/** Makes the context that a tool needs, or throws the sentence that says why it cannot be had. */
export type ContextProvider = { readonly [N in Need]: () => Promise<ContextByNeed[N]> };

/** What a tool answers: the same content once as text and once as data, each complete on its own. */
export interface ToolResult {
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export const TOOL_GROUPS = ['run', 'work', 'jobs', 'mind', 'papers', 'github'] as const;

/**
 * What a call does; MCP's hints are computed from this one word. `writes` and `repeatable` only add, `replaces` and `destroys`
 * may take away what was there; to repeat what is `repeatable` or `replaces` changes nothing more.
 */
export type Effect = 'reads' | 'writes' | 'repeatable' | 'replaces' | 'destroys';

interface ToolFacts {
  readonly name: string;
  readonly title: string;
  readonly group: (typeof TOOL_GROUPS)[number];
  readonly description: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  readonly effect: Effect;
  /** Whether it reaches the world outside the sandbox. */
  readonly external?: boolean;
  /** Clients that hide tools behind a search show this one at once. */
  readonly essential?: boolean;
  readonly needs: Need;
}

export interface ToolDefinition<Input extends z.ZodObject, N extends Need> extends ToolFacts {
  readonly input: Input;
  readonly needs: N;
  handle(input: z.output<Input>, context: ContextByNeed[N]): Promise<ToolResult>;
}

/** A tool with its input type sealed inside, so that a plain list can hold them all. */
export interface Tool extends ToolFacts {
  /** @throws z.ZodError if the input is not as the schema says; otherwise what the handler or the provider throws. */
  call(input: unknown, contexts: ContextProvider): Promise<ToolResult>;
}

export function defineTool<Input extends z.ZodObject, N extends Need>(
  definition: ToolDefinition<Input, N>,
): Tool {
  const { handle, ...facts } = definition;
  return {
    ...facts,
    async call(input, contexts) {
      const parsed = definition.input.parse(input, { reportInput: true });
      return handle(parsed, await contexts[definition.needs]());
    },
  };
}

/** Fields that every answer may carry besides its own. */
export const CommonOutput = z.object({
  time_left_s: z.number().optional().describe('seconds until the deadline of the run'),
  running_jobs: z.array(z.string()).optional().describe('jobs that still run, by id'),
  notice: z.string().optional().describe('something that happened outside this call'),
  next: z.string().optional().describe('what to call next'),
});
