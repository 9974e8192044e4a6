import { z } from 'zod';
import { type Effect, TOOL_GROUPS, type Tool } from '../../src/tools/tool.js';
import { page, table } from './markdown.js';

const GROUPS: Readonly<Record<Tool['group'], string>> = {
  run: 'The run',
  work: 'Work in the sandbox',
  jobs: 'Jobs',
  mind: 'Notes',
  papers: 'Papers',
  github: 'GitHub',
};

const EFFECTS: Readonly<Record<Effect, string>> = {
  reads: 'reads only',
  writes: 'changes something',
  repeatable: 'changes something; repeating it does no harm',
  replaces: 'replaces or ends what is there; repeating it changes nothing more',
  destroys: 'may replace or end what is there',
};

const Schema = z.object({
  properties: z
    .record(z.string(), z.object({ description: z.string().default(''), type: z.string().optional() }))
    .default({}),
  required: z.array(z.string()).default([]),
});

/** Every tool as a client sees it. */
export function toolsPage(tools: readonly Tool[]): string {
  const groups = TOOL_GROUPS.filter(group => tools.some(tool => tool.group === group));
  return page(
    '# Tools',
    'What a contestant may do. Every call answers with text and with structured content, each complete on its own; while a run is on, both say how much time is left and which jobs run. Wrong input is answered with one sentence, as text alone, that says what to do next.',
    ...groups.flatMap(group => [
      `## ${GROUPS[group]}`,
      ...tools.filter(tool => tool.group === group).map(section),
    ]),
  );
}

function section({ name, description, effect, input, output }: Tool): string {
  const given = fields(input, 'input');
  return [
    `### ${name}`,
    `${description} (${EFFECTS[effect]})`,
    given.length === 0 ? 'No arguments.' : table(['argument', 'type', '', 'what it is'], given),
    `Answers with: ${fields(output, 'output')
      .map(([field]) => field)
      .join(', ')}.`,
  ].join('\n\n');
}

function fields(schema: z.ZodObject, io: 'input' | 'output'): string[][] {
  const { properties, required } = Schema.parse(z.toJSONSchema(schema, { io, unrepresentable: 'any' }));
  return Object.entries(properties).map(([name, { type, description }]) => [
    `\`${name}\``,
    type ?? '',
    required.includes(name) ? 'required' : '',
    description,
  ]);
}
