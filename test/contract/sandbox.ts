import { setMaxListeners } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InputError, LimitError } from '../../src/errors.js';
import type {
  CallOptions,
  JobOutput,
  Sandbox,
  SandboxBackend,
  SandboxSpec,
  StartJob,
} from '../../src/sandbox/sandbox.js';

export interface ContractOptions {
  /** Longest time one test may take on this back end, milliseconds. */
  readonly timeoutMs?: number;
}

const MB = 1_000_000;
const onLinux = process.platform === 'linux';
const anyTime = new AbortController().signal;
const options: CallOptions = { signal: anyTime };
setMaxListeners(0, anyTime);
let minted = 0;

/** A fresh job id. */
export function newJobId(): string {
  return `job_test${++minted}`;
}

/** Starts a shell script as a job and waits for it, half a minute at most. */
export function runScript(sandbox: Sandbox, script: string, job: Partial<StartJob> = {}): Promise<JobOutput> {
  return sandbox.startJob(
    { job_id: newJobId(), argv: ['bash', '-c', script], wait_ms: 30_000, max_bytes: 10_000, ...job },
    options,
  );
}

/** Starts a shell script as a job and does not wait. */
export function startScript(
  sandbox: Sandbox,
  script: string,
  job: Partial<StartJob> = {},
): Promise<JobOutput> {
  return runScript(sandbox, script, { wait_ms: 0, ...job });
}

/** Starts a script that prints `ready` when it has got far enough, and waits for that. */
export async function startUntilReady(sandbox: Sandbox, script: string): Promise<JobOutput> {
  const { job_id } = await startScript(sandbox, script);
  const ready = 'ready\n'.length;
  return sandbox.waitJob({ job_id, cursor: 0, wait_ms: 30_000, max_bytes: ready }, options);
}

export function waitFor(sandbox: Sandbox, jobId: string, waitMs = 30_000): Promise<JobOutput> {
  return sandbox.waitJob({ job_id: jobId, wait_ms: waitMs, max_bytes: 10_000 }, options);
}

/** A run in a folder of its own; ended and removed when disposed. */
export interface TestRun extends AsyncDisposable {
  readonly spec: SandboxSpec;
  readonly sandbox: Sandbox;
}

/** Makes a run with one file of data, `words.txt`, and a sandbox for it. */
export async function makeRun(
  backend: SandboxBackend,
  limits: Partial<SandboxSpec['limits']> = {},
): Promise<TestRun> {
  const folder = await mkdtemp(join(tmpdir(), 'mlrb-sandbox-'));
  const data = join(folder, 'given');
  await mkdir(join(data, 'below'), { recursive: true });
  await writeFile(join(data, 'words.txt'), 'one\ntwo\n');
  await writeFile(join(data, 'below', 'more.txt'), 'three\n');
  const runFolder = join(folder, 'run');
  await mkdir(runFolder);
  const spec: SandboxSpec = {
    run_id: `run_test${process.pid}x${++minted}`,
    run_folder: runFolder,
    data_folder: data,
    limits: { wall_clock_s: 300, cpus: 1, memory_bytes: 2e9, disk_bytes: 2000 * MB, gpus: 0, ...limits },
    network: backend.networkFor('none') === 'open' ? 'open' : 'none', // some give every run the same
  };
  const sandbox = await backend.create(spec, options).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const dispose = async (): Promise<void> => {
    await sandbox[Symbol.asyncDispose]();
    await backend.destroy(spec);
    await rm(folder, { recursive: true, force: true });
  };
  return { spec, sandbox, [Symbol.asyncDispose]: dispose };
}

/** Scripts that tell how their shell was started, by what they tell. */
const TELLING_SCRIPTS = {
  'its names and options':
    'echo "$0" $# "$*" "$-" $SHLVL $BASH_SUBSHELL $PPID "$IFS" "$REPLY"; shopt; set -o; pwd',
  'its environment': 'env | grep -v ^_= | sort; declare -p MLRB_JOB_ID',
  'its text': 'echo a\necho "$BASH_EXECUTION_STRING"',
  'its lines':
    'echo $LINENO\n\necho $LINENO; no-such-command\nf() {\n  caller 0; echo $LINENO $FUNCNAME\n}\nf',
  'its time': 'echo $SECONDS',
  'its descriptors': 'cd /proc/self/fd 2> /dev/null && echo *; read -r x; echo "$? [$x]"',
  'its limits and signals': 'ulimit -a; nice; umask; trap; grep Sig /proc/self/status',
  'its children':
    'sleep 0 & wait $!; echo $? $(echo a; exit 4) $PIPESTATUS; (exit 5); echo $?; times | wc -l',
  'that it stops where it must': 'set -eu; trap "echo end" EXIT; echo on; false; echo never',
  'an exit code': 'exit 7',
  'the exit code of a program': 'echo on; sh -c "exit 9"',
  'a signal': 'kill -TERM $$',
  'texts of every kind': `printf '%s' "é ☃ 🎓 \u0001\u007f\t\\ \\n $((1 + 1))" | od -c; cat <<'E'\n a "b" $c \\\n\nE\n`,
  'no script': ' # nothing',
} as const;

/** Lists the run's processes, and no other's on the host, by the files with their environment. */
const PROCESSES_OF_THE_RUN = 'grep -lsz "^MLRB_RUN_ID=$MLRB_RUN_ID$" /proc/[0-9]*/environ';

/** Sets `pids` to the shells of this run that wait for a script. */
const WAITING_SHELLS = `pids=$(for path in $(${PROCESSES_OF_THE_RUN}); do
  pid=\${path//[^0-9]/}; [ $pid = $$ ] || [ $pid = $BASHPID ] || ! grep -qzs BASH_EXECUTION_STRING /proc/$pid/cmdline || echo $pid; done)`;

