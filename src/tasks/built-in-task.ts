import { fileURLToPath } from 'node:url';
import type { Task, TaskFolder } from './task.js';
import { WORKSPACE_FILES } from './workspace-files.js';

/** A task of the package: `manifestUrl` is the `import.meta.url` of its `task.ts`, beside which `prompt.md` lies. */
export function builtInTask(task: Task, manifestUrl: string, moreFiles: readonly string[] = []): TaskFolder {
  return {
    task,
    promptFile: fileURLToPath(new URL('./prompt.md', manifestUrl)),
    files: [WORKSPACE_FILES, ...moreFiles],
  };
}
