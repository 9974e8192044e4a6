import { createReadStream } from 'node:fs';

/**
 * The lines of a text file in UTF-8, without their ends. A line ends at a line feed only: other characters that some programs take for one
 * may stand inside JSON.
 */
export async function* readLines(path: string, signal: AbortSignal): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(path, { encoding: 'utf8', signal })) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  if (rest !== '') yield rest;
}