/** What every sandbox promises, whatever its back end. */
export function sandboxContract(
  name: string,
  makeBackend: () => SandboxBackend | Promise<SandboxBackend>,
  { timeoutMs = 60_000 }: ContractOptions = {},
): void {
  describe(name, { timeout: timeoutMs }, () => {
    let backend: SandboxBackend;
    let run: TestRun;
    let sandbox: Sandbox;

    beforeAll(async () => {
      backend = await makeBackend();
      run = await makeRun(backend);
      sandbox = run.sandbox;
    }, timeoutMs);
    afterAll(async () => {
      await run[Symbol.asyncDispose]();
    }, timeoutMs);

    const write = (path: string, text: string) => sandbox.writeFile({ path, text }, options);
    const read = (path: string, lines: { start_line?: number; end_line?: number; max_bytes?: number } = {}) =>
      sandbox.readFile({ path, start_line: 1, max_bytes: 100_000, ...lines }, options);
    const edit = (path: string, target: string, replacement: string, more: object = {}) =>
      sandbox.editFile({ path, target, replacement, where: 'instead', all: false, ...more }, options);
    const waitingShells = async () => (await runScript(sandbox, `${WAITING_SHELLS}; echo $pids`)).output;
    const list = (path: string, depth = 1) => sandbox.listFiles({ path, depth }, options);

    describe('a job', () => {
      test('answers with its output, its exit code and where the whole output lies', async () => {
        const job = await runScript(sandbox, 'echo out; echo err >&2; exit 3', { command: 'my script' });
        expect(job).toMatchObject({
          command: 'my script',
          state: 'exited',
          exit_code: 3,
          exit_signal: null,
          ended_by: null,
          background: 0,
          output: 'out\nerr\n',
          output_bytes: 8,
          from: 0,
          cursor: 8,
        });
        expect(Date.parse(job.started_at)).toBeGreaterThan(0);
        expect((await read(job.output_path)).text).toBe('out\nerr');
      });

      test('runs in the workspace, as a program with arguments and without a shell', async () => {
        const job = await runScript(sandbox, '', { argv: ['printf', '%s|', '$HOME', '*', 'a b'] });
        expect(job.output).toBe('$HOME|*|a b|');
        expect(job.command).toBe('printf %s| $HOME * a b');
        expect((await runScript(sandbox, 'pwd -P')).output.trim()).toContain('workspace');
      });

      test('reads and writes UTF-8', async () => {
        const { output } = await runScript(
          sandbox,
          `python3 -c "import sys; print('grüße 🦉', sys.stdout.encoding)"; printf é | wc --chars`,
        );
        expect(output).toBe('grüße 🦉 utf-8\n1\n');
      });

      test('has an output file of the time when it began, also where it writes nothing', async () => {
        await runScript(sandbox, 'true');
        await new Promise(resolve => setTimeout(resolve, 1100)); // a file made ahead of time would be older
        const { started_at, output_path } = await runScript(sandbox, 'true');
        const path = dirname(output_path);
        const { entries } = await sandbox.listFiles({ path, depth: 1 }, options);
        const file = entries.find(entry => entry.path === basename(output_path));
        const lag = Date.parse(started_at) - Date.parse(file?.modified_at ?? '');
        expect(Math.abs(lag)).toBeLessThan(1000);
      });

      test('names itself in at most 200 characters', async () => {
        const job = await runScript(sandbox, `: ${'x'.repeat(300)}`);
        expect(job.command).toHaveLength(200);
      });

      test('gets end-of-file when it asks for input', async () => {
        const job = await runScript(sandbox, 'read -r answer; echo "read: $?"; cat; echo done');
        expect(job).toMatchObject({ state: 'exited', output: 'read: 1\ndone\n' });
      });

      test('that ends by a signal says which', async () => {
        expect(await runScript(sandbox, 'kill -SEGV $$')).toMatchObject({
          state: 'exited',
          exit_code: null,
          exit_signal: 'SIGSEGV',
          ended_by: null,
        });
      });

      test.each(Object.entries(TELLING_SCRIPTS))(
        'of bash sees and does what it would if bash had been started for it: %s',
        async (_name, script) => {
          const [ours, plain] = [
            await runScript(sandbox, script),
            await runScript(sandbox, '', { argv: ['env', 'bash', '-c', script] }),
          ];
          const [output, expected] = [ours, plain].map(job => job.output.replaceAll(job.job_id, 'JOB'));
          expect(output).toBe(expected);
          expect(ours).toMatchObject({ exit_code: plain.exit_code, exit_signal: plain.exit_signal });
        },
      );

      test('of bash whose script is too long for a command line is refused in a sentence', async () => {
        const start = runScript(sandbox, `: ${'x'.repeat(131_070)}`);
        await expect(start).rejects.toThrow(/too long for the system\. Write it to a file/);
        expect(await runScript(sandbox, `: ${'x'.repeat(131_069)}`)).toMatchObject({ exit_code: 0 });
      });

      // One that is stopped is ended by another signal only when it goes on, which is when it has its script.
      test.runIf(onLinux).each(['STOP', 'TERM', 'KILL', 'STOP TERM'])(
        'of bash runs, also where the job before sent %s to the shells that wait for theirs',
        async signals => {
          await expect.poll(waitingShells, { timeout: 20_000 }).not.toBe('\n');
          const sent = await runScript(
            sandbox,
            `${WAITING_SHELLS}; for signal in ${signals}; do kill -$signal $pids || exit; done; echo sent`,
          );
          expect(sent.output).toBe('sent\n');
          for (let n = 0; n < 5; n += 1) {
            expect(await runScript(sandbox, 'echo on')).toMatchObject({ output: 'on\n', exit_code: 0 });
          }
        },
      );

      test.runIf(onLinux)(
        'of bash runs when all shells that waited were killed, and others wait then',
        async () => {
          const killing = `for n in {1..100}; do ${WAITING_SHELLS}; [ $(wc -w <<< "$pids") -ge 3 ] && break; sleep 0.05; done
          kill -KILL $pids && echo > killed`;
          await startScript(sandbox, killing);
          await expect.poll(() => read('killed').then(Boolean, () => false), { timeout: 20_000 }).toBe(true);
          expect(await runScript(sandbox, 'echo on')).toMatchObject({ output: 'on\n', exit_code: 0 });
          await expect.poll(waitingShells, { timeout: 20_000 }).not.toBe('\n');
        },
      );

      test('of bash leaves nothing, though shells wait for the next', async () => {
        const background = await startUntilReady(sandbox, 'echo ready; sleep 1000');
        expect(await runScript(sandbox, 'true')).toMatchObject({ exit_code: 0, background: 0 });
        expect(await sandbox.cancelJob(background.job_id, options)).toMatchObject({ background: 0 });
        expect(await runScript(sandbox, 'true')).toMatchObject({ exit_code: 0, background: 0 });
      });

      test('of bash says in its output which signal ended a program that it ran', async () => {
        const job = await runScript(sandbox, "sh -c 'kill -SEGV $$'");
        expect(job).toMatchObject({ exit_code: 128 + 11, exit_signal: null });
        expect(job.output).toMatch(/^bash: line 1: +\d+ Segmentation fault/);
      });

      test('of a program that is not there is refused in a sentence', async () => {
        const before = (await sandbox.listJobs(1000, options)).total;
        const start = runScript(sandbox, '', { argv: ['no-such-program'] });
        await expect(start).rejects.toThrow(/There is no program "no-such-program"/);
        await expect(start).rejects.toBeInstanceOf(InputError);
        expect((await sandbox.listJobs(1000, options)).total).toBe(before);
      });

      test('of a file that cannot be run is refused in a sentence', async () => {
        await write('plain.txt', 'text');
        await expect(runScript(sandbox, '', { argv: ['./plain.txt'] })).rejects.toThrow(
          /is not a program that can be run/,
        );
      });

      test('with an argument that no system takes is refused in a sentence', async () => {
        await expect(runScript(sandbox, '', { argv: ['echo', 'a\0b'] })).rejects.toThrow(/holds a NUL byte/);
        await expect(runScript(sandbox, '', { argv: ['echo', '\ud83d'] })).rejects.toThrow(
          /half a character/,
        );
        await expect(runScript(sandbox, '', { argv: ['echo', 'x'.repeat(4 * MB)] })).rejects.toThrow(
          /command is too long/,
        );
      });

      test('started twice under one id runs once, and the second answer is that of the first', async () => {
        const job_id = newJobId();
        const script = 'echo once >> counted; echo hello';
        const [first, second] = await Promise.all([
          runScript(sandbox, script, { job_id }),
          runScript(sandbox, script, { job_id }),
        ]);
        const third = await runScript(sandbox, 'echo other', { job_id });
        expect([first, second, third].map(job => job.output)).toEqual(['hello\n', 'hello\n', 'hello\n']);
        expect((await read('counted')).text).toBe('once');
      });

      test('that goes on past the wait is answered for as running, and can be waited for', async () => {
        const begun = await runScript(sandbox, 'until [ -e go ]; do sleep 0.05; done; echo gone', {
          wait_ms: 50,
        });
        expect(begun).toMatchObject({ state: 'running', exit_code: null, output: '' });
        const waiting = waitFor(sandbox, begun.job_id);
        await write('go', '');
        expect(await waiting).toMatchObject({ state: 'exited', exit_code: 0, output: 'gone\n' });
      });

      test('lives on when the call that waits for it is aborted', async () => {
        const { job_id } = await startScript(
          sandbox,
          'until [ -e abort-go ]; do sleep 0.05; done; echo survived',
        );
        const abort = new AbortController();
        const waiting = sandbox.waitJob(
          { job_id, wait_ms: 30_000, max_bytes: 100 },
          { signal: abort.signal },
        );
        const reason = new Error('the client went away');
        abort.abort(reason);
        await expect(waiting).rejects.toBe(reason);
        await write('abort-go', '');
        expect((await waitFor(sandbox, job_id)).output).toBe('survived\n');
      });

      test('does not start when the call was aborted before', async () => {
        const job = { job_id: newJobId(), argv: ['true'], wait_ms: 0, max_bytes: 100 };
        await expect(sandbox.startJob(job, { signal: AbortSignal.abort('no') })).rejects.toBe('no');
        await expect(waitFor(sandbox, job.job_id)).rejects.toThrow(InputError);
      });

      test('that leaves a process in the background ends all the same, and tells of it', async () => {
        const job = await runScript(sandbox, 'sleep 100 & echo started');
        expect(job).toMatchObject({ state: 'exited', exit_code: 0, output: 'started\n', background: 1 });
        const after = await sandbox.cancelJob(job.job_id, options);
        expect(after).toMatchObject({ state: 'exited', exit_code: 0, ended_by: null, background: 0 });
      });

      test('among many at once keeps its output to itself', async () => {
        const jobs = await Promise.all(
          Array.from({ length: 30 }, (_, n) => runScript(sandbox, `echo ${n}; sleep 0.1; echo ${n}`)),
        );
        expect(jobs.map(job => job.output)).toEqual(jobs.map((_, n) => `${n}\n${n}\n`));
      });

      test('that is unknown is named in the refusal', async () => {
        await expect(waitFor(sandbox, 'job_nowhere')).rejects.toThrow(/There is no job "job_nowhere"/);
        await expect(sandbox.cancelJob('../../x', options)).rejects.toThrow(InputError);
      });
    });

    describe('the output of a job', () => {
      test('comes in pages that never split a character', async () => {
        const text = 'aé€😀'.repeat(500);
        await write('text', text);
        const { job_id } = await runScript(sandbox, 'cat text');
        let all = '';
        for (let cursor = 0, ended = false; !ended; ) {
          const page = await sandbox.waitJob({ job_id, cursor, wait_ms: 0, max_bytes: 7 }, options);
          expect(page.from).toBe(cursor);
          expect(page.output).not.toContain('\ufffd');
          ended = page.cursor === page.output_bytes;
          cursor = page.cursor;
          all += page.output;
        }
        expect(all).toBe(text);
      });

      test('without a cursor is the newest part', async () => {
        const job = await runScript(sandbox, 'printf "%s" 0123456789€', { max_bytes: 6 });
        expect(job).toMatchObject({ output: '789€', from: 7, cursor: 13 });
        const cut = await runScript(sandbox, 'printf "%s" 0123456789€', { max_bytes: 4 });
        expect(cut).toMatchObject({ output: '9€', from: 9, cursor: 13 });
      });

      test('that fills a page is answered before the job ends', async () => {
        const begun = await startScript(sandbox, 'head -c 5000 /dev/zero | tr "\\0" x; sleep 100');
        const page = await sandbox.waitJob(
          { job_id: begun.job_id, cursor: 0, wait_ms: 50_000, max_bytes: 4000 },
          options,
        );
        expect(page).toMatchObject({ state: 'running', from: 0, cursor: 4000 });
        await sandbox.cancelJob(begun.job_id, options);
      });

      test('holds half a character back while the rest may come', async () => {
        const begun = await startUntilReady(
          sandbox,
          'printf "ready\\n\\xe2\\x82"; until [ -e half-go ]; do sleep 0.05; done; printf "\\xac"',
        );
        const half = await sandbox.waitJob(
          { job_id: begun.job_id, cursor: begun.cursor, wait_ms: 0, max_bytes: 100 },
          options,
        );
        expect(half).toMatchObject({ output: '', from: 6, cursor: 6 });
        await write('half-go', '');
        await waitFor(sandbox, begun.job_id);
        const whole = await sandbox.waitJob(
          { job_id: begun.job_id, cursor: 6, wait_ms: 0, max_bytes: 100 },
          options,
        );
        expect(whole).toMatchObject({ output: '€', cursor: 9 });
      });

      test('is well-formed text whatever the job writes', async () => {
        const job = await runScript(
          sandbox,
          'printf "a\\xff\\xc3(\\xed\\xa0\\xbd b\\x1b[31m\\0 end\\xe2\\x82"',
        );
        expect(job.output.replace(/\ufffd+/g, '?')).toBe('a?(? b\u001b[31m\0 end?');
        expect(job.cursor).toBe(job.output_bytes);
      });

      test('has an end, and a cursor beyond it is refused', async () => {
        const { job_id } = await runScript(sandbox, 'echo hello');
        const at = (cursor: number) =>
          sandbox.waitJob({ job_id, cursor, wait_ms: 0, max_bytes: 100 }, options);
        expect(await at(6)).toMatchObject({ output: '', from: 6, cursor: 6 });
        await expect(at(7)).rejects.toThrow(/cursor 7 lies beyond the end of the output, which has 6 bytes/);
        await expect(at(7)).rejects.toBeInstanceOf(InputError);
      });

      test('costs this process no memory, however much it is', async () => {
        await runScript(sandbox, 'echo warm');
        globalThis.gc?.();
        const before = process.memoryUsage().rss;
        const job = await runScript(sandbox, 'head -c 200000000 /dev/zero | tr "\\0" y');
        expect(job).toMatchObject({ state: 'exited', output_bytes: 200 * MB });
        expect(job.output).toHaveLength(10_000);
        expect(process.memoryUsage().rss - before).toBeLessThan(20 * MB);
        await runScript(sandbox, `rm ${job.output_path}`);
      });

      test('is said to be gone, and nothing else shown, when its file was removed or replaced', async () => {
        await write('secret', 'not output');
        for (const change of [
          'rm "$log"',
          'ln -sf "$PWD/secret" "$log"',
          'cp secret copy; mv copy "$log"',
          'rm "$log"; mkfifo "$log"',
        ]) {
          const job = await runScript(sandbox, 'echo hello');
          await runScript(sandbox, `log=${job.output_path}; ${change}`);
          const page = await waitFor(sandbox, job.job_id);
          expect(page.output).toMatch(/removed or replaced/);
          expect(page).toMatchObject({ state: 'exited', exit_code: 0, from: 0, cursor: 0, output_bytes: 0 });
        }
      });

      test('can be taken even where the folder for it was removed or replaced', async () => {
        for (const change of [
          'rm -r .jobs',
          'rm -r .jobs; ln -s /tmp .jobs',
          'rm -r .jobs; touch .jobs',
          'rm .jobs; mkfifo .jobs',
        ]) {
          await runScript(sandbox, change);
          expect((await runScript(sandbox, 'echo again')).output).toBe('again\n');
        }
      });
    });

    describe('cancelling a job', () => {
      test('asks it first', async () => {
        const job = await startUntilReady(
          sandbox,
          'trap "echo bye; exit 7" TERM; echo ready; while :; do sleep 0.05; done',
        );
        const ended = await sandbox.cancelJob(job.job_id, options);
        expect(ended).toMatchObject({ state: 'cancelled', ended_by: 'cancelled', exit_code: 7 });
        expect((await waitFor(sandbox, job.job_id)).output).toContain('bye');
      });

      test('kills one that does not listen', async () => {
        const job = await startUntilReady(sandbox, 'trap "" TERM; echo ready; while :; do sleep 0.05; done');
        expect(await sandbox.cancelJob(job.job_id, options)).toMatchObject({
          state: 'cancelled',
          ended_by: 'cancelled',
          exit_signal: 'SIGKILL',
          background: 0,
        });
      });

      test('ends its children and what it left in sessions of their own', async () => {
        const job = await startUntilReady(
          sandbox,
          'setsid sleep 1000 & sleep 1000 & (setsid sleep 1000 &) ; echo ready; sleep 1000',
        );
        await sandbox.cancelJob(job.job_id, options);
        const left = await runScript(
          sandbox,
          `grep -lsz "^MLRB_JOB_ID=${job.job_id}$" $(${PROCESSES_OF_THE_RUN}) | wc -l`,
        );
        expect(left.output.trim()).toBe('0');
      });

      test('wakes who waits for it', async () => {
        const job = await startUntilReady(sandbox, 'echo ready; sleep 1000');
        const waiting = waitFor(sandbox, job.job_id);
        await sandbox.cancelJob(job.job_id, options);
        expect(await waiting).toMatchObject({
          state: 'cancelled',
          ended_by: 'cancelled',
          exit_signal: 'SIGTERM',
        });
      });

      test('may be repeated, and changes nothing about a job that has ended', async () => {
        const job = await startUntilReady(sandbox, 'echo ready; sleep 1000');
        const [first, second] = await Promise.all([
          sandbox.cancelJob(job.job_id, options),
          sandbox.cancelJob(job.job_id, options),
        ]);
        expect(second).toEqual(first);
        const exited = await runScript(sandbox, 'exit 4');
        expect(await sandbox.cancelJob(exited.job_id, options)).toMatchObject({
          state: 'exited',
          exit_code: 4,
          ended_by: null,
        });
      });
    });

    test('jobs are listed newest first, as many as asked for, and running ones always', async () => {
      const old = await startUntilReady(sandbox, 'echo ready; sleep 1000');
      const first = await runScript(sandbox, 'true');
      const second = await runScript(sandbox, 'true');
      const { jobs, total } = await sandbox.listJobs(2, options);
      expect(jobs.map(job => job.job_id)).toEqual([second.job_id, first.job_id, old.job_id]);
      expect(total).toBeGreaterThan(2);
      const { running_jobs, seconds_left, disk_limit_bytes } = await sandbox.usage(options);
      expect(running_jobs.map(job => job.job_id)).toEqual([old.job_id]);
      expect(seconds_left).toBeGreaterThan(0);
      expect(seconds_left).toBeLessThanOrEqual(run.spec.limits.wall_clock_s);
      expect(disk_limit_bytes).toBe(run.spec.limits.disk_bytes);
      await sandbox.cancelJob(old.job_id, options);
    });

    test('every answer tells what the run uses, so that nobody needs to ask', async () => {
      const job = await startUntilReady(sandbox, 'echo ready; sleep 1000');
      const told = sandbox.usageTold(60_000);
      expect(told?.running_jobs.map(({ job_id }) => job_id)).toEqual([job.job_id]);
      const asked = await sandbox.usage(options);
      expect(asked.seconds_left).toBeLessThan(told?.seconds_left ?? 0);
      expect(sandbox.usageTold(60_000)).toEqual(asked);
      const ended = await sandbox.cancelJob(job.job_id, options);
      expect(ended.state).toBe('cancelled');
      const after = sandbox.usageTold(60_000);
      expect(after?.running_jobs).toEqual([]);
      expect(after?.seconds_left).toBeLessThanOrEqual(asked.seconds_left);
      await new Promise(resolve => setTimeout(resolve, 20));
      expect(sandbox.usageTold(10)).toBeUndefined();
    });

    describe('reading a file', () => {
      test('answers with the lines that were asked for', async () => {
        await write('ten.txt', '1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n');
        expect(await read('ten.txt', { start_line: 3, end_line: 5 })).toEqual({
          path: 'ten.txt',
          size_bytes: 21,
          text: '3\n4\n5',
          start_line: 3,
          end_line: 5,
          total_lines: 10,
          truncated: false,
        });
        expect(await read('ten.txt', { start_line: 9, end_line: 99 })).toMatchObject({
          text: '9\n10',
          end_line: 10,
          truncated: false,
        });
        expect(await read(`${sandbox.paths.workspace}/ten.txt`)).toMatchObject({
          end_line: 10,
          truncated: false,
        });
      });

      test('keeps empty lines, and takes a last line without its end', async () => {
        await write('odd.txt', '\n\nx\n\nlast');
        expect(await read('odd.txt')).toMatchObject({ text: '\n\nx\n\nlast', end_line: 5, total_lines: 5 });
        await write('empty.txt', '');
        expect(await read('empty.txt')).toMatchObject({
          text: '',
          start_line: 1,
          end_line: 0,
          total_lines: 0,
        });
        await write('one.txt', '\n');
        expect(await read('one.txt')).toMatchObject({ text: '', end_line: 1, total_lines: 1 });
      });

      test('gives whole lines up to the limit and says that more was asked for', async () => {
        await write('long.txt', 'aaaa\nbbbb\ncccc\n');
        expect(await read('long.txt', { max_bytes: 9 })).toMatchObject({
          text: 'aaaa\nbbbb',
          end_line: 2,
          total_lines: 3,
          truncated: true,
        });
        expect(await read('long.txt', { max_bytes: 8 })).toMatchObject({
          text: 'aaaa',
          end_line: 1,
          truncated: true,
        });
        expect(await read('long.txt', { max_bytes: 14 })).toMatchObject({
          text: 'aaaa\nbbbb\ncccc',
          truncated: false,
        });
        await write('wide.txt', `${'€'.repeat(100)}\nnext`);
        expect(await read('wide.txt', { max_bytes: 10 })).toMatchObject({
          text: '€€€',
          end_line: 1,
          truncated: true,
        });
      });

      test('refuses lines that are not there', async () => {
        await write('two.txt', 'a\nb\n');
        await expect(read('two.txt', { start_line: 3 })).rejects.toThrow(
          /has 2 lines, so there is no line 3/,
        );
        await expect(read('two.txt', { start_line: 2, end_line: 1 })).rejects.toThrow(
          /lies before start_line/,
        );
      });

      test('reaches the data, too', async () => {
        expect((await read(`${sandbox.paths.data}/words.txt`)).text).toBe('one\ntwo');
        expect((await read(`${sandbox.paths.data}/below/more.txt`)).text).toBe('three');
      });

      test('says what is wrong with anything that is no text file', async () => {
        await runScript(
          sandbox,
          'mkdir -p folder; mkfifo fifo; ln -s nothing dangling; printf "a\\0b" > nul; head -c 4000 /dev/urandom | tr -d "\\0" > noise; truncate -s 1G sparse; ln -s /dev/zero device',
        );
        const refusals: [string, RegExp][] = [
          ['missing.txt', /There is no file or folder "missing.txt" in the workspace/],
          ['folder', /"folder" is a folder/],
          ['fifo', /"fifo" is a named pipe/],
          ['nul', /"nul" is not a text file/],
          ['noise', /"noise" is not a text file/],
          ['sparse', /"sparse" is not a text file/],
          ['dangling', /There is no file or folder "dangling"/],
          ['device', /leads through a link to a place outside the workspace/],
          ['nul/below', /is a file, not a folder/],
          ['.', /is a folder/],
        ];
        for (const [path, message] of refusals) {
          const refused = read(path);
          await expect(refused, path).rejects.toThrow(message);
          await expect(refused, path).rejects.toBeInstanceOf(InputError);
        }
      });

      test('of any size works by lines', async () => {
        await runScript(sandbox, 'yes "some line of text" | head -c 100000000 > big');
        const page = await read('big', { start_line: 3_000_000, end_line: 3_000_001 });
        expect(page).toMatchObject({
          text: 'some line of text\nsome line of text',
          total_lines: null,
          truncated: false,
        });
        await runScript(sandbox, 'rm big');
      });
    });

    describe('a path', () => {
      test.each([
        ['../outside', /lies outside the workspace/],
        ['/etc/passwd', /lies outside the workspace/],
        ['a/../../b', /lies outside the workspace/],
        ['', /path is empty/],
        ['a\nb', /control character/],
        ['a\0b', /control character/],
        ['a\ud800b', /half a character/],
        ['x'.repeat(10_000), /has 10,000 characters; at most 4,096/],
        [`${'x'.repeat(300)}.py`, /has a name of 303 bytes; at most 255/],
      ])('that no file may have is refused in a sentence: %j', async (path, message) => {
        for (const call of [
          () => read(path),
          () => write(path, 'x'),
          () => edit(path, 'a', 'b'),
          () => list(path),
        ]) {
          const refused = call();
          await expect(refused).rejects.toThrow(message);
          await expect(refused).rejects.toBeInstanceOf(InputError);
        }
      });

      test('through a link to the outside is refused, and nothing outside is changed', async () => {
        await runScript(
          sandbox,
          'mkdir -p links && cd links && ln -s /etc/passwd file && ln -s /tmp folder && ln -s /tmp/mlrb-not-there fresh && ln -s loop loop',
        );
        const through = /leads through a link to a place outside the workspace/;
        await expect(read('links/file')).rejects.toThrow(through);
        await expect(write('links/file', 'x')).rejects.toThrow(through);
        await expect(write('links/folder/mlrb-new', 'x')).rejects.toThrow(through);
        await expect(write('links/fresh', 'x')).rejects.toThrow(through);
        await expect(list('links/folder')).rejects.toThrow(through);
        await expect(read('links/loop')).rejects.toThrow(InputError);
        expect((await runScript(sandbox, 'ls /tmp/mlrb-not-there /tmp/mlrb-new 2>/dev/null')).output).toBe(
          '',
        );
      });

      test('through a link inside the workspace works', async () => {
        await runScript(sandbox, 'mkdir -p real && ln -s real alias && echo hello > real/file');
        expect((await read('alias/file')).text).toBe('hello');
        await write('alias/new', 'x');
        expect((await read('real/new')).text).toBe('x');
      });
    });

    describe('writing a file', () => {
      test('makes parent folders and says what it did', async () => {
        expect(await write('new/deep/file.py', 'a\nb\n')).toEqual({
          path: 'new/deep/file.py',
          size_bytes: 4,
          lines: 2,
          created: true,
        });
        expect(await write('new/deep/file.py', 'é')).toEqual({
          path: 'new/deep/file.py',
          size_bytes: 2,
          lines: 1,
          created: false,
        });
        expect((await read('new/deep/file.py')).text).toBe('é');
        expect((await runScript(sandbox, 'ls -A new/deep')).output).toBe('file.py\n');
      });

      test('keeps the mode of the file that it replaces', async () => {
        await runScript(sandbox, 'echo old > script; chmod 750 script');
        await write('script', '#!/bin/sh\necho new\n');
        expect((await runScript(sandbox, 'stat -c %a script; ./script')).output).toBe('750\nnew\n');
      });

      test('refuses what cannot be written, and leaves it as it was', async () => {
        await runScript(sandbox, 'mkdir -p adir; mkfifo afifo; echo x > afile');
        const refusals: [string, RegExp][] = [
          ['adir', /is a folder/],
          ['adir/', /ends with a slash/],
          ['afifo', /is a named pipe/],
          ['afile/below', /is a file, not a folder/],
          ['.', /is a folder/],
          [`${sandbox.paths.data}/words.txt`, /data folder, which is read-only/],
        ];
        for (const [path, message] of refusals) await expect(write(path, 'x'), path).rejects.toThrow(message);
        await expect(write('half', 'a\ud83d')).rejects.toThrow(/lone surrogate/);
        await expect(write('huge', 'x'.repeat(10 * MB + 1))).rejects.toThrow(/at most 10 MB/);
        await expect(write('huge', '€'.repeat(4 * MB))).rejects.toThrow(/at most 10 MB/);
        expect((await read(`${sandbox.paths.data}/words.txt`)).text).toBe('one\ntwo');
      });

      test('takes any text', async () => {
        const text = '\u0000\u001b\r\n😀\u2028 "\\" \ufeff';
        expect((await write('any', text)).size_bytes).toBe(Buffer.byteLength(text));
        expect((await runScript(sandbox, 'cat any')).output).toBe(text);
      });
    });

    describe('editing a file', () => {
      test('replaces, or puts text before or after, what occurs once', async () => {
        await write('code.py', 'a = 1\nb = 2\nc = 3\n');
        expect(await edit('code.py', 'b = 2', 'b = 5\nd = 6')).toEqual({
          path: 'code.py',
          size_bytes: 24,
          lines: 4,
          created: false,
          occurrences: 1,
          at_lines: [2],
        });
        await edit('code.py', 'c = 3\n', 'z = 0\n', { where: 'before' });
        await edit('code.py', 'c = 3\n', 'e = 7\n', { where: 'after' });
        expect((await read('code.py')).text).toBe('a = 1\nb = 5\nd = 6\nz = 0\nc = 3\ne = 7');
      });

      test('changes nothing and says how often when it occurs never or several times', async () => {
        await write('twice.py', 'x\ny\nx\n');
        await expect(edit('twice.py', 'nothing', 'b')).rejects.toThrow(/does not occur in "twice.py"/);
        await expect(edit('twice.py', 'x', 'b')).rejects.toThrow(
          /occurs 2 times in "twice.py", on lines 1, 3/,
        );
        await expect(edit('twice.py', '', 'b')).rejects.toThrow(/is empty/);
        expect((await read('twice.py')).text).toBe('x\ny\nx');
      });

      test('changes every occurrence where asked to', async () => {
        await write('all.py', 'x\ny\nx\n');
        expect(await edit('all.py', 'x', 'p\nq', { all: true })).toMatchObject({
          occurrences: 2,
          at_lines: [1, 4],
        });
        expect(await edit('all.py', 'q\n', '', { all: true })).toMatchObject({
          occurrences: 2,
          at_lines: [2, 4],
        });
        expect((await read('all.py')).text).toBe('p\ny\np');
      });

      test('refuses what is no text, is not there, or is too large', async () => {
        await runScript(sandbox, 'printf "a\\0b" > binary; truncate -s 11M large; mkdir -p dir; mkfifo pipe');
        await expect(edit('binary', 'a', 'b')).rejects.toThrow(/not a text file/);
        await expect(edit('large', 'a', 'b')).rejects.toThrow(/at most 10 MB/);
        await expect(edit('absent', 'a', 'b')).rejects.toThrow(/There is no file or folder "absent"/);
        await expect(edit('dir', 'a', 'b')).rejects.toThrow(/is a folder/);
        await expect(edit('pipe', 'a', 'b')).rejects.toThrow(/is a named pipe/);
      });

      test('leaves bytes that are not UTF-8 as they were', async () => {
        await runScript(sandbox, 'printf "caf\\xe9 = 1\\nx = 2\\n" > latin');
        await edit('latin', 'x = 2', 'x = 3');
        expect((await runScript(sandbox, 'od -An -tx1 latin | tr -d " \\n"')).output).toBe(
          '636166e9203d20310a78203d20330a',
        );
      });
    });

    describe('listing a folder', () => {
      test('shows names, kinds and sizes down to a depth, and follows no link', async () => {
        await runScript(
          sandbox,
          'mkdir -p tree/b/c && cd tree && printf 12345 > a.txt && printf x > b/inner && printf y > b/c/deep && ln -s / link && mkfifo pipe',
        );
        const flat = await list('tree');
        expect(flat.entries.map(({ path, type }) => [path, type])).toEqual([
          ['a.txt', 'file'],
          ['b', 'folder'],
          ['link', 'link'],
          ['pipe', 'other'],
        ]);
        expect(flat.entries[0]?.size_bytes).toBe(5);
        expect(Date.parse(flat.entries[0]?.modified_at ?? '')).toBeGreaterThan(0);
        expect((await list('tree', 3)).entries.map(entry => entry.path)).toEqual([
          'a.txt',
          'b',
          'b/c',
          'b/c/deep',
          'b/inner',
          'link',
          'pipe',
        ]);
      });

      test('shows where output lies without going in', async () => {
        const { entries } = await list('.', 3);
        expect(entries.filter(entry => entry.path.startsWith('.jobs')).map(entry => entry.path)).toEqual([
          '.jobs',
        ]);
      });

      test('stops at 500 entries and says how many more there are', async () => {
        await runScript(sandbox, 'mkdir -p many && cd many && touch $(seq 700)');
        const { entries, omitted } = await list('many');
        expect([entries.length, omitted]).toEqual([500, 200]);
        await runScript(sandbox, 'rm -r many');
      });

      test('copes with names that are not UTF-8', async () => {
        await runScript(
          sandbox,
          'mkdir -p names && touch "names/$(printf "a\\xffb")" "names/$(printf "c\\nd")"',
        );
        expect((await list('names')).entries.map(entry => entry.path)).toEqual(['a\ufffdb', 'c\nd']);
      });

      test('of a file, of nothing, or of the data', async () => {
        await write('afile.txt', '');
        await expect(list('afile.txt')).rejects.toThrow(/is a file, not a folder/);
        await expect(list('not-there')).rejects.toThrow(/There is no file or folder "not-there"/);
        expect((await list(sandbox.paths.data, 2)).entries.map(entry => entry.path)).toEqual([
          'below',
          'below/more.txt',
          'words.txt',
        ]);
      });
    });

    test('a second connection sees the same jobs and files', async () => {
      await using other = await backend.attach(run.spec, 300, options);
      const job = await startUntilReady(sandbox, 'echo ready; sleep 1000');
      expect((await waitFor(other, job.job_id, 0)).state).toBe('running');
      const waiting = waitFor(sandbox, job.job_id);
      await other.cancelJob(job.job_id, options);
      expect(await waiting).toMatchObject({ state: 'cancelled' });
    });

    test('closing the connection leaves jobs running', async () => {
      const first = await backend.attach(run.spec, 300, options);
      const job = await startUntilReady(
        first,
        'echo ready; until [ -e close-go ]; do sleep 0.05; done; echo end',
      );
      await first[Symbol.asyncDispose]();
      await write('close-go', '');
      expect(await waitFor(sandbox, job.job_id)).toMatchObject({ state: 'exited', output: 'ready\nend\n' });
    });

    test('the end of a run ends everything, also daemons, answers who waits, and comes only once', async () => {
      await using short = await makeRun(backend);
      const daemon = await runScript(short.sandbox, '(setsid bash -c "(setsid sleep 1000 &)" &); echo $$');
      const job = await startUntilReady(short.sandbox, 'trap "" TERM; echo ready; sleep 1000; sleep 1000');
      const waiting = waitFor(short.sandbox, job.job_id);
      await short.sandbox.end('run_ended');
      expect(await waiting).toMatchObject({
        state: 'cancelled',
        ended_by: 'run_ended',
        exit_signal: 'SIGKILL',
      });
      expect(daemon.state).toBe('exited');
      await short.sandbox.end('run_ended');
      await expect(runScript(short.sandbox, 'true')).rejects.toThrow(LimitError);
      await expect(short.sandbox.usage(options)).rejects.toThrow(/This run is over/);
      await expect(backend.attach(short.spec, 300, options)).rejects.toThrow(LimitError);
      await backend.destroy(short.spec);
    });

    test('the deadline in the middle of a call ends the job and is given as the reason', async () => {
      await using short = await makeRun(backend, { wall_clock_s: 2 });
      const job = await runScript(short.sandbox, 'echo begun; trap "" TERM; sleep 1000; sleep 1000');
      expect(job).toMatchObject({ state: 'cancelled', ended_by: 'deadline', output: 'begun\n' });
      await expect(runScript(short.sandbox, 'true')).rejects.toThrow(/time of this run is up/);
      await expect(short.sandbox.writeFile({ path: 'late', text: '' }, options)).rejects.toBeInstanceOf(
        LimitError,
      );
      await short.sandbox.end('deadline');
    });

    test('the disk limit ends what writes, refuses more, and lets the contestant delete', async () => {
      await using small = await makeRun(backend, { disk_bytes: 20 * MB });
      const filling = await runScript(
        small.sandbox,
        'for n in $(seq 100); do head -c 8000000 /dev/zero > "fill$n"; sleep 0.2; done',
      );
      expect(filling).toMatchObject({ state: 'cancelled', ended_by: 'disk_full' });
      const writing = small.sandbox.writeFile({ path: 'more', text: 'x' }, options);
      await expect(writing).rejects.toThrow(/disk limit of this run is reached/);
      await expect(writing).rejects.toBeInstanceOf(LimitError);
      expect(await runScript(small.sandbox, 'rm fill*; sleep 1.5; echo deleted')).toMatchObject({
        output: 'deleted\n',
        exit_code: 0,
      });
      expect((await small.sandbox.writeFile({ path: 'more', text: 'x' }, options)).created).toBe(true);
      expect((await small.sandbox.usage(options)).disk_bytes).toBeLessThan(20 * MB);
    });

    test('no single file passes the disk limit, not even between two looks at it', async () => {
      await using small = await makeRun(backend, { disk_bytes: 20 * MB });
      const flood = await runScript(small.sandbox, 'exec head -c 1000000000 /dev/zero');
      expect(flood).toMatchObject({ state: 'cancelled', ended_by: 'disk_full' });
      expect(flood.output_bytes).toBeLessThanOrEqual(20 * MB);
    });

    test('a shell that goes on after a child of it met the disk limit says so at its end', async () => {
      await using small = await makeRun(backend, { disk_bytes: 20 * MB });
      expect(await runScript(small.sandbox, 'echo before')).toMatchObject({ no_room: null });
      const script = 'head -c 1000000000 /dev/zero > f; echo hi';
      const told = await runScript(small.sandbox, script);
      // Where the limit was seen to be passed before the shell had come so far, it was ended for that.
      if (told.ended_by !== null) expect(told.ended_by).toBe('disk_full');
      else expect(told).toMatchObject({ state: 'exited', exit_code: 0, no_room: 'run' });
      expect(await runScript(small.sandbox, 'rm f; echo gone')).toMatchObject({
        exit_code: 0,
        no_room: null,
      });
      expect(await runScript(small.sandbox, 'truncate --size 100M f; exit $?')).toMatchObject({
        ended_by: 'disk_full',
      });
    });
  });
}
