import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tools } from '../../src/tools/tools.js';
import { makeHome } from '../helpers/home.js';
import { type InProcess, inProcess } from '../helpers/in-process.js';
import { endAllRuns } from '../helpers/runs.js';

describe('the path of a model', () => {
  let home: Awaited<ReturnType<typeof makeHome>>;
  let server: InProcess;
  let workspace: string;

  beforeAll(async () => {
    home = await makeHome();
    server = await inProcess(home.path, {});
    workspace = String((await server.call('start_run', { task_id: 'mini_baby_lm' })).data.workspace);
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await endAllRuns(home.path);
    await home[Symbol.asyncDispose]();
  });

  async function refused(model_path: string): Promise<string> {
    const { isError, text } = await server.call('submit_model', { model_path });
    expect(isError).toBe(true);
    expect(text).not.toContain('Something went wrong inside the server');
    expect(text.length).toBeLessThan(1000);
    return text;
  }

  test.each([
    ['of 5,000 characters', 'x'.repeat(5000), 'model_path is too long: at most 1,000 characters'],
    [
      'with a name of 300 characters',
      'x'.repeat(300),
      'holds a name of 300 bytes, and none is longer than 255',
    ],
    ['with a name of 200 long characters', '語'.repeat(200), 'holds a name of 600 bytes'],
    ['whose names are short and many', 'é/'.repeat(490), 'no model folder at that path'],
    ['with a line break', 'a\nb', '"a\ufffdb" holds a line break or another control character'],
    ['with a null character', 'a\0b', 'holds a line break or another control character'],
    ['with half a character', 'a\ud800b', 'holds half a character (a lone surrogate)'],
    ['of the folder above', '..', 'lies outside the workspace'],
    ['of a folder beside the workspace', '../other', 'lies outside the workspace'],
    ['outside', '/etc', 'lies outside the workspace'],
    ['of the workspace', 'a/..', 'The workspace itself cannot be handed in'],
    ['that is empty', '', 'The workspace itself cannot be handed in'],
    ['of nothing', '..nothing', 'There is no model folder at that path'],
  ])('%s is refused with its own sentence', async (_, path, sentence) => {
    expect(await refused(path)).toContain(sentence);
    expect((await server.call('run_status')).data.state).toBe('running');
  });

  test('that begins with two dots or holds odd characters is one inside the workspace', async () => {
    const folder = join('..model', 'mü "x" 🙂');
    await mkdir(join(workspace, '..model'));
    await cp(join(workspace, 'example_submission'), join(workspace, folder), { recursive: true });
    const { data } = await server.call('submit_model', { model_path: folder });
    expect(data.accepted).toBe(true);
    expect(await server.runs.read(String(data.run_id))).toMatchObject({ submission: { model_path: folder } });
  });
});

test('a limit on the length of an argument is said in words too: few clients show a model the number in the schema', () => {
  const limited = tools.flatMap(tool =>
    Object.entries(tool.input.shape).flatMap(([name, schema]) => {
      const { maxLength, description } = schema.toJSONSchema();
      return maxLength === undefined ? [] : [{ argument: `${tool.name} ${name}`, maxLength, description }];
    }),
  );
  expect(limited.map(({ argument }) => argument)).toContain('submit_model note');
  for (const { argument, maxLength = 0, description } of limited) {
    expect(`${argument}: ${description}`).toContain(`${maxLength.toLocaleString('en-US')} characters`);
  }
});
