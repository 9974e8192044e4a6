import { fileURLToPath } from 'node:url';

/** Holds the example of the submission format that every workspace gets. Made by `scripts/make-example-submission.py`. */
export const EXAMPLE_FILES = fileURLToPath(new URL('./example-files', import.meta.url));
