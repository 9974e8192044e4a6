import { execFileSync } from 'node:child_process';

/** Living processes whose command line or environment has the text in it, for example the path of a home folder. */
export function processesNaming(text: string): string[] {
  const lines = execFileSync('ps', ['axeww', '-o', 'stat=,command='], {
    encoding: 'utf8',
    maxBuffer: 1e8,
  }).split('\n');
  return lines.filter(line => line.includes(text) && !line.startsWith('Z'));
}
