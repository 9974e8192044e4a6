/** Name of the rows in the evaluation's folder; a score names it too. */
export const ROWS_FILE = 'rows.jsonl';
/** Name of the scorer's log in the evaluation's folder. */
export const LOG_FILE = 'scorer.log';
