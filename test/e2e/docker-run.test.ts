import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { RunStore } from '../../src/runs/run-store.js';
import { homeLabel } from '../../src/sandbox/docker/run-container.js';
import { mlrb } from '../cli/mlrb.js';
import { answersOf } from '../helpers/answers.js';
import { CLIENTS, type Contestant, connect, MAIN } from '../helpers/contestant.js';
import { docker, dockerLack, needsDocker, TEST_IMAGE } from '../helpers/docker.js';
import { makeHome } from '../helpers/home.js';

/** Tasks whose data is there without a network, and is trained on and scored on in parts. */
const SCORED_TASKS = ['mini_baby_lm', 'mini_llm_efficiency'] as const;

const SHIFTED_CLOCK = new URL('../helpers/shifted-clock.mjs', import.meta.url).href;

type Home = Awaited<ReturnType<typeof makeHome>>;

/** A home folder whose settings say Docker, for servers and commands alike. */
async function makeDockerHome(settings: Record<string, unknown>): Promise<Home> {
  const home = await makeHome();
  await writeFile(join(home.path, 'config.json'), JSON.stringify({ sandbox: 'docker', ...settings }));
  return home;
}

async function endRuns(home: string): Promise<void> {
  const { stdout } = await mlrb(home, 'runs --json');
  for (const { run_id } of JSON.parse(stdout || '[]')) await mlrb(home, `cancel ${run_id}`);
}

function containerOf(runId: unknown): string {
  return docker('ps', '--all', '--quiet', '--filter', `name=mlrb-${runId}`);
}

