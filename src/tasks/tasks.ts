import { InputError } from '../errors.js';
import { unknownName } from '../lib/suggest.js';
import { babyLmFolder } from './baby-lm/task.js';
import { edgeLlmCompressionFolder } from './edge-llm-compression/task.js';
import { edgeLlmTrainingFolder } from './edge-llm-training/task.js';
import { llmEfficiencyFolder } from './llm-efficiency/task.js';
import { llmMergingFolder } from './llm-merging/task.js';
import { mathReasoningFolder } from './math-reasoning/task.js';
import { miniBabyLmFolder } from './mini-baby-lm/task.js';
import { miniEdgeLlmCompressionFolder } from './mini-edge-llm-compression/task.js';
import { miniEdgeLlmTrainingFolder } from './mini-edge-llm-training/task.js';
import { miniLlmEfficiencyFolder } from './mini-llm-efficiency/task.js';
import { miniLlmMergingFolder } from './mini-llm-merging/task.js';
import { miniMathReasoningFolder } from './mini-math-reasoning/task.js';
import { miniMiniPileFolder } from './mini-mini-pile/task.js';
import { miniPileFolder } from './mini-pile/task.js';
import { smokeFolder } from './smoke/task.js';
import type { TaskFolder } from './task.js';

/** The tasks that come with the package, in the order in which they are listed. */
export const tasks: readonly TaskFolder[] = [
  llmEfficiencyFolder,
  babyLmFolder,
  miniPileFolder,
  llmMergingFolder,
  edgeLlmCompressionFolder,
  edgeLlmTrainingFolder,
  mathReasoningFolder,
  miniLlmEfficiencyFolder,
  miniBabyLmFolder,
  miniMiniPileFolder,
  miniLlmMergingFolder,
  miniEdgeLlmCompressionFolder,
  miniEdgeLlmTrainingFolder,
  miniMathReasoningFolder,
  smokeFolder,
];

/** @throws InputError that names the nearest known task. */
export function findTask(known: readonly TaskFolder[], taskId: string): TaskFolder {
  const found = known.find(({ task }) => task.id === taskId);
  if (found !== undefined) return found;
  throw new InputError(
    unknownName(
      'task',
      taskId,
      known.map(({ task }) => task.id),
    ),
  );
}

/** @throws InputError for a suite without tasks. */
export function tasksOfSuite(known: readonly TaskFolder[], suite: string | undefined): readonly TaskFolder[] {
  if (suite === undefined) return known;
  const suites = [...new Set(known.map(({ task }) => task.suite))];
  const found = known.filter(({ task }) => task.suite === suite);
  if (found.length === 0) throw new InputError(unknownName('suite', suite, suites));
  return found;
}
