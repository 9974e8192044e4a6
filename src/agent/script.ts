import type { Contestant } from './connect.js';

/** What a scripted contestant is told, and whom it tells how it goes. */
export interface Play {
  readonly contestant: Contestant;
  readonly taskId: string;
  /** Called as soon as the run has begun, so that whoever started the contestant can end it. */
  readonly onRun: (runId: string) => void;
  /** What it does now, in a few words, and how far it is. */
  readonly onStep: (text: string, detail?: string) => void;
  /** What its programs print. */
  readonly onOutput: (text: string) => void;
}

/** A contestant that needs no model behind it. Resolves when it leaves; it may leave without handing in. */
export type Script = (play: Play) => Promise<void>;
