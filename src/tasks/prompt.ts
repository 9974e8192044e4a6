import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { duration, size } from '../lib/text.js';
import type { Task, TaskFolder } from './task.js';

/** Name of the folder in the workspace that is handed in at the deadline. */
export const SUBMISSION_FOLDER = 'submission';

/** Where things lie, as the contestant sees them. */
export interface PromptPaths {
  readonly workspace: string;
  readonly data: string;
}

/** Stands for the paths while no run has been started: start_run tells the true ones. */
export const UNKNOWN_PATHS: PromptPaths = { workspace: '<workspace>', data: '<data>' };

/**
 * A task as the contestant reads it: `prompt.md` with its marks filled from the manifest.
 * @throws Error if the template holds a mark that nothing fills; a blank never reaches a contestant.
 */
export async function renderPrompt({ task, folder }: TaskFolder, paths: PromptPaths): Promise<string> {
  const template = await readFile(join(folder, 'prompt.md'), 'utf8');
  const values = promptValues(task, paths);
  return template.replace(/\{\{(\w+)\}\}/g, (mark, name: string) => {
    const value = values[name];
    if (value === undefined || value === '')
      throw new Error(`${task.id}: nothing fills the mark ${mark} of prompt.md`);
    return value;
  });
}

/** All marks that a template may use. */
function promptValues(task: Task, paths: PromptPaths): Record<string, string> {
  return {
    title: task.title,
    workspace: paths.workspace,
    data: paths.data,
    submission_path: `${paths.workspace}/${SUBMISSION_FOLDER}`,
    budget: budgetText(task),
    data_list: task.data.map(data => dataLine(data, paths)).join('\n'),
    rules: task.rules.map((rule, index) => `${index + 1}. ${rule.text}`).join('\n'),
    scoring: task.evaluators
      .map(evaluator => `- **${evaluator.metric}**: ${evaluator.description}`)
      .join('\n'),
    submission_rules: submissionText(task),
  };
}

function budgetText({ budget, network }: Task): string {
  const gpus = budget.gpus === 0 ? 'no GPU' : budget.gpus === 1 ? '1 GPU' : `${budget.gpus} GPUs`;
  const reach = network === 'none' ? 'There is no network.' : 'The network can be used.';
  return [
    `${duration(budget.wall_clock_min * 60)} of wall clock from start_run to the deadline,`,
    `${budget.cpus} CPU cores, ${budget.memory_gb} GB of memory, ${budget.disk_gb} GB of disk, ${gpus}. ${reach}`,
  ].join(' ');
}

function dataLine(data: Task['data'][number], paths: PromptPaths): string {
  const { words, rows, bytes } = data;
  const amounts = [
    ...(words === undefined ? [] : [`${words.toLocaleString('en-US')} words`]),
    ...(rows === undefined ? [] : [`${rows.toLocaleString('en-US')} rows`]),
    ...(bytes === undefined ? [] : [size(bytes)]),
  ];
  return [
    `- \`${paths.data}/${data.path}\`: ${data.description}`,
    ...(amounts.length === 0 ? [] : [`${amounts.join(', ')}.`]),
    `Licence: ${data.licence}.`,
  ].join(' ');
}

function submissionText({ submission }: Task): string {
  const kinds = submission.architectures.map(kind =>
    kind === 'causal' ? '`AutoModelForCausalLM`' : '`AutoModelForSeq2SeqLM`',
  );
  return [
    `- It loads with ${kinds.join(' or ')} from transformers without remote code.`,
    '- It holds `config.json`, the tokenizer (`tokenizer.json` and `tokenizer_config.json`) and the weights as `*.safetensors`, nothing that runs: no `.py`, no pickle (`.bin`, `.pt`), no subfolders, no links.',
    '- Weights are finite and in float32, float16 or bfloat16; every tensor of the architecture is there, and no other.',
    `- At most ${size(submission.max_bytes)} and ${submission.max_parameters.toLocaleString('en-US')} parameters.`,
  ].join('\n');
}
