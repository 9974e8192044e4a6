/** The suites that are asked by the options they offer. */
export type ChoiceSuiteName = 'blimp' | 'mmlu' | 'super_glue';

/** What is asked of one suite, and where its rows lie. */
export type SuiteRequest =
  | {
      readonly suite: ChoiceSuiteName;
      readonly folder: string /** Of each subtask. */;
      readonly rows: number;
    }
  | {
      readonly suite: 'bits_per_byte';
      readonly texts: readonly { readonly subtask: string; readonly folder: string }[];
    }
  | {
      readonly suite: 'formalisation';
      readonly folder: string;
      /** Each number of first rows that the corpus scores are wanted for. */
      readonly rows: readonly number[];
    };

/** What the scorer is asked to do; the names are those that `docker/eval/score.py` reads. */
export interface ScorerRequest {
  readonly model_folder: string;
  readonly architecture: 'causal' | 'seq2seq';
  readonly suites: readonly SuiteRequest[];
  readonly text_path: string | null;
  /** A fresh folder of its own; everything that is written lies below it or below `rows_folder`. */
  readonly scratch: string;
  /** Takes a file for every finished subtask. What an earlier scorer of the same weights left there is not scored again. */
  readonly rows_folder: string;
  readonly device: string;
  readonly memory_bytes: number;
  /** What loading and generating may take above what the process held before; no bound where absent or null. */
  readonly peak_memory_bytes?: number | null;
  readonly seed: number;
}
