import type { SubmissionFile } from '../submission.js';
import { digestOf } from './freeze-submission.js';

/** Files that the scorer never reads. */
const WITHOUT_INFLUENCE = new Set(['README.md', 'generation_config.json', 'chat_template.jinja']);

/** SHA-256 over the files that influence the score: the same model with another README has the same digest. */
export function weightsDigest(files: readonly SubmissionFile[]): string {
  return digestOf(files.filter(file => !WITHOUT_INFLUENCE.has(file.path)));
}
