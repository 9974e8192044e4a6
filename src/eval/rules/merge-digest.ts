import { createHash } from 'node:crypto';
import type { SubmissionFile } from '../../runs/submission.js';

/** SHA-256 over names and contents of weight files, as `digest_of` in the merging package's `checkpoint.py` computes it. */
export function mergeDigest(files: readonly Pick<SubmissionFile, 'path' | 'sha256'>[]): string {
  const lines = files
    .filter(({ path }) => path.endsWith('.safetensors'))
    .map(({ path, sha256 }) => `${path} ${sha256}\n`)
    .sort();
  return createHash('sha256').update(lines.join('')).digest('hex');
}
