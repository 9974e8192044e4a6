import type { Readable } from 'node:stream';
import { bodyLimits } from './body-limits.js';
import type { Arrived } from './exchange.js';

const MAX_ERROR_BYTES = 100_000;

/** The beginning of an answer that is not kept, for what it says of itself. */
export async function readSome({ headers, body }: Arrived, source: string): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    const limits = bodyLimits(headers['content-encoding'] ?? '', MAX_ERROR_BYTES, source);
    const unpacked = limits.reduce<Readable>(
      (from, to) => from.on('error', error => to.destroy(error)).pipe(to),
      body,
    );
    for await (const chunk of unpacked) chunks.push(Buffer.from(chunk));
  } catch {
    body.destroy();
  }
  return Buffer.concat(chunks).toString('utf8');
}
