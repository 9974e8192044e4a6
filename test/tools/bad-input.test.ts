import { execFileSync } from 'node:child_process';
import { mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Contestant, connect } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';
import { endAllRuns } from '../helpers/runs.js';

/** Every answer to bad input is a sentence of ours that says what to do; the run goes on. */
describe('bad input', () => {
  let home: Awaited<ReturnType<typeof makeHome>>;
  let me: Contestant;
  let workspace: string;

  beforeAll(async () => {
    home = await makeHome();
    me = await connect({ home: home.path });
    const started = await me.ok('start_run', { task_id: 'mini_baby_lm' });
    workspace = String(started.data.workspace);
  });

  afterAll(async () => {
    await me.close();
    await endAllRuns(home.path);
    await home[Symbol.asyncDispose]();
  });

  async function refused(tool: string, input: Record<string, unknown> = {}): Promise<string> {
    const seen = await me.call(tool, input);
    expect(seen.isError, seen.text).toBe(true);
    expect(seen.text).not.toMatch(/at .*\.(js|ts|py):\d+|Traceback|undefined|\[object/);
    return seen.text;
  }

  test.each([
    ['an unknown tool', 'run_bsh', { script: 'true' }, 'No tool named "run_bsh". Did you mean "run_bash"?'],
    [
      'a misspelt argument',
      'run_bash',
      { scrpt: 'true' },
      'There is no argument "scrpt". Did you mean "script"?',
    ],
    ['a tool that is like no other', 'frobnicate', {}, 'github_get_file_code. Use one of them.'],
    ['a missing argument', 'run_bash', {}, 'The argument script is missing.'],
    ['a wrong type', 'run_bash', { script: 5 }, 'The argument script must be a text.'],
    ['a word out of a choice', 'scratchpad', { action: 'erase' }, 'must be one of "read", "write"'],
    ['both of filepath and code', 'run_python', { filepath: 'a.py', code: 'x' }, 'not both'],
    ['neither of filepath and code', 'run_python', {}, 'neither was there'],
    ['an empty script', 'run_bash', { script: ' \n' }, 'The script is empty'],
    ['an unknown task', 'read_task', { task_id: 'mini_baby_ml' }, 'Did you mean "mini_baby_lm"?'],
    ['an unknown suite', 'list_tasks', { suite: 'minis' }, 'Did you mean "mini"?'],
    ['an unknown job', 'job_wait', { job_id: 'job_nothere' }, 'job_list'],
    ['cancelling an unknown job', 'job_cancel', { job_id: 'job_nothere' }, 'job_list'],
    ['an empty note', 'scratchpad', { action: 'write', note: '' }, 'The note is empty'],
    [
      'lines backwards',
      'read_code',
      { path: 'README.md', start_line: 5, end_line: 2 },
      'lies before start_line 5',
    ],
    [
      'a line that no file has',
      'read_code',
      { path: 'README.md', start_line: 1e18 },
      'The argument start_line is too large: at most 9,007,199,254,740,991.',
    ],
    [
      'a line below all numbers',
      'read_code',
      { path: 'README.md', start_line: -1e18 },
      'The argument start_line is too small: at least -9,007,199,254,740,991.',
    ],
    ['a file that is not there', 'read_code', { path: 'nothing.py' }, 'nothing.py'],
    ['an empty target', 'replace_code', { path: 'README.md', old_code: '', new_code: 'x' }, 'is empty'],
    [
      'a target that is not there',
      'replace_code',
      { path: 'README.md', old_code: 'never there', new_code: 'x' },
      'README.md',
    ],
    ['another run of nobody', 'get_result', { run_id: 'run_0123456789abcdef' }, 'You have no run'],
    ['submitting nothing', 'submit_model', { model_path: 'nothing_here' }, 'not accepted; the run goes on'],
    ['submitting a file', 'submit_model', { model_path: 'README.md' }, 'not accepted; the run goes on'],
    ['submitting the workspace', 'submit_model', { model_path: '.' }, 'a folder of its own'],
    ['submitting from outside', 'submit_model', { model_path: '/etc' }, 'outside the workspace'],
  ])('%s', async (_what, tool, input, sentence) => {
    expect(await refused(tool, input)).toContain(sentence);
  });

  test.each(['../outside.py', '/etc/passwd', 'a\nb.py', 'x'.repeat(10_000), `${'x'.repeat(300)}.py`, ''])(
    'a path that cannot be: %j',
    async path => {
      expect(await refused('write_code', { path, code: 'x' })).not.toBe('');
      expect(await refused('read_code', { path })).not.toBe('');
    },
  );

  test('a path through a link to the outside', async () => {
    await symlink('/etc', join(workspace, 'link'));
    expect(await refused('read_code', { path: 'link/passwd' })).toContain('link/passwd');
    expect(await refused('write_code', { path: 'link/mlrb-test', code: 'x' })).toContain('link/mlrb-test');
    expect(await refused('submit_model', { model_path: 'link' })).toContain('goes through a link');
    await rm(join(workspace, 'link'));
  });

  test('a device, a FIFO and a folder where a file is asked for', async () => {
    execFileSync('mkfifo', [join(workspace, 'pipe')]);
    await mkdir(join(workspace, 'folder'));
    expect(await refused('read_code', { path: 'pipe' })).toContain('pipe');
    expect(await refused('read_code', { path: '/dev/zero' })).toContain('/dev/zero');
    expect(await refused('read_code', { path: 'folder' })).toContain('folder');
    expect(await refused('write_code', { path: 'folder', code: 'x' })).toContain('folder');
  });

  test('a binary file and one of 1 GB', async () => {
    await writeFile(join(workspace, 'binary'), Buffer.from([0, 1, 2, 255, 254, 0]));
    expect(await refused('read_code', { path: 'binary' })).toContain('binary');
    await writeFile(join(workspace, 'large.txt'), 'first line\nsecond line\n');
    await truncate(join(workspace, 'large.txt'), 1e9);
    expect(await refused('read_code', { path: 'large.txt' })).toContain('not a text file');
    await rm(join(workspace, 'large.txt'));
  });

  test('a target that occurs several times: nothing is changed, and the lines are told', async () => {
    await me.ok('write_code', { path: 'twice.py', code: 'x = 1\ny = 2\nx = 1\n' });
    expect(await refused('replace_code', { path: 'twice.py', old_code: 'x = 1', new_code: 'x = 3' })).toMatch(
      /2 times|twice.*1.*3/s,
    );
    expect(await refused('insert_code', { path: 'twice.py', target: 'x = 1', new_code: 'z' })).toMatch(
      /1.*3/s,
    );
    expect((await me.ok('read_code', { path: 'twice.py' })).data.content).toBe(
      '1\tx = 1\n2\ty = 2\n3\tx = 1',
    );
    await me.ok('replace_code', { path: 'twice.py', old_code: 'x = 1', new_code: 'x = 3', all: true });
  });

  test('starting a second run while one is on', async () => {
    expect(await refused('start_run', { task_id: 'mini_baby_lm' })).toMatch(
      /is on, with .* left.*submit_model/s,
    );
  });

  test('a cursor beyond the end and a negative one', async () => {
    const { data } = await me.ok('run_bash', { script: 'echo hello' });
    const beyond = await refused('job_wait', { job_id: data.job_id, cursor: 10_000 });
    expect(beyond).toMatch(/lies beyond the end .* Use the cursor of the last answer/);
    const negative = await me.ok('job_wait', { job_id: data.job_id, cursor: -5 });
    expect(negative.data.output).toBe('hello');
  });

  test('a wait that is too long is cut, not refused', async () => {
    const seen = await me.ok('run_bash', { script: 'true', wait_s: 100_000 });
    expect(seen.data.exit_code).toBe(0);
  });

  test('a name with characters that nobody sees is shown the same way everywhere, and a long one says how long', async () => {
    const name = 'a\u0007b\u0085c\nd';
    const shown = '"a\ufffdb\ufffdc\ufffdd"';
    expect(await refused('read_code', { path: name })).toContain(`The path ${shown} holds a control`);
    expect(await refused('submit_model', { model_path: name })).toContain(`The model path ${shown} holds`);
    expect(await refused('read_task', { task_id: name })).toContain(`No task named ${shown}.`);
    expect(await refused(name)).toContain(`No tool named ${shown}.`);
    expect(await refused('run_status', { run_id: name })).toContain(`You have no run ${shown}.`);
    expect(await refused('job_wait', { job_id: name })).toContain(`There is no job ${shown}.`);
    expect(await refused('run_bash', { script: 'true', [name]: 1 })).toContain(`no argument ${shown}.`);
    expect(await refused('read_code', { path: 'a'.repeat(12_345) })).toContain('has 12,345 characters');
    expect(await refused('read_code', { path: 'a'.repeat(1234) })).toContain('a name of 1,234 bytes');
  });

  test('output with control sequences, progress bars and invalid UTF-8 arrives as plain text', async () => {
    const script = String.raw`printf '\033[31mred\033[0m\n10%%\r50%%\r100%%\n\377\376 caf\303\251 \360\237\230\200\n\a'`;
    const seen = await me.ok('run_bash', { script });
    expect(seen.data.output).toBe('red\n100%\n\ufffd\ufffd café 😀');
  });

  test('a prompt for input gets end of file, and a job in the background does not hold the call', async () => {
    const prompt = await me.ok('run_python', { code: 'input("name? ")', wait_s: 20 });
    expect(prompt.data).toMatchObject({
      state: 'exited',
      exit_code: 1,
      output: expect.stringContaining('EOFError'),
    });
    const background = await me.ok('run_bash', { script: 'sleep 500 & echo started', wait_s: 20 });
    expect(background.data).toMatchObject({ state: 'exited', output: 'started', background: 1 });
    await me.ok('job_cancel', { job_id: background.data.job_id });
  });

  test('a program that ignores SIGTERM is ended all the same, and one that dies by a signal is told as such', async () => {
    const stubborn = await me.ok('run_bash', {
      script: "trap '' TERM; echo ready; while :; do sleep 0.1; done",
      wait_s: 1,
    });
    expect((await me.ok('job_cancel', { job_id: stubborn.data.job_id })).data.state).toBe('cancelled');
    const killed = await me.ok('run_bash', { script: 'kill -SEGV $$' });
    expect(killed.data).toMatchObject({ state: 'exited', exit_signal: 'SIGSEGV' });
  });

  test('a program that fills the disk quota is ended, and told what to do about it', async () => {
    const seen = await me.ok('run_bash', { script: 'exec truncate -s 100G full' });
    expect(seen.data).toMatchObject({ state: 'cancelled', ended_by: 'disk_full' });
    expect(seen.text).toMatch(
      /was ended for filling the workspace after [\d.]+ s\. Delete files that you do not need before you go on\.\n/,
    );
  });

  test('long output keeps its head and its tail, and the whole is in the file that is named', async () => {
    const seen = await me.ok('run_bash', { script: 'echo HEAD; seq 1 100000; echo TAIL' });
    const output = String(seen.data.output);
    expect(output).toMatch(/^HEAD\n1\n2\n/);
    expect(output).toMatch(/\nTAIL$/);
    expect(output.length).toBeLessThan(11_000);
    expect(output).toContain(String(seen.data.output_path));
    const lines = await me.ok('run_bash', { script: `wc -l < ${String(seen.data.output_path)}` });
    expect(lines.data.output).toBe('100002');
  });

  test.each([
    ['pickled weights', { 'pytorch_model.bin': 'x' }, 'pytorch_model.bin'],
    ['code', { 'modeling_x.py': 'x' }, 'modeling_x.py'],
    ['an adapter', { 'adapter_config.json': '{}' }, 'adapter'],
  ])('submitting %s names the file, and every other reason at once', async (_what, files, name) => {
    const folder = join(workspace, 'bad_model');
    await mkdir(folder, { recursive: true });
    for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), content);
    const text = await refused('submit_model', { model_path: 'bad_model' });
    expect(text).toContain(name);
    expect(text).toContain('config.json');
    expect(text.split('\n- ').length).toBeGreaterThan(2);
    await rm(folder, { recursive: true });
  });
});

test('any tool before a run says how to start one', async () => {
  await using home = await makeHome();
  await using me = await connect({ home: home.path });
  for (const [tool, input] of [
    ['run_bash', { script: 'true' }],
    ['run_status', {}],
    ['submit_model', { model_path: 'x' }],
    ['get_result', {}],
    ['job_list', {}],
    ['scratchpad', { action: 'read' }],
    ['thought', { thought: 'x' }],
  ] as const) {
    const seen = await me.call(tool, input);
    expect(seen.isError).toBe(true);
    expect(seen.text).toContain('No run has been started. Call list_tasks');
  }
});
