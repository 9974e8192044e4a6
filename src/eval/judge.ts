import type { ModelInspection } from '../runs/intake/inspect-model-folder.js';
import type { Finding } from '../runs/outcome.js';
import type { Score } from '../runs/score.js';
import type { TaskEvaluator } from '../tasks/task.js';
import { harnessAccuracy, judgeBlimp } from './blimp-score.js';
import { parseEvaluator } from './evaluator-name.js';
import { measureScores } from './measure-scores.js';
import { ROWS_FILE } from './output-files.js';
import type { ScorerAnswer } from './run-scorer.js';
import { BlimpRow } from './scorer-message.js';

export interface Measurements {
  readonly answer: ScorerAnswer;
  /** JSON lines. */
  readonly rows: string;
  readonly evaluators: readonly TaskEvaluator[];
  readonly inspection: ModelInspection;
  readonly subtasks: readonly string[];
  /** Whether the text for the perplexity was at hand. */
  readonly hasText: boolean;
}

/** Scores and findings from what the scorer measured. Throws if that does not agree with itself: then no number is to be trusted. */
export function judge({ answer, rows, evaluators, inspection, subtasks, hasText }: Measurements): {
  findings: Finding[];
  scores: Score[];
} {
  const { generation, memory, perplexity, result } = answer;
  if (generation === undefined || memory === undefined || perplexity === undefined || result === undefined) {
    throw new Error('the scorer ended well but left a message out');
  }
  const parsed = rows
    .trimEnd()
    .split('\n')
    .map(line => BlimpRow.parse(JSON.parse(line)));
  checkRows(parsed, {
    subtasks,
    harnessAcc: result.harness_acc,
    rows: Math.max(...evaluators.map(({ id }) => parseEvaluator(id).rows)),
  });
  const judgements = evaluators.map(evaluator => judgeBlimp(evaluator, parseEvaluator(evaluator.id), parsed));
  const { parameters, bytes } = inspection;
  return {
    findings: uniqueFindings(judgements.flatMap(judgement => judgement.findings)),
    scores: [
      ...judgements.map(({ score }) => ({ ...score, rows_path: ROWS_FILE })),
      ...measureScores({ parameters, bytes, generation, memory, perplexity, hasText }),
    ],
  };
}

interface Expected {
  readonly subtasks: readonly string[];
  readonly rows: number;
  readonly harnessAcc: number;
}

/** Every subtask with every row, and the harness's own number as it reported it. */
function checkRows(rows: readonly BlimpRow[], { subtasks, rows: count, harnessAcc }: Expected): void {
  const keys = new Set(rows.map(({ subtask, pair_id }) => `${subtask} ${pair_id}`));
  const isWhole =
    rows.length === count * subtasks.length &&
    keys.size === rows.length &&
    rows.every(({ subtask }) => subtasks.includes(subtask));
  if (!isWhole)
    throw new Error(
      `the scorer wrote ${rows.length} rows, not ${count} for each of ${subtasks.length} subtasks`,
    );
  if (Math.abs(harnessAccuracy(rows) - harnessAcc) > 1e-9)
    throw new Error('the rows do not give the number that the harness reported');
}

function uniqueFindings(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map(finding => [finding.message, finding])).values()];
}
