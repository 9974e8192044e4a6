import type { Command } from './command.js';

/** Every command, in the order of the help. A start loads only the one that is asked for. */
export const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['demo', async () => (await import('./commands/demo.js')).demo],
  ['serve', async () => (await import('./commands/serve.js')).serve],
  ['setup', async () => (await import('./commands/setup.js')).setup],
  ['data', async () => (await import('./commands/data.js')).data],
  ['doctor', async () => (await import('./commands/doctor.js')).doctor],
  ['tasks', async () => (await import('./commands/tasks.js')).tasks],
  ['agent', async () => (await import('./commands/agent.js')).agent],
  ['controls', async () => (await import('./commands/controls.js')).controls],
  ['runs', async () => (await import('./commands/runs.js')).runs],
  ['show', async () => (await import('./commands/show.js')).show],
  ['pause', async () => (await import('./commands/pause.js')).pause],
  ['resume', async () => (await import('./commands/resume.js')).resume],
  ['cancel', async () => (await import('./commands/cancel.js')).cancel],
  ['evaluate', async () => (await import('./commands/evaluate.js')).evaluate],
  ['report', async () => (await import('./commands/report.js')).report],
  ['cleanup', async () => (await import('./commands/cleanup.js')).cleanup],
]);

/** All of them, loaded. */
export function loadCommands(): Promise<Command[]> {
  return Promise.all([...COMMANDS.values()].map(load => load()));
}
