import { readWeights } from '../../runs/intake/read-weights.js';
import type { Finding } from '../../runs/outcome.js';
import type { TaskRule } from '../../tasks/task.js';
import { checkApprovedBase } from './approved-base.js';
import { checkFromBase } from './from-base.js';
import { checkFromScratch } from './from-scratch.js';
import { checkMergingPackage } from './merging-package.js';
import { checkEvaluationText } from './no-evaluation-text.js';
import { checkQuantisation } from './no-quantisation.js';
import type { RuleSubject } from './rule-subject.js';

/**
 * Holds a model that passed the intake, and the workspace it comes from, against the rules of its task that files can tell about. What has to run to be
 * measured is told elsewhere: peak memory by `checkPeakMemory`. Nothing of the submission is executed.
 * @throws the signal's reason on abort.
 */
export async function checkRules(subject: RuleSubject): Promise<Finding[]> {
  const { tensors } = await readWeights(subject.modelFolder, subject.files);
  const findings: Finding[] = [];
  for (const rule of subject.task.rules) {
    subject.signal.throwIfAborted();
    findings.push(...(await checkRule(rule, { subject, tensors })));
  }
  return findings;
}

interface Case {
  readonly subject: RuleSubject;
  readonly tensors: Awaited<ReturnType<typeof readWeights>>['tensors'];
}

async function checkRule(rule: TaskRule, { subject, tensors }: Case): Promise<Finding[]> {
  switch (rule.id) {
    case 'no_quantisation':
      return checkQuantisation(subject.modelFolder, tensors, subject.signal);
    case 'approved_base':
      return checkApprovedBase(subject.modelFolder, rule.model_types);
    case 'from_base':
      return checkFromBase(subject, tensors, rule.base);
    case 'from_scratch':
      return checkFromScratch(subject, tensors, rule.severity);
    case 'no_evaluation_text':
      return checkEvaluationText(subject);
    case 'merging_package':
      return checkMergingPackage(subject, rule);
    default:
      return [];
  }
}
