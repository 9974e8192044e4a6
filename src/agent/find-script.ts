import { InputError } from '../errors.js';
import { unknownName } from '../lib/suggest.js';
import { firstChars } from '../lib/text.js';
import { BY_TASK, GENERIC } from './contestants/contestants.js';
import type { Script } from './script.js';

/** Names of the scripted contestants that can play a task. */
export function scriptNames(taskId: string): string[] {
  return [...GENERIC.keys(), ...(BY_TASK.get(taskId)?.keys() ?? [])];
}

/**
 * The contestant for a model as the command line names it, for example `script:reference`.
 * @throws InputError that lists what is there.
 */
export function findScript(model: string, taskId: string): Script {
  const [, provider, name] = /^([a-z0-9_-]+):(.+)$/i.exec(model) ?? [];
  const known = scriptNames(taskId).map(script => `script:${script}`);
  if (provider === undefined || name === undefined) {
    throw new InputError(
      `"${firstChars(model, 100)}" is not of the form PROVIDER:NAME. Known for ${taskId}: ${known.join(', ')}.`,
    );
  }
  if (provider !== 'script') {
    throw new InputError(
      `Models of "${firstChars(provider, 100)}" are not in this version yet, but script: is. Known for ${taskId}: ${known.join(', ')}. Your own agent can take part through \`mlrb serve\`.`,
    );
  }
  const script = BY_TASK.get(taskId)?.get(name) ?? GENERIC.get(name);
  if (script === undefined) throw new InputError(unknownName('contestant', model, known));
  return script;
}
