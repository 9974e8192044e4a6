import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { runScorer, type ScorerOptions } from '../../src/eval/run-scorer.js';
import type { ScorerRequest } from '../../src/eval/scorer-request.js';
import { signalGroup } from '../../src/lib/process-group.js';

/** A scorer that behaves as the lines say, from where the real one has loaded its libraries. */
const PREAMBLE = `
import json, os, signal, sys, time
out = os.fdopen(3, "w")
def send(**message):
    out.write(json.dumps(message) + "\\n")
    out.flush()
request = json.loads(sys.stdin.readline())
`;
const LOADED = `
send(type="libraries", versions={"harness": "x", "libraries": {}}, device="cpu")
send(type="progress", step="loading the model", done=os.getpid(), total=1)
`;

function scorer(body: string, changes: Partial<ScorerOptions> = {}) {
  const scratch = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  const script = join(scratch, 'scorer.py');
  writeFileSync(script, PREAMBLE + body);
  const request: ScorerRequest = {
    model_folder: scratch,
    architecture: 'causal',
    suites: [],
    text_path: null,
    scratch,
    rows_folder: join(scratch, 'rows'),
    device: 'cpu',
    memory_bytes: 1e9,
    seed: 1,
  };
  const options: ScorerOptions = {
    signal: new AbortController().signal,
    python: inject('python'),
    script,
    logPath: join(scratch, 'scorer.log'),
    timeLimitS: 60,
    onProgress: () => undefined,
    ...changes,
  };
  return { run: () => runScorer(request, options), logPath: options.logPath };
}

/** Resolves with the process's id once it has reached the model. */
function loading(): { reached: Promise<number>; onProgress: ScorerOptions['onProgress'] } {
  const { promise, resolve } = deferred<number>();
  return { reached: promise, onProgress: ({ step, done }) => step === 'loading the model' && resolve(done) };
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>(settle => {
    resolve = settle;
  });
  return { promise, resolve };
}

test('a model that takes too long is invalid, with the limit named, and nothing of it runs on', async () => {
  const { reached, onProgress } = loading();
  const { run } = scorer(`${LOADED}\nos.system("sleep 1000")`, { timeLimitS: 3, onProgress });
  const { finding } = await run();
  expect(finding).toMatchObject({
    rule: 'resources',
    message: expect.stringContaining('longer than the limit of'),
  });
  const pid = await reached;
  await vi.waitFor(() => expect(signalGroup(pid, 0)).toBe(false), { timeout: 10_000 });
});

test.each(['SIGSEGV', 'SIGABRT', 'SIGBUS'])(
  'a model that crashes the libraries with %s is invalid',
  async name => {
    const { finding } = await scorer(`${LOADED}\nos.kill(os.getpid(), signal.${name})`).run();
    expect(finding).toMatchObject({
      rule: 'loads',
      message: expect.stringContaining('crashes the libraries'),
    });
  },
);

test('a scorer that someone killed is our fault, not the model’s', async () => {
  const { reached, onProgress } = loading();
  const { run } = scorer(`${LOADED}\ntime.sleep(1000)`, { onProgress });
  const ended = run().catch((error: unknown) => error);
  process.kill(await reached, 'SIGKILL');
  expect(await ended).toBeInstanceOf(ConfigError);
  expect(String(await ended)).toContain('was ended from outside by SIGKILL');
});

test('an abort ends the whole group and rejects with its reason', async () => {
  const stop = new AbortController();
  const { reached, onProgress } = loading();
  const { run } = scorer(`${LOADED}\nos.system("sleep 1000")`, { onProgress, signal: stop.signal });
  const ended = run().catch((error: unknown) => error);
  const pid = await reached;
  stop.abort(new Error('stopped by a test'));
  expect(String(await ended)).toBe('Error: stopped by a test');
  await vi.waitFor(() => expect(signalGroup(pid, 0)).toBe(false), { timeout: 10_000 });
});

test('an error of the scorer itself is our fault, and its traceback stays in the log', async () => {
  const { run, logPath } = scorer('raise ValueError("a secret of the scorer")');
  const failed = await run().catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(ConfigError);
  expect(String(failed)).toContain(`Its log is ${logPath}`);
  expect(String(failed)).not.toContain('secret');
  expect(readFileSync(logPath, 'utf8')).toContain('ValueError: a secret of the scorer');
});

test('a Python that is not there is named, with the command that makes it', async () => {
  const { run } = scorer('', { python: '/nowhere/python' });
  await expect(run()).rejects.toThrow(
    'The Python interpreter /nowhere/python cannot be started. Run `mlrb setup`.',
  );
});

test('the scorer sees no variable of this process', async () => {
  process.env.MLRB_TEST_KEY = 'secret';
  onTestFinished(() => {
    delete process.env.MLRB_TEST_KEY;
  });
  const { run } = scorer('send(type="finding", rule="x", message=" ".join(sorted(os.environ)))');
  const { finding } = await run();
  expect(finding?.message).toContain('HF_HUB_OFFLINE');
  expect(finding?.message).not.toMatch(/MLRB|NODE|PROXY|VITEST/i);
});

test('the real scorer ends by itself when its parent is gone', async () => {
  const { run } = scorer(`
import subprocess
real = ${JSON.stringify(join(import.meta.dirname, '../../docker/eval/score.py'))}
lost = subprocess.Popen([sys.executable, "-I", real], stdin=subprocess.PIPE, pass_fds=[3])
lost.stdin.write(json.dumps({**request, "memory_bytes": 16000000000}).encode() + b"\\n")
lost.stdin.close()
send(type="finding", rule="x", message=str(lost.wait()))
`);
  expect((await run()).finding?.message).toBe('70');
});
