import { fileURLToPath } from 'node:url';
import { EXAMPLE_FILES } from './example-files.js';
import type { Task, TaskFolder } from './task.js';

/** A task of the package: `manifestUrl` is the `import.meta.url` of its `task.ts`, beside which `prompt.md` lies. */
export function builtInTask(task: Task, manifestUrl: string, moreFiles: readonly string[] = []): TaskFolder {
  return {
    task,
    promptFile: fileURLToPath(new URL('./prompt.md', manifestUrl)),
    files: [EXAMPLE_FILES, ...moreFiles],
  };
}
