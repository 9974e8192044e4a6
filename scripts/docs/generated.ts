import { loadCommands } from '../../src/cli/commands.js';
import { tasks } from '../../src/tasks/tasks.js';
import { tools } from '../../src/tools/tools.js';
import { commandsPage } from './commands-page.js';
import { configurationPage } from './configuration-page.js';
import { customTasksPage } from './custom-tasks-page.js';
import { tasksPage } from './tasks-page.js';
import { toolsPage } from './tools-page.js';

/** Pages below docs/ that are made from the code, by file name. `npm run docs` writes them; a test fails if one is stale. */
export const GENERATED: Readonly<Record<string, () => Promise<string>>> = {
  'commands.md': async () => commandsPage(await loadCommands()),
  'configuration.md': async () => configurationPage(),
  'custom-tasks.md': customTasksPage,
  'tasks.md': () => tasksPage(tasks),
  'tools.md': async () => toolsPage(tools),
};
