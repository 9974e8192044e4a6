import type { Script } from '../script.js';
import { type Program, runProgram, writeProgram } from './program.js';
import { startRun, submitAndWait } from './take-part.js';

/**
 * A contestant that writes one program, runs it, hands in what it leaves, and waits for the score.
 * @param program takes `--data DIR --out DIR` and leaves a model in the second.
 */
export function trainAndSubmit(name: string, program: Program): Script {
  return async play => {
    const run = await startRun(name, play);
    const main = await writeProgram(program, play);
    await runProgram(main, ['--data', run.data, '--out', run.submission_path], play);
    await submitAndWait(run.submission_path, play);
  };
}
