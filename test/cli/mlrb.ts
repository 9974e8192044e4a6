import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { signalGroup } from '../../src/lib/process-group.js';
import { MAIN } from '../helpers/contestant.js';

/** What a person at a terminal sees of a command. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built program with a home folder of its own, as typed: `mlrb(home, 'show last --json')`. */
export function mlrb(home: string, line: string, terminal: Terminal = {}): Promise<Ended> {
  return startMlrb(home, line, terminal).ended;
}

/** Where it is typed. */
export interface Terminal {
  /** Where programs are looked for; as in the tests themselves where absent. */
  readonly path?: string;
  /** Words of a command that starts the program, such as `setpriv` with its arguments. */
  readonly before?: readonly string[];
}

export interface Started {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when the command has written the text to standard error; rejects if it ends before. */
  said(wanted: string): Promise<void>;
  /** What a terminal does on Ctrl-C: everything that was started in it gets the signal. */
  interrupt(): void;
  /** Presses Ctrl-C again and again until the command has ended. */
  interruptImpatiently(): Promise<Ended>;
}

export function startMlrb(
  home: string,
  line: string,
  { path = process.env.PATH ?? '', before = [] }: Terminal = {},
): Started {
  const [program, ...args] = [...before, process.execPath, MAIN, ...words(line), '--home', home];
  const child = spawn(program ?? '', args, {
    detached: true,
    env: { PATH: path, HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  const exited = new Promise<number | null>(resolve => child.once('close', code => resolve(code)));
  child.stderr.setEncoding('utf8').on('data', chunk => {
    stderr += chunk;
  });
  const stdout = text(child.stdout);
  const ended = exited.then(async code => ({ code, stdout: await stdout, stderr }));
  let hasEnded = false;
  const said = async (wanted: string) => {
    void exited.then(() => {
      hasEnded = true;
    });
    while (!stderr.includes(wanted)) {
      if (hasEnded) throw new Error(`it ended and never said "${wanted}", but: ${stderr}`);
      await Promise.race([once(child.stderr, 'data'), exited]);
    }
  };
  const interrupt = () => void (child.pid !== undefined && signalGroup(child.pid, 'SIGINT'));
  const interruptImpatiently = async () => {
    const pressing = setInterval(interrupt, 100);
    return ended.finally(() => clearInterval(pressing));
  };
  return { process: child, ended, said, interrupt, interruptImpatiently };
}

/** Splits at spaces; quotes keep words together. */
export function words(line: string): string[] {
  return (line.match(/"[^"]*"|\S+/g) ?? []).map(word => word.replace(/^"(.*)"$/, '$1'));
}
