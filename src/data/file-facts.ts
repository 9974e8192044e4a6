import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** SHA-256 of a file's content, in hexadecimal. */
export async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { signal, highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}

/** Words of a text file, split at white space. */
export async function countWords(path: string, signal: AbortSignal): Promise<number> {
  let words = 0;
  let isInside = false;
  for await (const chunk of createReadStream(path, { encoding: 'utf8', signal })) {
    const text = String(chunk);
    const parts = text.split(/\s+/);
    words += parts.filter(part => part !== '').length;
    if (isInside && parts[0] !== '') words -= 1; // the chunk goes on with the word that the last one broke off in
    isInside = parts.at(-1) !== '';
  }
  return words;
}
