import { createWriteStream } from 'node:fs';
import { chown, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Transform } from 'node:stream';
import { execa } from 'execa';
import { agentUser } from '../sandbox/docker/agent-user.js';
import { CONTAINED_CPUS, startContained } from '../sandbox/docker/contained-process.js';
import { DockerEngine } from '../sandbox/docker/docker-engine.js';
import { type GpuHost, nvidiaGpus } from '../sandbox/docker/gpus.js';
import {
  GPUS_LABEL,
  HOME_LABEL,
  homeLabel,
  SCORER_LABEL,
  UNTIL_LABEL,
} from '../sandbox/docker/run-container.js';
import { requestLine, type StartScorer, scorerEnvironment } from './scorer-process.js';
import type { ScorerRequest, SuiteRequest } from './scorer-request.js';
import { onFreeDevice } from './scoring-device.js';

export interface DockerScorerOptions {
  /** Path of the engine's socket. */
  readonly socket: string;
  readonly image: () => Promise<string>;
  readonly home: string;
  /** Tests bring their own; NVIDIA's where absent. */
  readonly gpus?: GpuHost;
}

/** Where the scorer finds things in its container. */
const INSIDE = {
  program: '/scorer',
  model: '/submission',
  evaluation: '/evaluation',
  rows: '/rows',
  text: '/text.txt',
  scratch: '/scratch',
} as const;

/** Beyond what the scorer limits itself to: the interpreter, and pages that are shared. */
const MEMORY_MARGIN_BYTES = 500e6;
/** Links to the weights, and what the libraries keep of the rows that are asked. */
const SCRATCH_BYTES = 1e9;
/** The rows of the largest suites take a tenth. */
const ROWS_BYTES = 1e9;
/** What a scorer says on one of its streams; what is more is dropped. */
const SAID_BYTES = 50e6;

/**
 * A scorer in a container of its own: no network, a read-only image, submission and data read-only, another user than root, limits on
 * memory and processors that the kernel keeps, and of this host's disk nothing but the folder of its rows, which is watched.
 */
export function dockerScorer({ socket, image, home, gpus = nvidiaGpus }: DockerScorerOptions): StartScorer {
  return async (request, { script, logPath, timeLimitS, onProgress, signal }) => {
    const engine = new DockerEngine(socket);
    const user = agentUser();
    await giveFolder(request.rows_folder, user);
    const program = { image: await image(), user, ...whatRuns(request, script) };
    const scorer = await onFreeDevice(
      request.device,
      {
        engine,
        gpus,
        image: program.image,
        home,
        signal,
        onWait: seconds => onProgress(waitingForGpu(seconds)),
      },
      ({ devices, inside, beforeStart }) =>
        startContained(
          engine,
          {
            ...program,
            environment: environmentOn(inside),
            labels: {
              [HOME_LABEL]: homeLabel(home),
              [SCORER_LABEL]: String(process.pid),
              ...leaseLabels(devices, timeLimitS),
            },
            deviceRequests: gpus.requests(devices),
          },
          requestLine(requestInside(request, inside)),
          beforeStart,
        ),
    );
    scorer.stderr.pipe(firstBytes(SAID_BYTES)).pipe(createWriteStream(logPath, { flags: 'a' }));
    const ended = scorer.ended.then(async end => {
      if (end.writeFault !== null && end.writeFault !== 'disk_nearly_full') await forget(request.rows_folder);
      return end;
    });
    ended.catch(() => undefined);
    const said = scorer.stdout.pipe(firstBytes(SAID_BYTES));
    return { kill: scorer.kill, lines: createInterface({ input: said }), ended };
  };
}

function whatRuns(request: ScorerRequest, script: string) {
  // What the scorer says comes on descriptor 3: here that is the container's standard output.
  const start = 'mkdir -p "$TMPDIR" "$HF_HOME"; exec 3>&1 1>&2; exec "$@"';
  return {
    argv: ['sh', '-c', start, 'sh', 'python3', '-I', '-B', '-u', scriptInside(script)],
    mounts: mountsFor(request, script),
    memoryFolders: { '/tmp': SCRATCH_BYTES, [INSIDE.scratch]: SCRATCH_BYTES },
    memoryBytes: request.memory_bytes + SCRATCH_BYTES + MEMORY_MARGIN_BYTES,
    diskBytes: ROWS_BYTES,
  };
}

function environmentOn(device: string): Record<string, string> {
  return {
    ...scorerEnvironment({ scratch: INSIDE.scratch, device }),
    OMP_NUM_THREADS: String(CONTAINED_CPUS), // more would wait for one another
  };
}

function waitingForGpu(seconds: number) {
  return {
    step: 'waiting for a GPU that neither a run nor another evaluation holds',
    done: Math.round(seconds),
    total: 0,
  };
}

/** By them runs and other evaluations see which devices this one holds, and until when at the latest. */
function leaseLabels(devices: readonly string[], timeLimitS: number): Record<string, string> {
  if (devices.length === 0) return {};
  const until = new Date(Date.now() + timeLimitS * 1000).toISOString();
  return { [GPUS_LABEL]: devices.join(','), [UNTIL_LABEL]: until };
}

/** Passes so much on and drops the rest, so that who speaks is never kept waiting. */
function firstBytes(bytes: number): Transform {
  let left = bytes;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const passed = chunk.subarray(0, left);
      left -= passed.length;
      done(null, passed);
    },
  });
}

/** Rows that were not written as a scorer writes them: the next one begins anew. They may lie deeper than a path can say, or be hidden. */
async function forget(rowsFolder: string): Promise<void> {
  await execa('chmod', ['-R', 'u+rwX', rowsFolder], { reject: false });
  await execa('rm', ['-rf', rowsFolder], { reject: false });
}

async function giveFolder(folder: string, { uid, gid }: { uid: number; gid: number }): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (process.getuid?.() === 0) await chown(folder, uid, gid);
}

function mountsFor(request: ScorerRequest, script: string) {
  return [
    [dirname(script), INSIDE.program, 'read'] as const,
    [request.model_folder, INSIDE.model, 'read'] as const,
    ...dataFolders(request).map((folder, at) => [folder, folderInside(at), 'read'] as const),
    [request.rows_folder, INSIDE.rows, 'write'] as const,
    ...(request.text_path === null ? [] : [[request.text_path, INSIDE.text, 'read'] as const]),
  ];
}

function requestInside(request: ScorerRequest, device: string): ScorerRequest {
  return {
    ...request,
    model_folder: INSIDE.model,
    suites: request.suites.map(suite => suiteInside(suite, dataFolders(request))),
    text_path: request.text_path === null ? null : INSIDE.text,
    scratch: INSIDE.scratch,
    rows_folder: INSIDE.rows,
    device,
  };
}

/** The folders that the suites read, each once. */
function dataFolders({ suites }: ScorerRequest): string[] {
  const folders = suites.flatMap(suite =>
    suite.suite === 'bits_per_byte' ? suite.texts.map(({ folder }) => folder) : [suite.folder],
  );
  return [...new Set(folders)];
}

function folderInside(at: number): string {
  return join(INSIDE.evaluation, String(at));
}

function suiteInside(suite: SuiteRequest, folders: readonly string[]): SuiteRequest {
  const inside = <T extends { readonly folder: string }>(one: T): T => ({
    ...one,
    folder: folderInside(folders.indexOf(one.folder)),
  });
  return suite.suite === 'bits_per_byte' ? { ...suite, texts: suite.texts.map(inside) } : inside(suite);
}

function scriptInside(script: string): string {
  return join(INSIDE.program, basename(script));
}
