import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { connect } from '../helpers/contestant.js';
import { freshFolder } from '../helpers/data.js';
import { makeHome } from '../helpers/home.js';
import { endAllRuns } from '../helpers/runs.js';
import { mlrb } from './mlrb.js';

const NAME = 'nursery_rhymes';

let home: Awaited<ReturnType<typeof makeHome>>;
let own: string;

beforeEach(async () => {
  home = await makeHome();
  own = freshFolder();
  cpSync(join(PACKAGE_ROOT, 'docs', 'examples', 'tasks'), own, { recursive: true });
});

afterEach(async () => {
  await endAllRuns(home.path);
  await home[Symbol.asyncDispose]();
});

test('tasks lists a task of the folder with the others, and tells its text', async () => {
  const listed = await mlrb(home.path, `tasks --tasks ${own}`);
  expect(listed).toMatchObject({ code: 0, stderr: '' });
  expect(listed.stdout).toMatch(/mini_baby_lm[\s\S]*nursery_rhymes *.* custom .* blimp@100/);
  const told = await mlrb(home.path, `tasks ${NAME} --tasks ${own}`);
  expect(told.stdout).toContain('# Language model from scratch on nursery rhymes');
  expect(told.stdout).toContain('`<data>/rhymes.txt`');
});

test('without the folder the task is not known', async () => {
  expect(await mlrb(home.path, `tasks ${NAME}`)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`No task named "${NAME}".`),
  });
});

test('a server plays it like any other: its data lies in the sandbox, and what is handed in is scored by it', async () => {
  const flags = ['--tasks', own];
  makeQuick();
  await using me = await connect({ home: home.path, flags });
  const { data: run } = await me.ok('start_run', { task_id: NAME });
  const { data: read } = await me.ok('run_bash', { script: `head -n 1 '${run.data}/rhymes.txt'` });
  expect(read.output).toContain('Humpty Dumpty sat on a wall,');
  expect(readFileSync(join(String(run.workspace), 'README.md'), 'utf8')).toBe(run.prompt);
  await me.ok('submit_model', { model_path: 'example_submission' });
  let result = await me.ok('get_result', { wait_s: 50 });
  while (result.data.outcome === undefined) result = await me.ok('get_result', { wait_s: 50 });
  expect(result.data).toMatchObject({ state: 'evaluated', outcome: 'valid' });
  expect(result.data.scores).toContainEqual(expect.objectContaining({ metric: 'blimp@1', n: 67 }));
});

/** One pair of each subtask: the path to a score is the same. */
function makeQuick(): void {
  const manifest = join(own, NAME, 'task.yaml');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replaceAll('blimp@100', 'blimp@1'));
}

test('doctor says that the tasks of the folder can be played, or what is not right in it', async () => {
  const ok = await mlrb(home.path, `doctor --tasks ${own}`);
  expect(ok.stdout).toMatch(/^ok +own tasks: nursery_rhymes$/m);
  writeFileSync(join(own, NAME, 'prompt.md'), '## Goal\n\nX.\n\n## Models\n\n{{no_mark}}\n');
  const bad = await mlrb(home.path, `doctor --tasks ${own}`);
  expect(bad.code).toBe(1);
  expect(bad.stdout).toMatch(/^missing +own tasks: .*Nothing fills the mark \{\{no_mark\}\}/m);
});

test.each(['tasks', 'serve', 'agent --task smoke --model script:nop', 'evaluate --task smoke --model .'])(
  'mlrb %s ends with one sentence if a manifest is not right',
  async command => {
    writeFileSync(join(own, NAME, 'task.yaml'), 'id: broken\n');
    const ended = await mlrb(home.path, `${command} --tasks ${own}`);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(
      /^.*nursery_rhymes\/task\.yaml: "version" is not right: it takes a number\..*\n$/,
    );
  },
);
