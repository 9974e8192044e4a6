import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { instructions } from '../../src/server/instructions.js';
import { CLIENTS, type Contestant, connect } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';

const Schema = z.looseObject({
  type: z.literal('object'),
  properties: z.record(z.string(), z.looseObject({ type: z.unknown(), description: z.string().optional() })),
});
const ListedTool = z.looseObject({
  name: z.string(),
  description: z.string(),
  inputSchema: Schema,
  outputSchema: Schema,
  annotations: z.looseObject({
    readOnlyHint: z.boolean(),
    destructiveHint: z.boolean(),
    idempotentHint: z.boolean(),
  }),
});

describe.each(CLIENTS)('what the %s finds', kind => {
  let home: Awaited<ReturnType<typeof makeHome>>;
  let me: Contestant;

  beforeAll(async () => {
    home = await makeHome();
    me = await connect({ home: home.path, kind });
  });

  afterAll(async () => {
    await me.close();
    await home[Symbol.asyncDispose]();
  });

  test('instructions under 2 KB that name the way from a task to a score', () => {
    const told = me.client.getInstructions() ?? '';
    expect(told).toBe(instructions);
    expect(Buffer.byteLength(told)).toBeLessThan(2048);
    for (const tool of ['list_tasks', 'start_run', 'job_wait', 'submit_model', 'get_result'])
      expect(told).toContain(tool);
  });

  test('tools with flat schemas, described arguments and consistent hints', async () => {
    const tools = z.array(ListedTool).parse((await me.client.listTools()).tools);
    expect(tools.length).toBeGreaterThan(15);
    for (const tool of tools) {
      expect(tool.name).toMatch(/^[a-z0-9_]{1,50}$/);
      expect(tool.description.length).toBeLessThan(1024);
      expect(JSON.stringify(tool.inputSchema)).not.toMatch(/anyOf|oneOf|allOf|\$ref/);
      for (const [name, property] of Object.entries(tool.inputSchema.properties)) {
        expect(property.description, `${tool.name}.${name}`).toBeTruthy();
      }
      expect(tool.annotations.readOnlyHint && tool.annotations.destructiveHint).toBe(false);
    }
  });

  test('what can take away what was there is marked, so that a client may ask first', async () => {
    const tools = z.array(ListedTool).parse((await me.client.listTools()).tools);
    const marked = tools.filter(({ annotations }) => annotations.destructiveHint);
    expect(marked.map(({ name }) => name).sort()).toEqual([
      'delete_code',
      'job_cancel',
      'replace_code',
      'run_bash',
      'run_python',
      'submit_model',
      'write_code',
    ]);
    const harmless = tools.filter(
      ({ annotations }) => annotations.idempotentHint && !annotations.readOnlyHint,
    );
    expect(harmless.map(({ name }) => name).sort()).toEqual(['download_paper', 'job_cancel', 'write_code']);
  });

  test('the task as a resource, word for word what read_task answers', async () => {
    const { resources } = await me.client.listResources();
    expect(resources.map(({ uri }) => uri)).toContain('mlrb://tasks/mini_baby_lm');
    const { resourceTemplates } = await me.client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual(['mlrb://tasks/{task_id}']);
    const { contents } = await me.client.readResource({ uri: 'mlrb://tasks/mini_baby_lm' });
    const { data } = await me.ok('read_task', { task_id: 'mini_baby_lm' });
    expect(contents[0]).toMatchObject({ text: data.prompt });
    await expect(me.client.readResource({ uri: 'mlrb://tasks/nothing' })).rejects.toThrow(/No resource/);
  });

  test('completions for task ids', async () => {
    const ref = { type: 'ref/resource', uri: 'mlrb://tasks/{task_id}' } as const;
    const { completion } = await me.client.complete({ ref, argument: { name: 'task_id', value: 'mini_b' } });
    expect(completion.values).toEqual(['mini_baby_lm']);
  });

  test('a start prompt that holds the task', async () => {
    const { prompts } = await me.client.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual(['start']);
    const { messages } = await me.client.getPrompt({ name: 'start', arguments: { task_id: 'mini_baby_lm' } });
    expect(JSON.stringify(messages)).toContain('BLiMP');
    await expect(me.client.getPrompt({ name: 'start', arguments: { task_id: 'nothing' } })).rejects.toThrow(
      /No task named/,
    );
  });
});
