import type { ModelInspection } from '../runs/intake/inspect-model-folder.js';
import type { Finding } from '../runs/outcome.js';
import type { Score } from '../runs/score.js';
import type { TaskEvaluator } from '../tasks/task.js';
import { judgeBitsPerByte } from './bits-per-byte.js';
import { BLIMP } from './blimp.js';
import { checkRows } from './check-rows.js';
import { judgeChoices } from './choice-score.js';
import type { EvaluationData } from './evaluation-data.js';
import { parseEvaluator } from './evaluator-name.js';
import { type CorpusScores, judgeBleu, judgeCombined, judgeRougeL, rowsOf } from './formalisation.js';
import { type Judgement, unmeasuredScore } from './judgement.js';
import { judgeLean } from './lean/lean-score.js';
import { measureScores } from './measure-scores.js';
import { MMLU } from './mmlu.js';
import { ROWS_FILE } from './output-files.js';
import { paperResult } from './paper-results.js';
import {
  type ChoiceRow,
  type GenerationRow,
  type LeanRow,
  parseRows,
  type Row,
  type TextRow,
} from './rows.js';
import type { ScorerAnswer } from './run-scorer.js';
import { SUPER_GLUE } from './super-glue.js';

export interface Measurements {
  readonly taskId: string;
  readonly answer: ScorerAnswer;
  /** JSON lines. */
  readonly rows: string;
  readonly evaluators: readonly TaskEvaluator[];
  readonly inspection: ModelInspection;
  readonly data: EvaluationData;
  /** Why Lean 3 was not asked about the generated texts; null where it was. */
  readonly leanAbsent: string | null;
}

/** Scores and findings from what the scorer measured. Throws if that does not agree with itself: then no number is to be trusted. */
export function judge(measurements: Measurements): { findings: Finding[]; scores: Score[] } {
  const { taskId, answer, evaluators, inspection, data } = measurements;
  const { generation, memory, perplexity, result } = answer;
  if (generation === undefined || memory === undefined || perplexity === undefined || result === undefined) {
    throw new Error('the scorer ended well but left a message out');
  }
  const rows = parseRows(measurements.rows);
  checkRows(
    rows.filter(({ suite }) => suite !== 'lean3'),
    data.suites,
  );
  const judgements = evaluators.map(evaluator => judgeOne(evaluator, rows, measurements));
  const { parameters, bytes } = inspection;
  return {
    findings: uniqueFindings(judgements.flatMap(judgement => judgement.findings)),
    scores: [
      ...judgements.map(({ score }, at) => ({
        ...score,
        paper: paperResult(taskId, evaluators[at]?.id ?? ''),
        rows_path: ROWS_FILE,
      })),
      ...measureScores({
        parameters,
        bytes,
        generation,
        memory,
        perplexity,
        hasText: data.textPath !== null,
      }),
    ],
  };
}

function judgeOne(evaluator: TaskEvaluator, rows: readonly Row[], measurements: Measurements): Judgement {
  const { absent, notes } = measurements.data;
  const why = absent.get(evaluator.id);
  if (why !== undefined) return { score: unmeasuredScore(evaluator, why), findings: [] };
  const judgement = judgePresent(evaluator, rows, measurements);
  const note = notes.get(evaluator.id);
  return note === undefined || judgement.score.value === null
    ? judgement
    : { ...judgement, score: { ...judgement.score, reason: `The data are ${note}.` } };
}

function judgePresent(evaluator: TaskEvaluator, rows: readonly Row[], measurements: Measurements): Judgement {
  const name = parseEvaluator(evaluator.id);
  switch (name.suite) {
    case 'blimp':
      return judgeChoices(evaluator, name, BLIMP, choiceRows(rows, 'blimp'));
    case 'mmlu':
      return judgeChoices(evaluator, name, MMLU, choiceRows(rows, 'mmlu'));
    case 'super_glue':
      return judgeChoices(evaluator, name, SUPER_GLUE, choiceRows(rows, 'super_glue'));
    case 'bits_per_byte':
      return judgeBitsPerByte(evaluator, textRows(rows));
    default:
      return judgeFormalisation(evaluator, rows, measurements);
  }
}

function judgeFormalisation(
  evaluator: TaskEvaluator,
  allRows: readonly Row[],
  { answer, leanAbsent }: Measurements,
): Judgement {
  const name = parseEvaluator(evaluator.id);
  const rows = rowsOf(generationRows(allRows), name);
  const corpus = corpusOf(answer, rows.length);
  const bleu = judgeBleu(evaluator, rows, corpus);
  const rouge = judgeRougeL(evaluator, rows, corpus);
  const checked = judgeLean(evaluator, rows, leanRows(allRows), leanAbsent);
  if (name.suite === 'bleu') return bleu;
  if (name.suite === 'rouge_l') return rouge;
  if (name.suite === 'lean3') return checked;
  return judgeCombined(evaluator, rows, {
    bleu: bleu.score.value ?? 0,
    rouge_l: rouge.score.value ?? 0,
    lean3: checked.score.value,
  });
}

function corpusOf({ formalisation }: ScorerAnswer, rows: number): CorpusScores {
  const found = formalisation?.results.find(result => result.rows === rows);
  if (found === undefined) throw new Error(`the scorer gave no BLEU over ${rows} rows`);
  return found;
}

function choiceRows(rows: readonly Row[], suite: ChoiceRow['suite']): ChoiceRow[] {
  return rows.filter((row): row is ChoiceRow => row.suite === suite);
}

function textRows(rows: readonly Row[]): TextRow[] {
  return rows.filter((row): row is TextRow => row.suite === 'bits_per_byte');
}

function generationRows(rows: readonly Row[]): GenerationRow[] {
  return rows.filter((row): row is GenerationRow => row.suite === 'formalisation');
}

function leanRows(rows: readonly Row[]): LeanRow[] {
  return rows.filter((row): row is LeanRow => row.suite === 'lean3');
}

function uniqueFindings(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map(finding => [finding.message, finding])).values()];
}
