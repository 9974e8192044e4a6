import { Accepted, AnyAnswer } from '../answers.js';
import { ToolRefusal } from '../connect.js';
import type { Play, Script } from '../script.js';
import { type Program, runProgram, writeProgram } from './program.js';
import { startRun, waitForOutcome } from './take-part.js';

/** How the note of a hand-in begins that must be refused; the name of the trick follows. */
const TRICK = 'trick: ';
/** The note of the hand-in that the intake accepts. */
const OWN = 'own trick';
const TRICKS: Program = { main: new URL('./shared/tricks.py', import.meta.url), modules: [] };
/** Folders that are not the contestant's to hand in. */
const FOREIGN_FOLDERS = ['/', '..', '/etc'] as const;

/** What a task's own trick is made of. */
export interface OwnTrick {
  /** Takes `--data DIR --out DIR` and leaves a model in the second that the intake accepts. */
  readonly program: Program;
  /** Files that the contestant claims to have come by, as a path in the workspace and a text. */
  readonly found?: () => Promise<readonly (readonly [path: string, text: string])[]>;
}

/**
 * A contestant that tries the whole catalogue of tricks that must be refused at once, then hands in one that only judging can find out. Where a trick of
 * the catalogue is accepted, the run is over, and its outcome counts.
 */
export function cheat({ program, found }: OwnTrick): Script {
  return async play => {
    const run = await startRun('cheat', play);
    const printed = await runProgram(await writeProgram(TRICKS, play), [], play);
    const folders = printed
      .split('\n')
      .filter(name => name !== '')
      .map(name => `tricks/${name}`);
    for (const folder of [...folders, ...FOREIGN_FOLDERS])
      if (await isAccepted(folder, catalogued(folder), play)) return waitForOutcome(play);
    for (const [path, code] of (await found?.()) ?? []) {
      play.onStep(`writes ${path}`);
      await play.contestant.call('write_code', { path, code }, AnyAnswer);
    }
    const main = await writeProgram(program, play);
    await runProgram(main, ['--data', run.data, '--out', run.submission_path], play);
    if (await isAccepted(run.submission_path, OWN, play)) await waitForOutcome(play);
  };
}

/** The name of a trick of the catalogue, as a note that tells it from the last one. */
function catalogued(folder: string): string {
  return `${TRICK}${folder.replace(/^tricks\//, '').replaceAll('_', ' ')}`;
}

async function isAccepted(model_path: string, note: string, { contestant, onStep }: Play): Promise<boolean> {
  try {
    await contestant.call('submit_model', { model_path, note }, Accepted);
  } catch (error) {
    if (!(error instanceof ToolRefusal)) throw error;
    onStep(`hands in its ${note}`, `refused. ${firstReason(error.message)}`);
    return false;
  }
  onStep(`hands in its ${note}`, 'accepted');
  return true;
}

/** Reasons against a folder stand in lines of their own, below what to do next. */
function firstReason(message: string): string {
  const lines = message.split('\n');
  return (lines.find(line => line.startsWith('- ')) ?? lines[0] ?? '').replace(/^- /, '');
}
