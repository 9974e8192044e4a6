import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { ConfigError, LimitError } from '../../src/errors.js';
import { dockerScorer } from '../../src/eval/docker-scorer.js';
import type { ScorerRequest } from '../../src/eval/scorer-request.js';
import { DockerBackend } from '../../src/sandbox/docker/docker-backend.js';
import { DockerEngine } from '../../src/sandbox/docker/docker-engine.js';
import { listLeases } from '../../src/sandbox/docker/gpu-lease.js';
import type { GpuHost } from '../../src/sandbox/docker/gpus.js';
import { homeLabel } from '../../src/sandbox/docker/run-container.js';
import { makeRun } from '../contract/sandbox.js';
import { docker, dockerLack, needsDocker, SOCKET, TEST_IMAGE } from '../helpers/docker.js';

/** Containers are real; the devices are names that nothing stands behind. */
const devices: readonly [string, string] = [`GPU-eval-${process.pid}-a`, `GPU-eval-${process.pid}-b`];
const host = (...names: string[]): GpuHost => ({
  inventory: async () => names,
  requests: () => [],
  memoryUsed: async () => ({}),
});
const engine = new DockerEngine(SOCKET);

/** Says what it was told to score on, and ends when its file of rows is there. */
const PROGRAM = `
import json, os, sys, time
request = json.loads(sys.stdin.readline())
os.write(3, (json.dumps([request["device"], os.environ.get("CUDA_VISIBLE_DEVICES")]) + "\\n").encode())
while not os.path.exists("/rows/go"): time.sleep(0.02)
`;

describe.skipIf(dockerLack)(needsDocker('an evaluation on a host with two GPUs'), () => {
  let folder: string;
  const started: Evaluation[] = [];
  const gpus = host(...devices);
  const run = () =>
    makeRun(new DockerBackend({ socket: SOCKET, image: async () => TEST_IMAGE, home: folder, gpus }), {
      gpus: 1,
    });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mlrb-eval-gpu-'));
    for (const name of ['model', 'scorer']) await mkdir(join(folder, name));
    await writeFile(join(folder, 'scorer', 'score.py'), PROGRAM);
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map(each => each.stop()));
  });
  afterAll(() => rm(folder, { recursive: true }));

  interface Evaluation {
    /** What it was told to score on, and what of CUDA it is shown. */
    readonly told: Promise<unknown>;
    readonly steps: string[];
    /** Lets it come to its end. */
    finish(): Promise<void>;
    stop(): Promise<void>;
  }

  function evaluate(device: string, on: GpuHost = gpus): Evaluation {
    const rows = join(folder, `rows-${crypto.randomUUID()}`);
    const request: ScorerRequest = {
      model_folder: join(folder, 'model'),
      architecture: 'causal',
      suites: [],
      text_path: null,
      scratch: join(folder, 'scratch'),
      rows_folder: rows,
      device,
      memory_bytes: 200e6,
      seed: 1,
    };
    const steps: string[] = [];
    const ending = new AbortController();
    const start = dockerScorer({ socket: SOCKET, image: async () => TEST_IMAGE, home: folder, gpus: on });
    const scorer = start(request, {
      python: 'unused',
      script: join(folder, 'scorer', 'score.py'),
      logPath: join(folder, 'log'),
      timeLimitS: 3600,
      onProgress: ({ step }) => steps.push(step),
      signal: ending.signal,
    });
    const told = scorer.then(async ({ lines }) => {
      for await (const line of lines) return JSON.parse(String(line)) as unknown;
      throw new Error('it said nothing');
    });
    told.catch(() => undefined);
    const finish = async () => {
      await writeFile(join(rows, 'go'), '');
      await (await scorer).ended;
    };
    const stop = async () => {
      ending.abort();
      const running = await scorer.catch(() => undefined);
      running?.kill();
      await running?.ended.catch(() => undefined);
    };
    const evaluation = { told, steps, finish, stop };
    started.push(evaluation);
    return evaluation;
  }

  /** Of these devices: other tests have others at the same time. */
  const held = async () => {
    const all = (await listLeases(engine)).flatMap(lease => lease.devices).sort();
    return all.filter(device => devices.some(own => own === device));
  };
  const untilWaiting = (evaluation: Evaluation) =>
    vi.waitFor(
      () => expect(evaluation.steps).toContainEqual(expect.stringMatching(/^waiting for a GPU/)),
      30_000,
    );

  test.each(['auto', 'cuda'])(
    'holds a free one where the setting is %s, and runs see it as taken',
    async wish => {
      await using first = await run();
      const evaluation = evaluate(wish);
      expect(await evaluation.told).toEqual([wish === 'auto' ? 'auto' : 'cuda:0', null]);
      expect(await held()).toEqual([...devices]);
      const refused = run();
      await expect(refused).rejects.toBeInstanceOf(LimitError);
      await expect(refused).rejects.toThrow(/an evaluation holds 1, until 20\d\d-.* UTC at the latest/);
      await evaluation.finish();
      await using second = await run();
      expect(second.spec.run_id).not.toBe(first.spec.run_id);
    },
  );

  test('waits for the very one that the setting names while a run holds it', async () => {
    await using first = await run();
    const [name = ''] = await held();
    const evaluation = evaluate(`cuda:${devices.indexOf(name)}`);
    await untilWaiting(evaluation);
    expect(await held()).toEqual([name]); // the other one, which is free, would not do
    docker('kill', `mlrb-${first.spec.run_id}`);
    expect(await evaluation.told).toEqual(['cuda:0', null]);
    expect(await held()).toEqual([name]);
  });

  test('waits rather than to score on the processor while others hold all, and can be stopped meanwhile', async () => {
    await using _one = await run();
    await using _two = await run();
    const evaluation = evaluate('auto');
    await untilWaiting(evaluation);
    await evaluation.stop();
    await expect(evaluation.told).rejects.toMatchObject({ name: 'AbortError' });
    expect(docker('ps', '--all', '--quiet', '--filter', 'label=mlrb.scorer', ...ofThisHome())).toBe('');
  });

  test('never shares one with another that begins at the same moment', async () => {
    const one = host(devices[0]);
    const all = Array.from({ length: 3 }, () => evaluate('auto', one));
    while (all.length > 0) {
      const begun = await Promise.race(all.map(each => each.told.then(() => each)));
      const running = docker('ps', '--quiet', '--filter', 'status=running', ...ofThisHome());
      expect(running.split('\n')).toHaveLength(1);
      all.splice(all.indexOf(begun), 1);
      await begun.finish();
    }
    expect(await held()).toEqual([]);
  });

  test('is told in one sentence that there is no such GPU, and needs none on a host without', async () => {
    const none = evaluate('auto', host());
    expect(await none.told).toEqual(['cpu', '']);
    expect(await held()).toEqual([]);
    const missing = evaluate('cuda:2').told;
    await expect(missing).rejects.toBeInstanceOf(ConfigError);
    await expect(missing).rejects.toThrow(
      'The setting evaluation.device is "cuda:2", but this host has GPUs up to cuda:1 only. Set it to auto or cpu.',
    );
    await expect(evaluate('cuda', host()).told).rejects.toThrow(/but this host has no GPU\. Set it to/);
    expect(existsSync(join(folder, 'scratch'))).toBe(false);
  });

  function ofThisHome(): string[] {
    return ['--filter', `label=mlrb.home=${homeLabel(folder)}`];
  }
});
