import { join } from 'node:path';

/** Where the parts of a run lie. A run is one folder that can be sent to someone. */
export interface RunFolder {
  readonly root: string;
  readonly record: string;
  readonly trace: string;
  readonly lock: string;
  readonly workspace: string;
  readonly scratchpad: string;
  readonly submission: string;
  readonly evaluation: string;
  readonly evaluationRecord: string;
  readonly evaluationLock: string;
  readonly evaluationLog: string;
}

export function runFolder(root: string): RunFolder {
  const evaluation = join(root, 'evaluation');
  return {
    root,
    record: join(root, 'run.json'),
    trace: join(root, 'trace.jsonl'),
    lock: join(root, 'run.lock'),
    workspace: join(root, 'workspace'),
    scratchpad: join(root, 'scratchpad.md'),
    submission: join(root, 'submission'),
    evaluation,
    evaluationRecord: join(evaluation, 'evaluation.json'),
    evaluationLock: join(evaluation, 'evaluation.lock'),
    evaluationLog: join(evaluation, 'evaluation.log'),
  };
}
