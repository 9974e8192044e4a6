import { join } from 'node:path';
import { loadConfig } from '../../src/config.js';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { createLogger } from '../../src/logger.js';
import type { TraceEvent } from '../../src/runs/trace.js';
import type { Research } from '../../src/tools/research.js';
import { createResearch } from '../../src/tools/research.js';
import type { Pace } from '../../src/tools/support/http/host-gate.js';
import { type InProcess, inProcess } from './in-process.js';

/** As fast as a test can go. */
export const FAST: Pace = { requests: 1000, windowMs: 1000, concurrent: 16 };
export const FAST_PACES = { semantic_scholar: FAST, arxiv: FAST, openalex: FAST, github: FAST, pdf: FAST };

export interface ResearchSettings {
  readonly home: string;
  /** Where the papers' services are. */
  readonly papers: string;
  readonly github: string;
  readonly flags?: Readonly<Record<string, string>>;
}

/** The clients, asking local services. */
export function makeResearch({ home, papers, github, flags = {} }: ResearchSettings): Research {
  const config = loadConfig({
    flags: {
      home,
      'research-semantic-scholar-url': papers,
      'research-arxiv-api-url': papers,
      'research-arxiv-url': papers,
      'research-openalex-url': papers,
      'research-github-url': github,
      ...flags,
    },
    env: {},
  });
  const packageData = join(PACKAGE_ROOT, 'data');
  return createResearch({
    config,
    log: createLogger('silent'),
    version: 'test',
    packageData,
    evaluationTexts: async () => null,
    paces: FAST_PACES,
  });
}

export interface Researcher extends AsyncDisposable {
  readonly me: InProcess;
  readonly workspace: string;
  /** A call that must go well. */
  ok(tool: string, input: Record<string, unknown>): Promise<{ text: string; data: Record<string, unknown> }>;
  /** The sentence of a call that must be refused. */
  refused(tool: string, input: Record<string, unknown>): Promise<string>;
  /** What the trace says of requests. */
  requests(): Promise<Extract<TraceEvent, { type: 'request' }>[]>;
}

/** A contestant whose run is on, whose server asks local services, with a wait of `waitS` for each call. */
export async function startResearcher(settings: ResearchSettings, waitS = 20): Promise<Researcher> {
  const research = makeResearch(settings);
  const me = await inProcess(
    settings.home,
    {},
    { research: async () => research },
    { 'jobs-wait-s': String(waitS) },
  );
  const { data } = await me.call('start_run', { task_id: 'mini_baby_lm' });
  return {
    me,
    workspace: String(data.workspace),
    async ok(tool, input) {
      const seen = await me.call(tool, input);
      if (seen.isError) throw new Error(`${tool} answered with an error: ${seen.text}`);
      return seen;
    },
    async refused(tool, input) {
      const seen = await me.call(tool, input);
      if (!seen.isError) throw new Error(`${tool} was not refused: ${seen.text}`);
      return seen.text;
    },
    async requests() {
      const { events } = await me.runs.readTrace(String(data.run_id));
      return events.filter(event => event.type === 'request');
    },
    async [Symbol.asyncDispose]() {
      await me[Symbol.asyncDispose]();
      await research[Symbol.asyncDispose]();
    },
  };
}
