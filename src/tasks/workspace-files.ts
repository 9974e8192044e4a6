import { fileURLToPath } from 'node:url';

/** What every workspace gets: the example of the submission format, which `scripts/make-example-submission.py` makes, and the program that measures models. */
export const WORKSPACE_FILES = fileURLToPath(new URL('./workspace-files', import.meta.url));
