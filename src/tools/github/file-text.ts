import { isUtf8 } from 'node:buffer';
import { InputError } from '../../errors.js';
import { size } from '../../lib/text.js';

/** Looked at for bytes that no text has. */
const LOOKED_AT_BYTES = 8000;
const LFS = /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n/;

/** The text of a file. @throws InputError that says what it is, where it is no text. */
export function textOf(bytes: Buffer, path: string): string {
  if (bytes.length >= 2 && bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le').slice(1);
  if (bytes.subarray(0, LOOKED_AT_BYTES).includes(0)) {
    throw new InputError(
      `${path} is a binary file of ${size(bytes.length)}, which is not shown. github_list_files shows what else is there.`,
    );
  }
  const text = isUtf8(bytes) ? bytes.toString('utf8').replace(/^\ufeff/, '') : bytes.toString('latin1');
  if (LFS.test(text)) {
    const stored = Number(/^size (\d+)$/m.exec(text)?.[1] ?? 0);
    throw new InputError(
      `${path} is kept in Git LFS: only a pointer to ${size(stored)} elsewhere is in the repository, and that is not fetched.`,
    );
  }
  return text;
}
