import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { dockerScorer } from '../../src/eval/docker-scorer.js';
import { runScorer } from '../../src/eval/run-scorer.js';
import { agentUser } from '../../src/sandbox/docker/agent-user.js';
import { startContained } from '../../src/sandbox/docker/contained-process.js';
import { DockerEngine } from '../../src/sandbox/docker/docker-engine.js';
import { HOME_LABEL, homeLabel } from '../../src/sandbox/docker/run-container.js';
import { docker, dockerLack, needsDocker, SOCKET, TEST_IMAGE } from '../helpers/docker.js';

/** Scores until its rows are there, and ends with its parent, as the real one does. */
const PROGRAM = `
import json, os, sys, threading, time
out = os.fdopen(3, "w")
def send(**message):
    out.write(json.dumps(message) + "\\n"); out.flush()
def end_with_parent():
    while os.read(0, 4096): pass
    os._exit(70)
request = json.loads(sys.stdin.readline())
threading.Thread(target=end_with_parent, daemon=True).start()
send(type="libraries", versions={"harness": "x", "libraries": {}}, device="cpu")
send(type="progress", step="scoring", done=0, total=2)
while not os.path.exists("/rows/go"): time.sleep(0.02)
if os.path.exists("/rows/link"): os.symlink("/etc/hostname", "/rows/suite")
send(type="result", seconds=1, largest_batch=1)
os._exit(0)
`;

/** A way to the host's engine that can be cut, as a restart of the engine cuts it. */
class Relay {
  readonly socket: string;
  readonly #open = new Set<Socket>();
  #hangs = false;
  readonly #server = createServer({ allowHalfOpen: true }, here => {
    if (this.#hangs) {
      this.#open.add(here);
      return;
    }
    const there = connect({ path: SOCKET, allowHalfOpen: true });
    for (const [one, other] of [
      [here, there],
      [there, here],
    ] as const) {
      this.#open.add(one);
      one.on('error', () => undefined);
      one.on('close', () => void this.#open.delete(one));
      one.on('end', () => other.end());
      one.pipe(other, { end: false });
    }
  });

  constructor(folder: string) {
    this.socket = join(folder, 'engine.sock');
  }

  async start(): Promise<void> {
    await once(this.#server.listen(this.socket), 'listening');
  }

  /** What is said on either side is heard no more, as of an engine that hangs. */
  hang(): void {
    for (const socket of this.#open) socket.pause().unpipe();
    this.#hangs = true;
  }

  async cut(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }
}

describe.skipIf(dockerLack)(needsDocker('a scorer whose container ends in the middle'), () => {
  let folder: string;
  const rows = () => join(folder, 'rows');
  const containers = (...more: string[]) =>
    docker('ps', '--quiet', '--filter', `label=mlrb.home=${homeLabel(folder)}`, ...more);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mlrb-scorer-ends-'));
    for (const name of ['model', 'scorer']) await mkdir(join(folder, name));
    await writeFile(join(folder, 'scorer', 'score.py'), PROGRAM);
  });
  beforeEach(() => rm(rows(), { recursive: true, force: true }));
  afterAll(() => rm(folder, { recursive: true }));

  /** Scores by the engine at this socket; what comes of it, and the word that it is at it. */
  function score(socket = SOCKET) {
    let begun: () => void = () => undefined;
    const begins = new Promise<void>(resolve => {
      begun = resolve;
    });
    const answer = runScorer(
      {
        model_folder: join(folder, 'model'),
        architecture: 'causal',
        suites: [],
        text_path: null,
        scratch: join(folder, 'scratch'),
        rows_folder: rows(),
        device: 'cpu',
        memory_bytes: 200e6,
        seed: 1,
      },
      {
        signal: new AbortController().signal,
        python: 'unused',
        script: join(folder, 'scorer', 'score.py'),
        logPath: join(folder, 'log'),
        timeLimitS: 600,
        onProgress: ({ step }) => step === 'scoring' && begun(),
        start: dockerScorer({ socket, image: async () => TEST_IMAGE, home: folder }),
      },
    );
    answer.catch(() => undefined);
    return { answer, isScoring: Promise.race([begins, answer]) };
  }

  const letItEnd = () => writeFile(join(rows(), 'go'), '');

  async function expectScoredAgain(): Promise<void> {
    const again = score();
    await again.isScoring;
    await letItEnd();
    expect(await again.answer).toMatchObject({ result: { largest_batch: 1 } });
    expect(containers('--all')).toBe('');
  }

  test.each([['kill'], ['stop', '--time=0'], ['rm', '--force']])(
    'by docker %s is a fault of ours in one sentence, and scoring again gives a result',
    async (...command) => {
      const { answer, isScoring } = score();
      await isScoring;
      docker(...command, containers());
      await expect(answer).rejects.toBeInstanceOf(ConfigError);
      await expect(answer).rejects.toThrow(/^The scoring process was ended from outside by SIG(KILL|TERM)\./);
      expect(containers('--all')).toBe('');
      await expectScoredAgain();
    },
  );

  test('because the engine went away is said, and the scorer does not go on unseen', async () => {
    const relay = new Relay(folder);
    await relay.start();
    const { answer, isScoring } = score(relay.socket);
    await isScoring;
    await relay.cut();
    await expect(answer).rejects.toBeInstanceOf(ConfigError);
    await expect(answer).rejects.toThrow('Docker lost sight of the scoring container. Evaluate again.');
    await vi.waitFor(() => expect(containers()).toBe(''), 30_000);
    docker('rm', '--force', containers('--all'));
    await expectScoredAgain();
  });

  /** A program that says a word after so many seconds. */
  const slow = (engine: DockerEngine, seconds: number) =>
    startContained(
      engine,
      {
        image: TEST_IMAGE,
        argv: ['python3', '-c', `import time; time.sleep(${seconds}); print("scored")`],
        environment: {},
        user: agentUser(),
        labels: { [HOME_LABEL]: homeLabel(folder) },
        mounts: [],
        memoryFolders: {},
        memoryBytes: 200e6,
        diskBytes: 1e6,
        deviceRequests: [],
      },
      '',
    );

  test('after longer than an engine may be silent is seen: it says nothing as long as the program runs', async () => {
    const limitMs = 5000;
    const { ended, stdout } = await slow(new DockerEngine(SOCKET, limitMs), limitMs / 1000 + 3);
    expect(await text(stdout)).toBe('scored\n');
    expect(await ended).toEqual({ exitCode: 0, isOutOfMemory: false, writeFault: null });
    expect(containers('--all')).toBe('');
  });

  test('is not waited for where the engine hangs and the container should be ended', async () => {
    const relay = new Relay(folder);
    await relay.start();
    const { ended, kill, stdout } = await slow(new DockerEngine(relay.socket, 3000), 1000);
    relay.hang();
    kill();
    expect(await text(stdout)).toBe('');
    await expect(ended).rejects.toThrow('Docker lost sight of the scoring container. Evaluate again.');
    await relay.cut();
    docker('rm', '--force', containers());
  });

  test('because of what it wrote names what to look at, and scoring again begins anew', async () => {
    const { answer, isScoring } = score();
    await isScoring;
    await writeFile(join(rows(), 'link'), '');
    await letItEnd();
    await expect(answer).rejects.toBeInstanceOf(ConfigError);
    await expect(answer).rejects.toThrow(
      /^Scoring was stopped because it wrote what is no file of rows: the submission may have .* Look at it and at the log \S+ before you evaluate again\.$/,
    );
    await expectScoredAgain();
  });
});
