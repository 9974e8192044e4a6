import { count, duration, grouped, size } from '../lib/text.js';
import { scoringMethod } from './scoring-method.js';
import type { Task, TaskRule } from './task.js';

/** Absolute paths, as the contestant sees them. */
export interface Places {
  readonly workspace: string;
  readonly data: string;
  readonly submission: string;
}

/** What a contestant can reach: what the task gives, or `unrestricted` where the sandbox in use cuts nothing off. */
export type Reach = Task['network'] | 'unrestricted';

/** What the marks of the template and of every `prompt.md` stand for. */
export function promptValues(task: Task, places: Places, reach: Reach): Record<string, string> {
  return {
    ...places,
    title: task.title,
    budget: budgetText(task, reach),
    time: duration(task.budget.wall_clock_min * 60),
    data_list: dataList(task, places),
    machine: machineText(task, places, reach),
    ...hubValue(task, places, reach),
    rules: task.rules.map((rule, index) => `${index + 1}. ${rule.text}`).join('\n'),
    submission_rules: submissionText(task),
    max_bytes: size(task.submission.max_bytes),
    max_parameters: grouped(task.submission.max_parameters),
    evaluators: task.evaluators.map(evaluatorLine).join('\n'),
    method: scoringMethod(task.evaluators),
    example: exampleText(task),
    ...ruleValues(task.rules),
  };
}

/** Limits that only some tasks have. A mark for another's is one that nothing fills. */
function ruleValues(rules: readonly TaskRule[]): Record<string, string> {
  return Object.assign({}, ...rules.map(valuesOfRule));
}

function valuesOfRule(rule: TaskRule): Record<string, string> {
  switch (rule.id) {
    case 'approved_base':
      return { approved_types: rule.model_types.map(type => `\`${type}\``).join(', ') };
    case 'peak_memory':
      return { peak_memory: size(rule.max_bytes) };
    case 'merging_package':
      return {
        merge_time: duration(rule.max_minutes * 60),
        ...(rule.sources_before === undefined ? {} : { sources_before: rule.sources_before }),
      };
    default:
      return {};
  }
}

function budgetText({ budget, network }: Task, reach: Reach): string {
  return [
    `${duration(budget.wall_clock_min * 60)} of wall clock from start_run to the deadline,`,
    `${count(budget.cpus, 'CPU core')}, ${budget.memory_gb} GB of memory, ${budget.disk_gb} GB of disk, ${gpuText(budget.gpus)}.`,
    networkText(network, reach),
  ].join(' ');
}

function networkText(given: Task['network'], reach: Reach): string {
  if (reach === 'none') return 'There is no network.';
  if (given === 'open') return 'The network can be used: the Hugging Face hub, pip and the like.';
  return 'The task is meant to be done without a network: this sandbox does not cut it off, which the record of the run says; do without it.';
}

/** For tasks whose models or data are the contestant's to choose. */
function hubValue({ network }: Task, { data }: Places, reach: Reach): Record<string, string> {
  if (network !== 'open') return {};
  return {
    hub:
      reach === 'none'
        ? `The operator has cut the hub off in this run: what lies below \`${data}\` is all there is.`
        : 'They come from the Hugging Face hub, by `from_pretrained`, `datasets` or `huggingface_hub`. There is no token here, so gated ones cannot be fetched. Fetching takes its time from the budget.',
  };
}

function gpuText(gpus: number): string {
  return gpus === 0 ? 'no GPU' : gpus === 1 ? '1 GPU' : `${gpus} GPUs`;
}

function dataList({ data }: Task, places: Places): string {
  if (data.length === 0) return 'There is no data: nothing is trained.';
  const list = data.map(entry => dataLine(entry, places)).join('\n');
  return `${list}\n\nAll of it is read-only. It is already there; nothing has to be fetched.`;
}

function dataLine(data: Task['data'][number], places: Places): string {
  const { words, rows, bytes } = data;
  const amounts = [
    ...(words === undefined ? [] : [`${grouped(words)} words`]),
    ...(rows === undefined ? [] : [`${grouped(rows)} rows`]),
    ...(bytes === undefined ? [] : [size(bytes)]),
  ];
  return [
    `- \`${places.data}/${data.path}\`: ${data.description}`,
    ...(amounts.length === 0 ? [] : [`${amounts.join(', ')}.`]),
    `Licence: ${data.licence}.`,
  ].join(' ');
}

function machineText({ budget, network }: Task, { workspace }: Places, reach: Reach): string {
  const device =
    budget.gpus === 0
      ? 'Everything runs on the processor.'
      : `The ${budget.gpus === 1 ? 'GPU is' : 'GPUs are'} yours alone for the length of the run; \`nvidia-smi\` tells the kind (the paper had one A100 with 40 GB).`;
  const more =
    network === 'none' || reach === 'none'
      ? 'What else you need, you write yourself.'
      : 'What else you need, you install with pip.';
  return `You work in \`${workspace}\`. Python with torch, transformers, tokenizers, datasets, accelerate, peft, safetensors and lm-evaluation-harness is there. ${more} ${device}`;
}

const LOADERS = { causal: '`AutoModelForCausalLM`', seq2seq: '`AutoModelForSeq2SeqLM`' } as const;

function submissionText({ submission }: Task): string {
  const { architectures, dtypes, max_bytes, max_parameters } = submission;
  return [
    `- It loads with ${architectures.map(kind => LOADERS[kind]).join(' or ')} from transformers without remote code. A masked language model (BERT and the like) gives no probability of a text and is refused.`,
    '- It holds `config.json`, the tokenizer (`tokenizer.json` and `tokenizer_config.json`) and the weights as `*.safetensors`, nothing that runs: no `.py`, no pickle (`.bin`, `.pt`), no adapters, no subfolders, no links.',
    `- Weights are finite and stored as ${alternatives(dtypes)}; every tensor of the architecture is there, and no other.`,
    `- At most ${size(max_bytes)} and ${grouped(max_parameters)} parameters.`,
  ].join('\n');
}

/** "a", "a or b", "a, b or c". */
function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function evaluatorLine({ metric, description }: Task['evaluators'][number], index: number): string {
  const place = index === 0 ? ' ranks' : ' stands beside it';
  return `- **${metric}**${place}: ${description}`;
}

/** Some tasks take only what was made in a certain way, or of a certain kind: there the example shows no more than the files. */
function exampleText({ rules, submission: { architectures, dtypes } }: Task): string {
  const isAccepted =
    architectures.includes('causal') &&
    dtypes.includes('float32') &&
    rules.every(rule => rule.id !== 'merging_package') &&
    rules.every(rule => rule.id !== 'approved_base' || rule.model_types.includes('gpt2'));
  if (!isAccepted)
    return 'It is a pattern for the files and no more: handed in, it breaks a rule of this task.';
  if (rules.some(rule => rule.id === 'from_base'))
    return 'It scores what an untrained model scores, and the score says that it was not made from the base: a pattern for the files, not a start.';
  return 'It passes the checks and scores what an untrained model scores: a pattern for the files, not a start.';
}