describe.skipIf(dockerLack)(needsDocker('runs in Docker'), () => {
  describe('through servers and commands', () => {
    let home: Home;
    beforeAll(async () => {
      home = await makeDockerHome({ docker: { image: TEST_IMAGE }, jobs: { wait_s: 10 } });
    });
    afterAll(async () => {
      await endRuns(home.path);
      await home[Symbol.asyncDispose]();
    });

    test('a server that is killed is followed by one that finds the job, its output and the time', async () => {
      const first = await connect({ home: home.path, principal: 'killed' });
      const run = await first.ok('start_run', { task_id: 'mini_baby_lm' });
      expect(run.data).toMatchObject({ workspace: '/workspace', data: '/data' });
      const { data: job } = await first.ok('run_bash', {
        script: 'echo one; until [ -e go ]; do sleep 0.05; done; echo two',
        wait_s: 1,
      });
      process.kill(first.pid, 'SIGKILL');
      await using next = await connect({ home: home.path, principal: 'killed' });
      await next.ok('write_code', { path: 'go', code: '' });
      const { data: page } = await next.ok('job_wait', { job_id: job.job_id, cursor: job.cursor });
      expect(page).toMatchObject({ state: 'exited', output: 'two' });
      const { data: status } = await next.ok('run_status');
      expect(status.run_id).toBe(run.data.run_id);
      expect((await mlrb(home.path, `cancel ${run.data.run_id}`)).code).toBe(0);
      expect(containerOf(run.data.run_id)).toBe('');
    });

    test('cleanup from beside two servers removes what nobody uses and leaves their runs alone', async () => {
      await using one = await connect({ home: home.path, principal: 'one' });
      await using two = await connect({ home: home.path, principal: 'two' });
      const [first, second] = await Promise.all(
        [one, two].map(each => each.ok('start_run', { task_id: 'mini_baby_lm' })),
      );
      const label = docker(
        'inspect',
        '--format',
        '{{index .Config.Labels "mlrb.home"}}',
        `mlrb-${first?.data.run_id}`,
      );
      const labels = ['--label', `mlrb.home=${label}`, '--label', 'mlrb.run=run_gone'];
      docker('run', '--detach', '--name', 'mlrb-run_gone', ...labels, TEST_IMAGE, 'sleep', '1000');
      const foreign = docker(
        'run',
        '--detach',
        '--label',
        'mlrb.home=other',
        '--label',
        'mlrb.run=run_other',
        TEST_IMAGE,
        'sleep',
        '1000',
      );
      try {
        const looked = await mlrb(home.path, 'cleanup --dry-run');
        expect(looked.stderr).toContain('mlrb-run_gone: a container of a run that is over or gone.');
        expect(containerOf('run_gone')).not.toBe('');
        const cleaned = await mlrb(home.path, 'cleanup');
        expect(cleaned).toMatchObject({ code: 0 });
        expect(containerOf('run_gone')).toBe('');
        expect(docker('inspect', '--format', '{{.State.Running}}', foreign)).toBe('true');
        for (const [each, run] of [
          [one, first],
          [two, second],
        ] as const) {
          expect((await each.ok('run_bash', { script: 'echo on' })).data.output).toBe('on');
          expect(containerOf(run?.data.run_id)).not.toBe('');
        }
      } finally {
        docker('rm', '--force', foreign);
      }
    });

    test('pause and resume stop and move the clock, tell the contestant, and stand in the trace', async () => {
      await using me = await connect({ home: home.path, principal: 'paused' });
      const run = await me.ok('start_run', { task_id: 'mini_baby_lm' });
      const { data: job } = await me.ok('run_bash', { script: 'sleep 1000', wait_s: 0 });
      const waiting = me.call('job_wait', { job_id: job.job_id, wait_s: 50 });
      const paused = await mlrb(home.path, `pause ${run.data.run_id}`);
      expect(paused.stdout).toMatch(/is paused with .* left/);
      expect((await waiting).text).toMatch(/paused by the operator/);
      const refused = await me.call('run_bash', { script: 'true' });
      expect(refused).toMatchObject({ isError: true });
      expect(refused.text).toMatch(/paused by the operator/);
      const { text, data: before } = await me.ok('run_status');
      expect(text).toMatch(/paused/);
      await pause(2500);
      const { data: later } = await me.ok('run_status');
      expect(later.time_used_s).toBe(before.time_used_s);
      expect((await mlrb(home.path, `resume ${run.data.run_id}`)).stdout).toMatch(/goes on, with/);
      expect((await me.ok('run_bash', { script: 'echo on' })).data.output).toBe('on');
      const { stdout } = await mlrb(home.path, `show ${run.data.run_id} --trace --json`);
      const shown = JSON.parse(stdout);
      expect(Date.parse(shown.run.deadline_at)).toBeGreaterThan(
        Date.parse(String(run.data.deadline_at)) + 2500,
      );
      const steps = shown.trace.filter(({ type }: { type: string }) => type === 'run_state');
      expect(steps.map(({ to }: { to: string }) => to)).toEqual(['created', 'running', 'paused', 'running']);
      expect(await mlrb(home.path, `pause ${'run_0000000000000000'}`)).toMatchObject({ code: 2 });
    });

    test('a pause whose command was killed before it froze anything is carried out by the next', async () => {
      await using me = await connect({ home: home.path, principal: 'half-paused' });
      const { data } = await me.ok('start_run', { task_id: 'mini_baby_lm' });
      const runId = String(data.run_id);
      await new RunStore(home.path).amend(runId, { paused_at: new Date().toISOString() });
      const isFrozen = () => docker('inspect', '--format', '{{.State.Paused}}', `mlrb-${runId}`);
      expect(isFrozen()).toBe('false');
      expect((await mlrb(home.path, `pause ${runId}`)).code).toBe(0);
      expect(isFrozen()).toBe('true');
      expect((await mlrb(home.path, `resume ${runId}`)).code).toBe(0);
      expect((await me.ok('run_bash', { script: 'echo on' })).data.output).toBe('on');
    });

    test.each([3_600_000, -3_600_000])(
      'a clock of the host that is set by %i ms neither ends a run nor lengthens it, nor its pauses',
      async shiftMs => {
        const env = { NODE_OPTIONS: `--import ${SHIFTED_CLOCK}`, CLOCK_SHIFT_MS: String(shiftMs) };
        const principal = `clock${shiftMs}`;
        await using before = await connect({ home: home.path, principal });
        const run = await before.ok('start_run', { task_id: 'mini_baby_lm' });
        const { data: first } = await before.ok('run_bash', { script: 'echo one' });
        const left = Number(first.time_left_s);
        await using after = await connect({ home: home.path, principal, env });
        const told = await after.ok('run_bash', { script: 'echo two' });
        expect(told.data).toMatchObject({ output: 'two', state: 'exited' });
        expect(Number(told.data.time_left_s)).toBeLessThanOrEqual(left);
        expect(Number(told.data.time_left_s)).toBeGreaterThan(left - 300);
        expect((await after.ok('run_status')).text).toMatch(/left: (1\d|20) min/);
        // A container that is made anew has the time that was left, whatever the server thinks of it.
        docker('rm', '--force', `mlrb-${run.data.run_id}`);
        const anew = await after.ok('run_bash', { script: 'echo three' });
        expect(Number(anew.data.time_left_s)).toBeLessThanOrEqual(left);
        expect(Number(anew.data.time_left_s)).toBeGreaterThan(left - 300);
        // A pause that begins by the one clock and ends by the other is as long as it was.
        expect((await mlrb(home.path, `pause ${run.data.run_id}`)).code).toBe(0);
        const resumed = spawnSync(
          process.execPath,
          [MAIN, 'resume', String(run.data.run_id), '--home', home.path],
          {
            env: { PATH: process.env.PATH ?? '', HOME: home.path, ...env },
            encoding: 'utf8',
          },
        );
        expect(resumed.status, resumed.stderr).toBe(0);
        const { data: last } = await before.ok('run_bash', { script: 'echo four' });
        expect(Number(last.time_left_s)).toBeLessThanOrEqual(left);
        expect(Number(last.time_left_s)).toBeGreaterThan(left - 300);
        const { stdout } = await mlrb(home.path, `show ${run.data.run_id} --json`);
        expect(JSON.parse(stdout).run.paused_s).toBeLessThan(300);
      },
    );

    test('an operator gives and takes the network, and contestant and record know of it', async () => {
      await using open = await connect({
        home: home.path,
        principal: 'open',
        env: { MLRB_DOCKER_NETWORK: 'open', MLRB_DOCKER_EGRESS_ALLOW: '10.255.255.1:80' },
      });
      const given = await open.ok('start_run', { task_id: 'mini_baby_lm' });
      expect(given.text).toMatch(/^Network: public addresses, by the proxy/m);
      const seen = await open.ok('run_bash', { script: 'ls /sys/class/net; echo $HTTPS_PROXY' });
      expect(seen.data.output).toBe('lo\nhttp://127.0.0.1:3128');
      // A server with other settings goes on with what the run was given.
      await using next = await connect({ home: home.path, principal: 'open' });
      docker('rm', '--force', `mlrb-${given.data.run_id}`);
      expect((await next.ok('run_bash', { script: 'echo $HTTPS_PROXY' })).data.output).toContain('3128');
      const { stdout } = await mlrb(home.path, `show ${given.data.run_id} --json`);
      expect(JSON.parse(stdout).run.network).toBe('open');
      expect((await mlrb(home.path, `cancel ${given.data.run_id}`)).code).toBe(0);
      expect(containerOf(given.data.run_id)).toBe('');
      await using none = await connect({
        home: home.path,
        principal: 'none',
        env: { MLRB_DOCKER_NETWORK: 'none' },
      });
      const task = await none.ok('read_task', { task_id: 'llm_merging' });
      expect(task.text).toContain('There is no network.');
    });

    test('without an engine, one sentence says what to do', async () => {
      await using me = await connect({
        home: home.path,
        principal: 'none',
        env: { MLRB_DOCKER_SOCKET: '/no/docker.sock' },
      });
      const refused = await me.call('start_run', { task_id: 'mini_baby_lm' });
      expect(refused.isError).toBe(true);
      expect(refused.text).toMatch(/^Docker does not answer at \/no\/docker\.sock\. Start its engine/);
    });
  });

  describe('with the images that setup builds', () => {
    let home: Home;
    beforeAll(async () => {
      home = await makeDockerHome({ docker: { base_image: TEST_IMAGE, build_network: 'host' } });
      const built = await mlrb(home.path, 'setup --docker');
      expect(built.code, built.stderr).toBe(0);
      expect(built.stdout).toMatch(/mlrb-sandbox:[0-9a-f]{12}[\s\S]*mlrb-eval:[0-9a-f]{12}/);
    }, 1_800_000);
    afterAll(async () => {
      await endRuns(home.path);
      await home[Symbol.asyncDispose]();
    });

    test('doctor finds nothing missing', async () => {
      const { stdout } = await mlrb(home.path, 'doctor');
      expect(stdout).toMatch(/^ok +Docker: engine/m);
      expect(stdout).toMatch(/^ok +Docker images: there/m);
    });

    test('no answer to anything that is scored lies in any layer of the image that contestants work in', async () => {
      const answers = (await Promise.all(SCORED_TASKS.map(task => answersOf(task, home.path)))).flat();
      expect(answers.length).toBeGreaterThan(200);
      const known = readFileSync(join(PACKAGE_ROOT, 'docker', 'eval', 'requirements.txt'), 'utf8');
      const control = known.split('\n').find(line => /^[a-z].*==/.test(line)) ?? '';
      const wanted = join(home.path, 'wanted');
      await writeFile(wanted, [...answers, control].join('\n'));
      const name = docker('images', '--format', '{{.Repository}}:{{.Tag}}', 'mlrb-sandbox').split('\n')[0];
      // Layers are saved as they are: what a later one hides or removes is searched, too.
      const search = `docker save ${name} | LC_ALL=C grep -aoFf ${wanted} | sort -u`;
      const found = execFileSync('bash', ['-o', 'pipefail', '-c', search], { encoding: 'utf8' });
      expect(found.trim().split('\n')).toEqual([control]); // which is there: the search finds what is there
    }, 600_000);

    test.each(SCORED_TASKS)(
      'nor in what a run of %s mounts, though one looks as root',
      async task => {
        await using me = await connect({ home: home.path, principal: `answers-${task}` });
        const { data: run } = await me.ok('start_run', { task_id: task });
        const given = await me.ok('run_bash', {
          script: 'find /data -type f -size +10k -name "*.txt" | head -1',
        });
        const control = (
          await me.ok('run_bash', { script: `sed -n '/^.\\{45,200\\}$/{p;q}' ${given.data.output}` })
        ).data;
        const wanted = [...(await answersOf(task, home.path)), String(control.output)].join('\n');
        const look = `cut -d" " -f5 /proc/1/mountinfo | grep -vE "^/(proc|sys|dev|$)" | xargs grep -rhoasFf /run/mlrb/wanted --exclude=wanted; true`;
        const root = [
          'exec',
          '--interactive',
          '--user',
          '0',
          `mlrb-${run.run_id}`,
          'sh',
          '-c',
          `cat > /run/mlrb/wanted; ${look}`,
        ];
        const found = execFileSync('docker', root, { input: wanted, encoding: 'utf8' });
        const lines = found
          .trim()
          .split('\n')
          .map(line => line.trim());
        expect([...new Set(lines)]).toEqual([String(control.output).trim()]);
      },
      300_000,
    );

    test('a scoring container that is killed is said to have been, and evaluating again gives the score', async () => {
      await using me = await connect({ home: home.path, principal: 'killed-scorer' });
      const { data: run } = await me.ok('start_run', { task_id: 'mini_baby_lm' });
      // Weights of its own: those of the example have their score already.
      const change = `
from transformers import AutoModelForCausalLM as Model
import shutil
shutil.copytree("example_submission", "submission")
model = Model.from_pretrained("submission")
model.get_input_embeddings().weight.data.mul_(1.001)
model.save_pretrained("submission")
`;
      const changed = await me.ok('run_python', { code: change, wait_s: 50 });
      expect(changed.data, changed.text).toMatchObject({ exit_code: 0 });
      await me.ok('submit_model', { model_path: 'submission' });
      const scorers = () => {
        const ofRun = docker('ps', '--quiet', '--filter', 'label=mlrb.scorer', ...ofHome(home.path));
        return ofRun.split('\n').filter(Boolean);
      };
      await vi.waitFor(async () => {
        const { stdout } = await mlrb(home.path, `show ${run.run_id} --json`);
        expect(JSON.parse(stdout).evaluation.progress.step).toMatch(/^scoring/);
      }, 120_000);
      docker('kill', ...scorers());
      const failed = await untilScored(me);
      expect(failed.data, failed.text).toMatchObject({ outcome: 'failed' });
      expect(failed.data.next).toMatch(/^The fault is not yours; the operator can repeat the evaluation\./);
      const { stdout: shown } = await mlrb(home.path, `show ${run.run_id} --json`);
      expect(JSON.parse(shown).run.reason).toMatch(
        /^The scoring process was ended from outside by SIGKILL\./,
      );
      const again = await mlrb(home.path, `evaluate ${run.run_id}`);
      expect(again.code, again.stderr).toBe(0);
      expect((await untilScored(me)).data).toMatchObject({ outcome: 'valid' });
      expect(scorers()).toEqual([]);
    }, 300_000);

    test.each(CLIENTS)(
      'the whole loop, scored in its own container, through the %s',
      async kind => {
        await using me = await connect({ home: home.path, kind, principal: 'loop' });
        const run = await me.ok('start_run', { task_id: 'mini_baby_lm' });
        const trained = await me.ok('run_bash', {
          script: `ls /data && python3 -c 'import torch, transformers, datasets, peft, accelerate, lm_eval' && cp -r example_submission submission && ls submission`,
        });
        expect(trained.data, trained.text).toMatchObject({ exit_code: 0 });
        const submitted = await me.ok('submit_model', { model_path: 'submission' });
        expect(submitted.data.accepted).toBe(true);
        expect(containerOf(run.data.run_id)).toBe('');
        const { stdout } = await mlrb(home.path, `show ${run.data.run_id} --trace --json`);
        const ended = JSON.parse(stdout).trace.filter(({ action }: { action: string }) => action === 'ended');
        expect(ended).toMatchObject([
          { ok: true, detail: { processes_left: 0, files_changed: 0, gpu_memory: 'no GPU' } },
        ]);
        const result = await untilScored(me);
        expect(result.data, result.text).toMatchObject({ outcome: 'valid' });
      },
      300_000,
    );
  });
});

function ofHome(home: string): string[] {
  return ['--filter', `label=mlrb.home=${homeLabel(home)}`];
}

async function untilScored(me: Contestant) {
  while (true) {
    const result = await me.ok('get_result', { wait_s: 20 });
    if (result.data.outcome !== undefined) return result;
  }
}
