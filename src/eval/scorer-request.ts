/** What the scorer is asked to do; the names are those that `docker/eval/score.py` reads. */
export interface ScorerRequest {
  readonly model_folder: string;
  readonly architecture: 'causal' | 'seq2seq';
  /** Rows of each subtask. */
  readonly rows: number;
  readonly blimp_folder: string;
  readonly text_path: string | null;
  /** A fresh folder of its own; everything that is written lies below it. */
  readonly scratch: string;
  readonly rows_path: string;
  readonly device: string;
  readonly batch_size: number;
  readonly memory_bytes: number;
  readonly seed: number;
}
