import { quoted, quotedList } from '../../runs/intake/findings.js';
import { openRegularFile } from '../../runs/intake/open-regular-file.js';
import type { Tensor } from '../../runs/intake/safetensors.js';
import type { Finding } from '../../runs/outcome.js';
import { type Comparison, comparePrints } from './compare-prints.js';
import { printsOf } from './fingerprint.js';
import { knownModels } from './known-models.js';
import type { RuleSubject } from './rule-subject.js';

/** Of the weights that come from a known model before the submission counts as made from it; below: a suspicion. */
const MADE_FROM = 0.2;
const MOST_LINES = 20;

/** Compares a submission's matrices with those of every known model. What matches says which model, which matrices, and how closely. */
export async function checkFromScratch(
  { modelFolder, place, signal }: RuleSubject,
  tensors: readonly Tensor[],
  severity: Finding['severity'],
): Promise<Finding[]> {
  const prints = await printsOf(modelFolder, tensors, { open: openRegularFile, signal });
  const compared = (await knownModels(place, signal)).map(({ name, prints: known }) => ({
    name,
    comparison: comparePrints(prints, known),
  }));
  const [nearest] = compared.sort((a, b) => b.comparison.share - a.comparison.share);
  if (nearest === undefined || nearest.comparison.matches.length === 0) return [];
  return [finding(nearest.name, nearest.comparison, severity)];
}

function finding(name: string, comparison: Comparison, severity: Finding['severity']): Finding {
  const { matches, matrices, share } = comparison;
  const names = quotedList(matches.map(match => match.name));
  const part = `${matches.length} of ${matrices} matrices, with ${percent(share)} of the weights in them`;
  const told = share >= MADE_FROM ? severity : 'suspicion';
  return {
    rule: 'from_scratch',
    severity: told,
    message: `The weights come from the model ${quoted(name)}: ${part} (${names}). ${NEXT[told]}`,
    evidence: [
      `model ${quoted(name)}: ${part}`,
      ...matches
        .slice(0, MOST_LINES)
        .map(
          match =>
            `${quoted(match.name)} and its ${quoted(match.known)}: r = ${match.correlation.toFixed(3)}`,
        ),
    ],
  };
}

const NEXT = {
  broken: 'Hand in a model that was trained from fresh weights.',
  suspicion: 'That is noted beside the score, which stands.',
} as const;

function percent(share: number): string {
  return share === 1 ? 'all' : `${Math.round(100 * share)} %`;
}
