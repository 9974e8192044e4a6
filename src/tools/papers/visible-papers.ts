import { type OffLimitsRules, offLimitsError, tooNewError } from '../support/off-limits.js';
import { type ResearchCall, recordRefusal } from '../support/research-call.js';
import type { Paper } from './paper.js';
import { type PaperId, showPaperId } from './paper-id.js';

/** Those of the papers that may be shown, and how many may not. */
export function visiblePapers(
  papers: readonly Paper[],
  rules: OffLimitsRules,
): { papers: Paper[]; hidden: number } {
  const shown = papers.filter(paper => !isHidden(paper, rules));
  return { papers: shown, hidden: papers.length - shown.length };
}

function isHidden({ arxivId, doi, published, year }: Paper, rules: OffLimitsRules): boolean {
  return rules.hidesPaper(arxivId, doi) || rules.hidesDate(published, year);
}

/** @throws InputError for an id that is off limits, before anything is asked; the attempt is recorded. */
export function refuseHiddenId(id: PaperId, call: ResearchCall): void {
  if (!call.rules.hidesPaper(id.value)) return;
  recordRefusal(call, 'semantic_scholar', showPaperId(id));
  throw offLimitsError(`The paper ${showPaperId(id)}`);
}

/** @throws InputError for a paper that must not be shown, by whatever id it was asked for; the attempt is recorded. */
export function refuseHidden(paper: Paper, id: PaperId, call: ResearchCall): void {
  const { rules } = call;
  if (!isHidden(paper, rules)) return;
  recordRefusal(call, 'semantic_scholar', showPaperId(id));
  const name = `The paper ${showPaperId(id)}`;
  throw rules.hidesPaper(paper.arxivId, paper.doi) ? offLimitsError(name) : tooNewError(name, rules);
}
