import { quoted } from '../../runs/intake/findings.js';
import { openRegularFile } from '../../runs/intake/open-regular-file.js';
import type { Tensor } from '../../runs/intake/safetensors.js';
import type { Finding } from '../../runs/outcome.js';
import { comparePrints } from './compare-prints.js';
import { printsOf } from './fingerprint.js';
import { knownModel } from './known-models.js';
import type { RuleSubject } from './rule-subject.js';

/**
 * Whether any matrix resembles one of the model that the task gives. One that does not is a suspicion and no more: training or factors of low rank may leave nothing
 * that looks like what it came from. Says nothing where the base is not on the host.
 */
export async function checkFromBase(
  { modelFolder, place, signal }: RuleSubject,
  tensors: readonly Tensor[],
  base: string,
): Promise<Finding[]> {
  const known = await knownModel(base, place, signal);
  if (known === undefined) return [];
  const prints = await printsOf(modelFolder, tensors, { open: openRegularFile, signal });
  const { matches, matrices } = comparePrints(prints, known.prints);
  if (matches.length > 0) return [];
  return [
    {
      rule: 'from_base',
      severity: 'suspicion',
      message: `No matrix of the model resembles one of the base that it is to be made from, ${quoted(base)}. That is noted beside the score, which stands.`,
      evidence: [`model ${quoted(base)}: 0 of ${matrices} matrices`],
    },
  ];
}
