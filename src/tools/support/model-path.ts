import { relative, resolve, sep } from 'node:path';
import { InputError } from '../../errors.js';
import { grouped } from '../../lib/text.js';
import { quoted } from '../../runs/intake/findings.js';

/** What file systems take for one name, bytes. */
const MAX_NAME_BYTES = 255;
const INSTEAD = 'Hand in a folder with a plain name inside the workspace, for example "submission".';

/**
 * A folder as a contestant names it, relative to the workspace. Nothing is looked up.
 * @throws InputError if there can be no such folder in the workspace, or it is the workspace itself.
 */
export function pathInWorkspace(modelPath: string, workspace: string): string {
  if (!modelPath.isWellFormed())
    throw new InputError(
      `The model path holds half a character (a lone surrogate), which no name can. ${INSTEAD}`,
    );
  if (hasControlCharacter(modelPath)) {
    throw new InputError(
      `The model path ${quoted(modelPath)} holds a line break or another control character, shown here as "\ufffd". Rename the folder. ${INSTEAD}`,
    );
  }
  const inside = relative(workspace, resolve(workspace, modelPath));
  const [first = '', ...rest] = inside.split(sep);
  if (first === '..')
    throw new InputError(`The path ${quoted(modelPath)} lies outside the workspace ${workspace}. ${INSTEAD}`);
  if (first === '')
    throw new InputError(
      'The workspace itself cannot be handed in. Put the model into a folder of its own, for example "submission".',
    );
  const longest = Math.max(...[first, ...rest].map(name => Buffer.byteLength(name)));
  if (longest > MAX_NAME_BYTES) {
    throw new InputError(
      `The model path holds a name of ${grouped(longest)} bytes, and none is longer than ${MAX_NAME_BYTES}. ${INSTEAD}`,
    );
  }
  return inside;
}

function hasControlCharacter(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return /[\u0000-\u001f\u007f]/.test(text);
}
