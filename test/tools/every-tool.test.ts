import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tools } from '../../src/tools/tools.js';
import { CLIENTS, type Contestant, connect } from '../helpers/contestant.js';
import { startGitHubServer } from '../helpers/github-server.js';
import { makeHome } from '../helpers/home.js';
import type { LocalService } from '../helpers/local-service.js';
import { startPapersServer } from '../helpers/papers-server.js';
import { endAllRuns } from '../helpers/runs.js';

/** One run per client in which every tool is called. Text and data must each say everything, so both are looked at. */
describe.each(CLIENTS)('through the %s', kind => {
  let home: Awaited<ReturnType<typeof makeHome>>;
  let me: Contestant;
  let papers: LocalService;
  let github: LocalService;
  const called = new Set<string>();

  beforeAll(async () => {
    home = await makeHome();
    papers = await startPapersServer();
    github = await startGitHubServer();
    const env = {
      MLRB_RESEARCH_SEMANTIC_SCHOLAR_URL: papers.url,
      MLRB_RESEARCH_ARXIV_API_URL: papers.url,
      MLRB_RESEARCH_ARXIV_URL: papers.url,
      MLRB_RESEARCH_OPENALEX_URL: papers.url,
      MLRB_RESEARCH_GITHUB_URL: github.url,
    };
    me = await connect({ home: home.path, kind, env });
  });

  afterAll(async () => {
    await me.close();
    await endAllRuns(home.path);
    await papers[Symbol.asyncDispose]();
    await github[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  async function ok(tool: string, input: Record<string, unknown> = {}) {
    called.add(tool);
    return me.ok(tool, input);
  }

  test('list_tasks names the tasks with budget and metric', async () => {
    const seen = await ok('list_tasks');
    expect(seen.data.tasks).toContainEqual(
      expect.objectContaining({ task_id: 'mini_baby_lm', wall_clock_min: 20, metric: 'blimp@100' }),
    );
    expect(seen.text).toContain('mini_baby_lm');
  });

  test('read_task tells the whole task and starts nothing', async () => {
    const seen = await ok('read_task', { task_id: 'mini_baby_lm' });
    expect(seen.data.prompt).toMatch(/BLiMP/);
    expect(seen.text).toContain(String(seen.data.prompt));
    expect((await me.call('run_status')).isError).toBe(true);
  });

  test('start_run makes a workspace in which the paths of the prompt exist', async () => {
    const seen = await ok('start_run', { task_id: 'mini_baby_lm', note: 'a test' });
    expect(seen.data).toMatchObject({ task_id: 'mini_baby_lm', run_id: expect.stringMatching(/^run_/) });
    expect(seen.text).toContain(String(seen.data.workspace));
    const listed = await ok('list_files', { path: String(seen.data.data) });
    expect(listed.text).toContain('tinyshakespeare');
    expect(await readFile(`${String(seen.data.workspace)}/README.md`, 'utf8')).toBe(seen.data.prompt);
  });

  test('run_status tells state, time and disk', async () => {
    const seen = await ok('run_status');
    expect(seen.data).toMatchObject({ state: 'running', task_id: 'mini_baby_lm', disk_limit_bytes: 2e9 });
    expect(seen.data.time_left_s).toBeGreaterThan(1000);
    expect(seen.text).toMatch(/left/);
  });

  test('write, read, insert, replace, delete: a file goes through all edits', async () => {
    await ok('write_code', { path: 'pkg/hello.py', code: 'print("one")\nprint("two")\n' });
    await ok('insert_code', {
      path: 'pkg/hello.py',
      target: 'print("one")\n',
      new_code: 'print("one and a half")\n',
    });
    await ok('insert_code', {
      path: 'pkg/hello.py',
      target: 'print("one")',
      new_code: '# start\n',
      where: 'before',
    });
    await ok('replace_code', { path: 'pkg/hello.py', old_code: '"two"', new_code: '"three"' });
    await ok('delete_code', { path: 'pkg/hello.py', target: '# start\n' });
    const seen = await ok('read_code', { path: 'pkg/hello.py' });
    expect(seen.data.content).toBe('1\tprint("one")\n2\tprint("one and a half")\n3\tprint("three")');
    expect(seen.text).toContain(String(seen.data.content));
  });

  test('run_python runs a file with arguments, and code', async () => {
    await ok('write_code', { path: 'args.py', code: 'import sys; print(sys.argv[1:]); sys.exit(3)' });
    const file = await ok('run_python', { filepath: 'args.py', args: ['a b', '--x'] });
    expect(file.data).toMatchObject({ state: 'exited', exit_code: 3, output: "['a b', '--x']" });
    expect(file.text).toContain("['a b', '--x']");
    const code = await ok('run_python', { code: 'import torch, transformers; print(torch.__version__)' });
    expect(code.data).toMatchObject({ exit_code: 0, output: expect.stringMatching(/^2\./) });
  });

  test('run_bash answers with a job when the time to wait is over, and the job goes on', async () => {
    const started = await ok('run_bash', { script: 'echo begin; sleep 2; echo end', wait_s: 0.2 });
    expect(started.data).toMatchObject({ state: 'running', job_id: expect.stringMatching(/^job_/) });
    expect(started.text).toContain('job_wait');
    const { job_id } = started.data;
    const ended = await ok('job_wait', { job_id, cursor: started.data.cursor, wait_s: 30 });
    expect(ended.data).toMatchObject({ state: 'exited', exit_code: 0 });
    const whole = await ok('job_wait', { job_id, cursor: 0 });
    expect(whole.data.output).toBe('begin\nend');
  });

  test('job_list names the jobs and job_cancel ends one, twice the same', async () => {
    const { data } = await ok('run_bash', { script: 'sleep 1000', wait_s: 0 });
    const listed = await ok('job_list');
    expect(listed.data.jobs).toContainEqual(
      expect.objectContaining({ job_id: data.job_id, state: 'running' }),
    );
    const first = await ok('job_cancel', { job_id: data.job_id });
    expect(first.data).toMatchObject({ state: 'cancelled', ended_by: 'cancelled' });
    const again = await ok('job_cancel', { job_id: data.job_id });
    expect(again.data).toMatchObject({ state: 'cancelled' });
  });

  test('scratchpad keeps notes and thought is recorded', async () => {
    await ok('scratchpad', { action: 'write', note: 'learning rate 3e-4' });
    await ok('scratchpad', { action: 'write', note: 'then evaluate' });
    const seen = await ok('scratchpad', { action: 'read' });
    expect(seen.data.notes).toBe('learning rate 3e-4\n\nthen evaluate\n\n');
    expect((await ok('thought', { thought: 'I should keep a checkpoint.' })).text).toContain('Noted.');
  });

  test('papers are found, told and read as text in the workspace', async () => {
    const found = await ok('search_papers', { query: 'small language models' });
    expect(found.data.papers).toContainEqual(expect.objectContaining({ arxiv_id: '2304.01234' }));
    const details = await ok('get_paper_details', { paper_id: 'https://arxiv.org/abs/2304.01234' });
    expect(details.data.title).toBe('Small Language Models from Scratch');
    const citing = await ok('get_paper_citations', { paper_id: '2304.01234' });
    expect(citing.text).toContain('Injected Instructions');
    const paper = await ok('download_paper', { paper_id: '2304.01234' });
    expect((await ok('read_code', { path: paper.data.path })).text).toContain('--- page 2 of 2 ---');
  });

  test('repositories are listed and read', async () => {
    const repo_url = 'https://github.com/octo/toolkit/tree/main/src';
    expect((await ok('github_get_readme', { repo_url: 'octo/toolkit' })).text).toContain('> # Toolkit');
    const listed = await ok('github_list_files', { repo_url });
    expect(listed.data.entries).toContainEqual(expect.objectContaining({ path: 'train.py' }));
    const file = await ok('github_get_file_code', { repo_url, file_path: 'train.py', end_line: 1 });
    expect(file.data.content).toBe('1\tstep(1)');
  });

  test('submit_model accepts the example, once, and get_result tells the score in the end', async () => {
    const first = await ok('submit_model', { model_path: 'example_submission', claimed_metric: 'chance' });
    expect(first.data).toMatchObject({ accepted: true });
    const again = await ok('submit_model', { model_path: 'something_else' });
    expect(again.data).toEqual(first.data);
    const result = await waitForOutcome(ok);
    expect(result.data).toMatchObject({ state: 'evaluated', outcome: 'valid' });
    expect(result.data.scores).toContainEqual(
      expect.objectContaining({ metric: 'blimp@100', n: 6700, value: expect.any(Number) }),
    );
    expect(result.text).toContain('blimp@100');
  }, 240_000);

  test('no tool was left out', () => {
    expect([...called].sort()).toEqual(tools.map(({ name }) => name).sort());
  });
});

async function waitForOutcome(
  ok: (tool: string, input?: Record<string, unknown>) => ReturnType<Contestant['ok']>,
) {
  for (let asked = 0; asked < 10; asked += 1) {
    const seen = await ok('get_result', { wait_s: 40 });
    if (seen.data.outcome !== undefined) return seen;
  }
  throw new Error('no outcome after 400 s');
}
