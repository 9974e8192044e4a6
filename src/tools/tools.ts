import { deleteCode } from './delete-code.js';
import { getResult } from './get-result.js';
import { githubGetFileCode } from './github/github-get-file-code.js';
import { githubGetReadme } from './github/github-get-readme.js';
import { githubListFiles } from './github/github-list-files.js';
import { insertCode } from './insert-code.js';
import { jobCancel } from './job-cancel.js';
import { jobList } from './job-list.js';
import { jobWait } from './job-wait.js';
import { listFiles } from './list-files.js';
import { listTasks } from './list-tasks.js';
import { downloadPaper } from './papers/download-paper.js';
import { getPaperCitations } from './papers/get-paper-citations.js';
import { getPaperDetails } from './papers/get-paper-details.js';
import { searchPapers } from './papers/search-papers.js';
import { readCode } from './read-code.js';
import { readTask } from './read-task.js';
import { replaceCode } from './replace-code.js';
import { runBash } from './run-bash.js';
import { runPython } from './run-python.js';
import { runStatus } from './run-status.js';
import { scratchpad } from './scratchpad.js';
import { startRun } from './start-run.js';
import { submitModel } from './submit-model.js';
import { thought } from './thought.js';
import type { Tool } from './tool.js';
import { writeCode } from './write-code.js';

/** Every tool, in the order in which clients list them. */
export const tools: readonly Tool[] = [
  listTasks,
  readTask,
  startRun,
  runStatus,
  submitModel,
  getResult,
  runPython,
  runBash,
  readCode,
  writeCode,
  insertCode,
  replaceCode,
  deleteCode,
  listFiles,
  jobWait,
  jobCancel,
  jobList,
  scratchpad,
  thought,
  searchPapers,
  getPaperDetails,
  getPaperCitations,
  downloadPaper,
  githubGetReadme,
  githubListFiles,
  githubGetFileCode,
];
